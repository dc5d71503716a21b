// DistributedMetadata: the file `.metadata` of a folder that torch.distributed.checkpoint wrote:
// which values it holds, and in which bytes of which files their chunks are. docs/format/sets.md
// has the rules. Source: torch/distributed/checkpoint/metadata.py.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "container/value_tree.h"
#include "safe_load/dtype.h"
#include "safe_load/limits.h"
#include "safe_load/result.h"

namespace safe_load::sets {

struct DistributedMetadata {
  struct Chunk {
    std::uint32_t file = 0;  // of `files`
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    std::vector<std::int64_t> offsets;  // in the tensor
    std::vector<std::int64_t> sizes;
  };
  struct Item {
    std::string name;
    container::ValueTree::Path path;
    bool is_tensor = false;
    DType dtype = DType::kUint8;
    std::vector<std::int64_t> sizes;
    std::vector<Chunk> chunks;   // of a value that is not a tensor: one, without a place
    std::optional<Error> error;  // why it cannot be had although the rest can
  };

  std::vector<std::string> files;  // below the folder, "/" between components
  std::vector<Item> items;         // in the order of the metadata
  std::string version;             // "" in older ones
};

Result<DistributedMetadata> read_distributed_metadata(base::Bytes pickle, const Limits& limits);

}  // namespace safe_load::sets
