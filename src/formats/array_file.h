// ArrayFile: what numpy.save wrote: a header that describes an array, and its bytes; for objects a
// pickle of the whole array.
#pragma once

#include "container/container.h"

namespace safe_load::formats {

class ArrayFile final : public container::Container {
 public:
  ArrayFile(container::Slice slice, const OpenOptions& options)
      : container::Container(std::move(slice), options) {
    info_.format = Format::kNpy;
  }

  container::Outcome<void> read(container::Pickles& pickles) override;
  container::Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                           const container::Pickles& pickles) override;

 private:
  Result<pickle::NodeId> add_array(torch::TensorInterpreter& interpreter,
                                   const types::Interpreter::FileArray& header,
                                   const pickle::Program& data);

  std::size_t content_ = 0;
  torch::NoPersistentIds ids_;
};

}  // namespace safe_load::formats
