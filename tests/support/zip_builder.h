// ZipBuilder: writes zip files in which every field can lie.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace test_support {

// One header of an entry, local or central. build() fills what is still "honest".
struct ZipHeader {
  std::string name;
  std::string extra;
  std::string comment;  // central only
  std::uint16_t flags = 0;
  std::uint16_t method = 0;
  std::uint32_t crc = 0;
  std::uint32_t compressed_size = 0;
  std::uint32_t size = 0;
  std::uint16_t disk = 0;          // central only
  std::uint32_t local_offset = 0;  // central only; added to the honest offset
  std::uint32_t signature = 0;
};

struct ZipEntryParts {
  std::string data;    // as it stands in the file
  std::string before;  // bytes in front of the local header that no entry owns
  ZipHeader local;
  ZipHeader central;
};

// The end record, as differences from the truth.
struct ZipEndLies {
  std::uint16_t disk = 0;
  std::int64_t entries_here = 0;
  std::int64_t entries = 0;
  std::int64_t directory_size = 0;
  std::int64_t directory_offset = 0;
  std::uint16_t comment_size = 0;
  bool saturate = false;  // all ones, so that only the zip64 record knows
};

class ZipBuilder {
 public:
  ZipBuilder& stored(std::string_view name, std::string_view content);
  ZipBuilder& deflated(std::string_view name, std::string_view content);

  // Changes the entry that was added last: .lie([](auto& entry) { entry.central.size += 1; })
  template <class Lie>
  ZipBuilder& lie(Lie&& change) {
    change(entries_.back());
    return *this;
  }
  template <class Lie>
  ZipBuilder& lie_about_end(Lie&& change) {
    change(end_);
    return *this;
  }
  template <class Lie>
  ZipBuilder& lie_about_zip64(Lie&& change) {
    with_zip64_ = true;
    change(zip64_);
    return *this;
  }

  ZipBuilder& zip64();                                  // adds the zip64 end record and its locator
  ZipBuilder& directory_slack(std::string_view bytes);  // inside the declared directory
  ZipBuilder& comment(std::string_view bytes);   // behind the end record, counted as its comment
  ZipBuilder& trailing(std::string_view bytes);  // behind the end record, not counted

  std::string build() const;

  // Where the parts lie in build().
  std::uint64_t local_offset(std::size_t entry) const;
  std::uint64_t data_offset(std::size_t entry) const;
  std::uint64_t central_offset(std::size_t entry) const;
  std::uint64_t directory_offset() const;
  std::uint64_t zip64_offset() const;
  std::uint64_t end_offset() const;
  std::uint64_t directory_size() const;  // with the zip64 records

 private:
  struct Layout;
  Layout lay_out() const;

  std::vector<ZipEntryParts> entries_;
  ZipEndLies end_;
  ZipEndLies zip64_;
  bool with_zip64_ = false;
  std::string slack_;
  std::string comment_;
  std::string trailing_;
};

// `value` as `bytes` little-endian bytes.
std::string little(std::uint64_t value, int bytes);

}  // namespace test_support
