#include "formats/bare_pickle.h"

#include <algorithm>

#include "torch/legacy_pickles.h"

namespace safe_load::formats {

using container::Failure;
using container::Outcome;
using container::Pickles;
using container::Slice;

using pickle::NodeId;

namespace {

// joblib.dump writes the bytes of arrays between the opcodes, behind objects of this class.
bool holds_raw_arrays(const pickle::SymbolTable& symbols) {
  for (std::uint32_t i = 0; i < symbols.size(); ++i)
    if (symbols[i].is("joblib.numpy_pickle", "NumpyArrayWrapper")) return true;
  return false;
}

Failure raw_arrays(const Slice& slice) {
  Failure failure(Error(ErrorCode::kUnsupported, "a file of joblib"), slice.name);
  failure.message =
      "a file of joblib: the bytes of its arrays lie between the opcodes of the pickle "
      "(joblib.numpy_pickle.NumpyArrayWrapper)";
  failure.hint = "save the arrays with numpy.savez or the tensors with torch.save";
  return failure;
}

}  // namespace

Outcome<void> BarePickle::read(Pickles& pickles) {
  info_.format = Format::kPickle;
  pickle_ = pickles.add(slice_, reach_);
  return {};
}

Outcome<NodeId> BarePickle::build(torch::TensorInterpreter& interpreter, const Pickles& pickles) {
  torch::PersistentIds& ids =
      interpreter.tape().is_lenient() ? static_cast<torch::PersistentIds&>(lenient_ids_) : ids_;
  const auto built = run(interpreter, pickles.program(pickle_), ids, slice_.name, slice_.shift);
  if (holds_raw_arrays(interpreter.tape().symbols())) return raw_arrays(slice_);
  if (!built) {
    wants_more_ = built.error().error.code() == ErrorCode::kTruncated && reach_ < slice_.size;
    return built.error();
  }
  // In another spelling than recognise() could see.
  if (torch::is_magic_number(interpreter.tape(), built->root))
    return Failure(Error(ErrorCode::kAmbiguous,
                         "a pickle of torch's magic number, behind which torch would read on"),
                   slice_.name);
  info_.pickle_bytes = built->end;
  info_.record_count = 1;
  note_rest(slice_.behind(built->end), "the pickle");
  return NodeId{built->root};
}

}  // namespace safe_load::formats
