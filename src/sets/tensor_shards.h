// TensorShards: safetensors files that each hold pieces of tensors, as torch.distributed.checkpoint
// writes them for Hugging Face. Their metadata tell where each piece stands. Its value is one dict.
// Source: torch/distributed/checkpoint/hf_storage.py.
#pragma once

#include <vector>

#include "formats/safetensors_file.h"

namespace safe_load::sets {

class TensorShards final : public container::Container {
 public:
  TensorShards(std::vector<container::Slice> shards, const OpenOptions& options);

  container::Outcome<void> read(container::Pickles& pickles) override;
  container::Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                           const container::Pickles& pickles) override;

 private:
  std::vector<std::unique_ptr<formats::SafetensorsFile>> shards_;
};

}  // namespace safe_load::sets
