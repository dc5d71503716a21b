#include "sets/shard_index.h"

#include <algorithm>

#include "base/text.h"
#include "base/try.h"
#include "json/fields.h"
#include "json/reader.h"

namespace safe_load::sets {

using json::Json;

Result<ShardIndex> read_shard_index(std::string_view text) {
  SAFE_LOAD_TRY_ASSIGN(const Json index, json::read(text));
  const Json* const map = index.find("weight_map");
  if (map == nullptr || map->object() == nullptr)
    return Error(ErrorCode::kUnsupported, "a JSON file that is not an index of a sharded set");
  ShardIndex result;
  for (const auto& [name, file] : *map->object()) {
    const std::string_view shard = json::text_of(&file);
    if (!base::is_file_name(shard))
      return Error(ErrorCode::kCorrupt, "an index that names a path, not a file beside it")
          .about(shard);
    result.shards.emplace_back(shard);
  }
  std::sort(result.shards.begin(), result.shards.end());
  result.shards.erase(std::unique(result.shards.begin(), result.shards.end()), result.shards.end());
  for (const auto& [name, file] : *map->object()) {
    const auto place =
        std::lower_bound(result.shards.begin(), result.shards.end(), json::text_of(&file));
    result.rows.push_back({name, static_cast<std::uint32_t>(place - result.shards.begin())});
  }
  return result;
}

}  // namespace safe_load::sets
