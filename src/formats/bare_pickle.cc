#include "formats/bare_pickle.h"

#include <string>

#include "formats/joblib_arrays.h"
#include "torch/legacy_pickles.h"

namespace safe_load::formats {

using container::Failure;
using container::Outcome;
using container::Pickles;
using container::Slice;

using pickle::NodeId;

namespace {

// joblib before 0.10 kept each array in a file of its own.
bool has_arrays_beside(const pickle::SymbolTable& symbols) {
  for (std::uint32_t i = 0; i < symbols.size(); ++i)
    for (const std::string_view module :
         {"joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle"})
      if (symbols[i].is(module, "NDArrayWrapper") || symbols[i].is(module, "ZNDArrayWrapper"))
        return true;
  return false;
}

Failure arrays_beside(const Slice& slice) {
  Failure failure(Error(ErrorCode::kUnsupported, "a file of joblib before 0.10"), slice.name);
  failure.message = "a file of joblib before 0.10: its arrays lie in files beside it (x_01.npy)";
  failure.hint =
      "open those files, which are arrays of NumPy, or ask for the file as joblib saves it now";
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
  pickle::Program program = pickles.program(pickle_);
  JoblibArrays arrays(options().limits);
  if (reader_ == PickleReader::kJoblib) program.reader = &arrays;
  const auto built = run(interpreter, program, ids, slice_.name, slice_.shift);
  stream_arrays_ = arrays.found();
  if (!built) {
    wants_more_ = built.error().error.code() == ErrorCode::kTruncated && reach_ < slice_.size;
    return built.error();
  }
  if (!interpreter.tape().is_lenient() && has_arrays_beside(interpreter.tape().symbols()))
    return arrays_beside(slice_);
  if (const std::size_t count = stream_arrays_.objects.size(); count != 0)
    info_.notes.push_back("written by joblib: " + std::to_string(count) +
                          " arrays stand between the opcodes");
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
