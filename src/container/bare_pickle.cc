#include "container/bare_pickle.h"

#include <algorithm>

namespace safe_load::container {

using pickle::NodeId;

Outcome<void> BarePickle::read(Pickles& pickles) {
  info_.format = "pickle";
  pickle_ =
      pickles.add(slice_.name, std::min(reach_, slice_.size), [this](std::span<std::byte> into) {
        const Status read = slice_.part().read_at(0, into);
        return read ? Outcome<void>() : Failure(read.error(), slice_.name);
      });
  return {};
}

Outcome<NodeId> BarePickle::build(torch::TensorInterpreter& interpreter, const Pickles& pickles) {
  const auto built = run(interpreter, pickles.program(pickle_), ids_, slice_.name, 0);
  if (!built) {
    wants_more_ = built.error().error.code() == ErrorCode::kTruncated && reach_ < slice_.size;
    return built.error();
  }
  info_.pickle_bytes = built->end;
  info_.record_count = 1;
  note_rest(slice_.size - built->end, "the pickle");
  return NodeId{built->root};
}

}  // namespace safe_load::container
