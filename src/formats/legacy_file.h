// LegacyFile: torch.save before torch 1.6: five pickles in a row, then the bytes of the storages.
#pragma once

#include <optional>

#include "container/container.h"
#include "torch/legacy_storages.h"

namespace safe_load::formats {

class LegacyFile final : public container::Container {
 public:
  // Nothing tells where the pickles end: the first `reach` bytes are read, and more if need be.
  LegacyFile(container::Slice slice, const OpenOptions& options, std::uint64_t reach)
      : container::Container(std::move(slice), options), reach_(reach) {}

  container::Outcome<void> read(container::Pickles& pickles) override;
  container::Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                           const container::Pickles& pickles) override;
  bool wants_more() const override { return wants_more_; }

 private:
  std::uint64_t reach_;
  std::size_t pickles_ = 0;
  std::optional<torch::LegacyStorages> ids_;
  bool wants_more_ = false;
};

}  // namespace safe_load::formats
