// BarePickle: what pickle.dump wrote, or joblib.dump. Its tensors are checkpoints inside the
// pickle.
#pragma once

#include "container/container.h"

namespace safe_load::formats {

// Who reads it: pickle takes the bytes of arrays for opcodes, which joblib reads from the stream.
enum class PickleReader : std::uint8_t { kJoblib, kPickle };

class BarePickle final : public container::Container {
 public:
  // Of a pickle with something behind it the first `reach` bytes are read, and more if need be.
  BarePickle(container::Slice slice, const OpenOptions& options, std::uint64_t reach,
             PickleReader reader = PickleReader::kJoblib)
      : container::Container(std::move(slice), options), reader_(reader), reach_(reach) {}

  container::Outcome<void> read(container::Pickles& pickles) override;
  container::Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                           const container::Pickles& pickles) override;
  bool wants_more() const override { return wants_more_; }

 private:
  PickleReader reader_;
  std::uint64_t reach_;
  std::size_t pickle_ = 0;
  torch::NoPersistentIds ids_;
  torch::StoragesElsewhere lenient_ids_;
  bool wants_more_ = false;
};

}  // namespace safe_load::formats
