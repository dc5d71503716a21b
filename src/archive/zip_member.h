// ZipMember: where the data of an entry lies, after its local header agreed with the directory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "archive/zip_directory.h"
#include "base/source.h"
#include "safe_load/result.h"

namespace safe_load::archive {

// A member that exists is in bounds: [data_offset, data_offset + compressed_size) lies in the
// source, before the next entry.
struct ZipMember {
  const ZipEntry* entry = nullptr;
  std::uint64_t data_offset = 0;

  Method method() const { return static_cast<Method>(entry->method); }
  bool is_stored() const { return method() == Method::kStored; }
  std::uint64_t size() const { return entry->size; }
};

// Whether the entry can be read at all: its method and flags (rules Z9, Z10).
Status check_readable(const ZipEntry& entry);

// Holds the local header against the directory (rules Z14, Z15).
Result<ZipMember> locate(const Source& source, const ZipEntry& entry);

// The same for many entries, reading neighbouring headers together. `members[i]` belongs to
// `entries[i]`. Stops at the first entry that fails; `failed` tells which.
Result<std::vector<ZipMember>> locate_all(const Source& source,
                                          std::span<const ZipEntry* const> entries,
                                          const ZipEntry*& failed);

// The first bytes of a member as it stands in the file; zeros behind the end of a shorter one.
using DataHead = std::array<std::byte, 8>;

// The same as locate_all(), and what each begins with: most stand where their header was read.
Result<std::vector<ZipMember>> locate_all_with_heads(const Source& source,
                                                     std::span<const ZipEntry* const> entries,
                                                     const ZipEntry*& failed,
                                                     std::vector<DataHead>& heads);

// The header and the data of an entry, as far as the directory tells where they end.
ByteRange record_range(const ZipEntry& entry);

// Fills `into`, whose size is the member's, inflating if need be.
Status read_member(const Source& source, const ZipMember& member, std::span<std::byte> into);

// Whether a member of `compressed` bytes can honestly inflate to `size` (rule Z16).
bool is_plausible_size(std::uint64_t compressed, std::uint64_t size);

// Whether so many bytes behind the data of an entry are the data descriptor that its flags
// announce.
bool is_descriptor_size(const ZipEntry& entry, std::uint64_t size);

// The CRC-32 of the content against the directory's, where 0 means that the writer left it out.
Status check_crc(const ZipEntry& entry, std::uint32_t crc);

}  // namespace safe_load::archive
