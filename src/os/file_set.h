// FileSet: one file, or the files of a set seen as one source: each begins at a page boundary, so
// that they can be mapped side by side.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/source.h"
#include "os/file.h"

namespace safe_load::os {

class FileSet final : public base::Source {
 public:
  struct Part {
    std::string name;  // of the file in its folder; "" if it is the only one
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  explicit FileSet(File file) { add("", std::move(file)); }
  FileSet() = default;
  void add(std::string name, File file);

  const std::vector<Part>& parts() const { return parts_; }
  bool is_one_file() const { return files_.size() == 1; }
  // The bytes of all files.
  std::uint64_t byte_count() const;
  bool is_on_network() const;

  // From the start of the first file to the end of the last. Between files there are zeros.
  std::uint64_t size() const override;
  Status read_at(std::uint64_t offset, std::span<std::byte> into) const override;

  // All of it as one block, as Memory::map of a file.
  Result<Memory> map() const;

 private:
  std::vector<File> files_;
  std::vector<Part> parts_;
};

}  // namespace safe_load::os
