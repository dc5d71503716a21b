// The zip file that torch.save writes, byte for byte. Source: torch 2.13; docs/format/write.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace safe_load::writing {

// Says what stands between the records, one behind the other. Sizes do not depend on checksums, so
// that a plan can add them up before a byte is read.
class TorchZip {
 public:
  // What stands in front of the record: then come its bytes. `name` has the root folder.
  std::string begin(std::string name, std::uint64_t size);

  // What stands behind the record.
  std::string end(std::uint32_t crc);

  // The directory, behind the last record.
  std::string directory() const;

  // Of the records so far, as torch.save's `.data/serialization_id` has it.
  std::string serialization_id() const;

  std::uint64_t offset() const { return offset_; }  // bytes until now

 private:
  struct Entry {
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
    std::uint32_t crc = 0;
  };

  std::vector<Entry> entries_;
  std::uint64_t offset_ = 0;
};

}  // namespace safe_load::writing
