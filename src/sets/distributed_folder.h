// DistributedFolder: what torch.distributed.checkpoint saves: a file of metadata, and files with
// checkpoints side by side, one for each value or chunk of a tensor. Its value is the dict that was
// saved, each tensor put together from its chunks.
#pragma once

#include <optional>
#include <vector>

#include "container/container.h"
#include "sets/distributed_metadata.h"

namespace safe_load::sets {

class DistributedFolder final : public container::Container {
 public:
  // `files`: those that the metadata name, each with its path below the folder.
  DistributedFolder(container::Slice metadata, std::vector<container::Slice> files,
                    const OpenOptions& options, std::uint64_t reach)
      : container::Container(std::move(metadata), options),
        files_(std::move(files)),
        reach_(reach) {}

  container::Outcome<void> read(container::Pickles& pickles) override;
  container::Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                           const container::Pickles& pickles) override;
  bool wants_more() const override;
  void verify(const Report& report) const override;

 private:
  using Item = DistributedMetadata::Item;
  using Chunk = DistributedMetadata::Chunk;

  void check_ranges();
  container::Slice slice_of_chunk(const Chunk& chunk) const;
  void tell_chunks() const;
  container::Outcome<void> open_chunks(const Item& item,
                                       std::vector<container::ContainerPtr>& chunks,
                                       container::Pickles& pickles);
  container::Outcome<pickle::NodeId> build_item(const Item& item,
                                                std::vector<container::ContainerPtr>& chunks,
                                                torch::TensorInterpreter& interpreter,
                                                const container::Pickles& pickles);

  std::vector<container::Slice> files_;
  std::uint64_t reach_;
  DistributedMetadata metadata_;
  std::vector<std::vector<container::ContainerPtr>> chunks_;  // by item
};

}  // namespace safe_load::sets
