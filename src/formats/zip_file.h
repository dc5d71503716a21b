// ZipFile: the directory of a zip file and its members, with the checks that belong to all uses.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "archive/zip_directory.h"
#include "archive/zip_member.h"
#include "container/container.h"

namespace safe_load::formats {

class ZipFile {
 public:
  // Reads the directory. Entries are placed as in the slice's `whole`.
  static container::Outcome<ZipFile> open(container::Slice slice, const Limits& limits);

  const container::Slice& slice() const { return slice_; }
  const archive::ZipDirectory& directory() const { return directory_; }

  // Says that these records will be read; those that are null are left out.
  void will_read(std::span<const archive::ZipEntry* const> entries) const;
  // The same of all records, each as a container of its own is looked at.
  void will_read_heads() const;
  // Fills `into`, whose size is the entry's.
  container::Outcome<void> read(const archive::ZipEntry& entry, std::span<std::byte> into) const;
  // Asks for a record. This must outlive the pickles.
  std::size_t add_to(container::Pickles& pickles, const archive::ZipEntry& entry) const;
  // A record that is a word or a number.
  static constexpr std::uint64_t kSmallRecord = 64;
  container::Outcome<std::string> read_small(const archive::ZipEntry& entry) const;
  // Of the record `byteorder`; null: the writer left it out.
  container::Outcome<ByteOrder> read_byte_order(const archive::ZipEntry* entry,
                                                const OpenOptions& options) const;
  // A record as the bytes of a container of its own. What is deflated is inflated into memory.
  container::Outcome<container::Slice> open_member(const archive::ZipEntry& entry) const;
  void verify(const container::Container::Report& report) const;
  // The CRC-32 of one record.
  Status check(const archive::ZipEntry& entry) const;

  std::string shown(const archive::ZipEntry& entry) const;

 private:
  ZipFile(container::Slice slice, archive::ZipDirectory directory)
      : slice_(std::move(slice)), directory_(std::move(directory)) {}

  container::Outcome<void> check_inflated_size() const;
  Status check_record(const archive::ZipEntry& entry, std::vector<std::byte>& block) const;

  container::Slice slice_;
  archive::ZipDirectory directory_;
};

}  // namespace safe_load::formats
