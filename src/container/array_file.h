// ArrayFile: what numpy.save wrote: a header that describes an array, and its bytes; for objects a
// pickle of the whole array.
#pragma once

#include "container/container.h"

namespace safe_load::container {

class ArrayFile final : public Container {
 public:
  ArrayFile(Slice slice, const OpenOptions& options) : Container(std::move(slice), options) {
    info_.format = Format::kNpy;
  }

  Outcome<void> read(Pickles& pickles) override;
  Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                const Pickles& pickles) override;

 private:
  Result<pickle::NodeId> add_array(torch::TensorInterpreter& interpreter,
                                   const types::Interpreter::FileArray& header,
                                   const pickle::Program& data);

  std::size_t content_ = 0;
  torch::NoPersistentIds ids_;
};

}  // namespace safe_load::container
