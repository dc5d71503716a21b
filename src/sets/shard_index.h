// ShardIndex: which file of a sharded set holds which tensor, as the set's JSON index says:
// {"weight_map": {"name": "model-00001-of-00002.safetensors", ...}}. docs/format/sets.md has the
// rules.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "safe_load/result.h"

namespace safe_load::sets {

struct ShardIndex {
  struct Row {
    std::string name;  // of the tensor
    std::uint32_t shard = 0;
  };
  std::vector<std::string> shards;  // file names, sorted; no paths
  std::vector<Row> rows;            // in the order of the index
};

// kUnsupported if it is JSON of another kind.
Result<ShardIndex> read_shard_index(std::string_view text);

}  // namespace safe_load::sets
