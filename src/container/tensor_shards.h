// TensorShards: safetensors files that each hold pieces of tensors, as torch.distributed.checkpoint
// writes them for Hugging Face. Their metadata tell where each piece stands. Its value is one dict.
// Source: torch/distributed/checkpoint/hf_storage.py.
#pragma once

#include <vector>

#include "container/safetensors_file.h"

namespace safe_load::container {

class TensorShards final : public Container {
 public:
  TensorShards(std::vector<Slice> shards, const OpenOptions& options);

  Outcome<void> read(Pickles& pickles) override;
  Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                const Pickles& pickles) override;

 private:
  std::vector<std::unique_ptr<SafetensorsFile>> shards_;
};

}  // namespace safe_load::container
