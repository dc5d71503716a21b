// ZipDirectory: the central directory of a zip file, read strictly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/source.h"
#include "base/text_index.h"
#include "safe_load/limits.h"
#include "safe_load/result.h"

namespace safe_load::archive {

enum class Method : std::uint16_t { kStored = 0, kDeflated = 8 };

// One entry as the central directory states it. Its range lies in the file, before the directory,
// and overlaps no other entry's; its local header is not looked at yet (see zip_member.h).
struct ZipEntry {
  std::string_view name;  // bytes, never a path
  std::uint64_t compressed_size = 0;
  std::uint64_t size = 0;
  std::uint64_t local_offset = 0;
  std::uint64_t limit = 0;  // where the next entry or the directory begins
  std::uint32_t crc = 0;
  std::uint16_t method = 0;
  std::uint16_t flags = 0;

  bool is_folder() const { return name.ends_with('/') && size == 0; }
};

// Where the end of a directory is looked for.
ByteRange directory_tail(std::uint64_t file_size);

// The rules are Z1 to Z13 of docs/format/zip.md. All offsets in errors are offsets in the source.
class ZipDirectory {
 public:
  static Result<ZipDirectory> read(const Source& source, const Limits& limits);

  ZipDirectory(ZipDirectory&&) = default;
  ZipDirectory& operator=(ZipDirectory&&) = default;

  const std::vector<ZipEntry>& entries() const { return entries_; }
  const ZipEntry* find(std::string_view name) const;
  // The same for a record that torch looks for: torch finds it in small and capital letters alike,
  // so one that is there under other letters only is kAmbiguous. Null if there is none.
  Result<const ZipEntry*> find_record(std::string_view name) const;

  // The same entries as seen from a source of which this one is a part that begins at `offset`.
  void move_by(std::uint64_t offset);

  std::uint64_t directory_bytes() const { return bytes_.size(); }
  std::uint64_t trailing_bytes() const { return trailing_bytes_; }  // behind the end record

 private:
  ZipDirectory() = default;

  Status read_entries(std::uint64_t directory_offset, std::uint64_t count);
  Status index_names();
  Status check_overlap(std::uint64_t directory_offset);
  Result<bool> is_inside_data(const Source& source, std::uint64_t position) const;

  std::vector<std::byte> bytes_;  // the directory itself; names point into it
  std::vector<ZipEntry> entries_;
  base::TextIndex by_name_;
  std::vector<std::pair<std::string, std::uint32_t>> folded_;  // names with capitals, in small ones
  std::uint64_t trailing_bytes_ = 0;
};

}  // namespace safe_load::archive
