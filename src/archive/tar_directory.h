// TarDirectory: the members of a tar archive, from their headers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/source.h"
#include "safe_load/result.h"

namespace safe_load::archive {

// Headers and data are whole blocks of so many bytes.
inline constexpr std::size_t kTarBlock = 512;

// A regular file; its data lies in the source.
struct TarMember {
  std::string name;  // bytes, never a path
  std::uint64_t data_offset = 0;
  std::uint64_t size = 0;
};

// Whether a block of 512 bytes is the header of a member: its checksum holds.
bool is_tar_header(base::Bytes block);

// Whether Python's tarfile could take a block for a header: it adds bytes up with and without their
// sign, and reads numbers as int() does.
bool could_be_tar_header(base::Bytes block);

// Rules T1 and T7 of docs/format/containers.md: ustar, pax (path and size), GNU long names, sizes
// in octal or base 256. Links, devices and folders are left out. Errors carry the offset of a
// header. kTruncated: a member is cut off.
Result<std::vector<TarMember>> read_tar(const Source& source);

// All that can be said of an archive.
struct TarContent {
  std::vector<TarMember> members;
  std::uint64_t end = 0;  // where the zeros begin that mark it
  // Links, devices and pipes, which Python's tarfile makes, or files with holes.
  bool has_others = false;
};
Result<TarContent> read_tar_content(const Source& source);

}  // namespace safe_load::archive
