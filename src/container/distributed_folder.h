// DistributedFolder: what torch.distributed.checkpoint saves: a file of metadata, and files with
// checkpoints side by side, one for each value or chunk of a tensor. Its value is the dict that was
// saved, each tensor put together from its chunks.
#pragma once

#include <optional>
#include <vector>

#include "container/container.h"
#include "container/distributed_metadata.h"

namespace safe_load::container {

class DistributedFolder final : public Container {
 public:
  // `files`: those that the metadata name, each with its path below the folder.
  DistributedFolder(Slice metadata, std::vector<Slice> files, const OpenOptions& options,
                    std::uint64_t reach)
      : Container(std::move(metadata), options), files_(std::move(files)), reach_(reach) {}

  Outcome<void> read(Pickles& pickles) override;
  Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                const Pickles& pickles) override;
  bool wants_more() const override;
  void verify(const Report& report) const override;

 private:
  using Item = DistributedMetadata::Item;
  using Chunk = DistributedMetadata::Chunk;

  void check_ranges();
  Outcome<void> open_chunks(const Item& item, std::vector<ContainerPtr>& chunks, Pickles& pickles);
  Outcome<pickle::NodeId> build_item(const Item& item, std::vector<ContainerPtr>& chunks,
                                     torch::TensorInterpreter& interpreter, const Pickles& pickles);

  std::vector<Slice> files_;
  std::uint64_t reach_;
  DistributedMetadata metadata_;
  std::vector<std::vector<ContainerPtr>> chunks_;  // by item
};

}  // namespace safe_load::container
