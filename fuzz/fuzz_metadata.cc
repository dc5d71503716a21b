// Promise: whatever the metadata of a distributed checkpoint say, they name only files below their
// folder, and every chunk is a range of one of them.
#include <cstdlib>
#include <span>

#include "container/distributed_metadata.h"

using namespace safe_load;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto metadata =
      container::read_distributed_metadata(std::as_bytes(std::span(data, size)), {});
  if (!metadata) {
    if (metadata.error().reason().empty()) std::abort();
    return 0;
  }
  for (const std::string& file : metadata->files)
    if (file.empty() || file[0] == '/' || file.find("..") == 0 || file.find("/../") != file.npos)
      std::abort();
  for (const auto& item : metadata->items)
    for (const auto& chunk : item.chunks)
      if (chunk.file >= metadata->files.size() || chunk.length > INT64_MAX) std::abort();
  return 0;
}
