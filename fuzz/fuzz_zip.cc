// Promise: whatever the bytes, a directory that was read names only members that lie in the file,
// apart from each other, and reading any of them ends in bytes or an error.
#include <cstdlib>
#include <vector>

#include "archive/zip_directory.h"
#include "archive/zip_member.h"
#include "base/checked.h"

using namespace safe_load;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::MemorySource source(std::as_bytes(std::span(data, size)));
  const auto directory = archive::ZipDirectory::read(source, {});
  if (!directory) return 0;
  for (const archive::ZipEntry& entry : directory->entries()) {
    if (directory->find(entry.name) != &entry) std::abort();
    const auto member = archive::locate(source, entry);
    if (!member) continue;
    if (!base::fits(member->data_offset, entry.compressed_size, size)) std::abort();
    constexpr std::uint64_t kMost = 1 << 20;
    if (entry.size > kMost || !archive::is_plausible_size(entry.compressed_size, entry.size))
      continue;
    std::vector<std::byte> content(static_cast<std::size_t>(entry.size));
    static_cast<void>(archive::read_member(source, *member, content).ok());
  }
  return 0;
}
