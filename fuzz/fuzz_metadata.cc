// Promise: whatever the metadata of a distributed checkpoint say, they name only files below their
// folder, and every chunk is a range of one of them.
#include <cstdlib>
#include <span>
#include <string>

#include "sets/distributed_metadata.h"

using namespace safe_load;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto metadata = sets::read_distributed_metadata(std::as_bytes(std::span(data, size)), {});
  if (!metadata) {
    if (metadata.error().reason().empty()) std::abort();
    return 0;
  }
  for (std::string rest : metadata->files) {
    for (std::size_t slash = 0; slash != rest.npos;) {
      slash = rest.find('/');
      const std::string component = rest.substr(0, slash);
      if (component.empty() || component == "." || component == "..") std::abort();
      rest.erase(0, slash == rest.npos ? slash : slash + 1);
    }
  }
  for (const auto& item : metadata->items)
    for (const auto& chunk : item.chunks)
      if (chunk.file >= metadata->files.size() || chunk.length > INT64_MAX) std::abort();
  return 0;
}
