// Promise: whatever the text, an index names only files beside it, each once, and every tensor of
// it is in one of them.
#include <cstdlib>
#include <span>
#include <string>

#include "base/bytes.h"
#include "sets/shard_index.h"

using namespace safe_load;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto index = sets::read_shard_index(base::as_text(std::as_bytes(std::span(data, size))));
  if (!index) {
    if (index.error().reason().empty()) std::abort();
    return 0;
  }
  std::string last;
  for (const std::string& shard : index->shards) {
    if (shard <= last || shard == "." || shard == "..") std::abort();
    if (shard.find('/') != std::string::npos || shard.find('\\') != std::string::npos) std::abort();
    last = shard;
  }
  for (const auto& row : index->rows)
    if (row.shard >= index->shards.size()) std::abort();
  return 0;
}
