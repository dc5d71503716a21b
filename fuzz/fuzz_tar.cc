// Promise: whatever the bytes, the members of a tar archive lie in it, one behind the other.
#include <cstdlib>

#include "archive/tar_directory.h"
#include "base/checked.h"

using namespace safe_load;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::MemorySource source(std::as_bytes(std::span(data, size)));
  const auto members = archive::read_tar(source);
  if (!members) {
    if (members.error().reason().empty() || members.error().offset() > size) std::abort();
    return 0;
  }
  std::uint64_t end = 0;
  for (const archive::TarMember& member : *members) {
    constexpr std::uint64_t kHeader = 512;
    if (member.data_offset < end + kHeader) std::abort();
    if (!base::fits(member.data_offset, member.size, size)) std::abort();
    end = member.data_offset + member.size;
  }
  return 0;
}
