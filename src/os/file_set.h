// FileSet: one file, or the files of a set seen as one source: each begins at a page boundary, so
// that they can be mapped side by side.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/source.h"
#include "os/file.h"

namespace safe_load::os {

// A set may have more files than a process may have open. So only the last few that were used are;
// another is opened again when it is read, and must then be the same file in the same state.
class FileSet final : public base::Source {
 public:
  struct Part {
    std::string name;  // of the file in its folder; "" if it is the only one
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  explicit FileSet(File file) { static_cast<void>(add("", std::move(file)).ok()); }
  FileSet() = default;
  // kIo: the system does not tell what the file is, by which it could be known again.
  Status add(std::string name, File file);

  const std::vector<Part>& parts() const { return parts_; }
  bool is_one_file() const { return parts_.size() == 1; }
  // The bytes of all files.
  std::uint64_t byte_count() const;
  // Of the first file; those of a set lie in one folder.
  bool is_on_network() const { return is_on_network_; }

  // From the start of the first file to the end of the last. Between files there are zeros.
  std::uint64_t size() const override;
  Status read_at(std::uint64_t offset, std::span<std::byte> into) const override;

  // All of it as one block, as Memory::map of a file.
  Result<Memory> map() const;

 private:
  using OpenFile = std::shared_ptr<const File>;

  struct Slot {
    std::string path;
    FileIdentity identity;
    OpenFile file;  // null: closed
  };

  // Those that are open, the one that was used last in front.
  struct Opened {
    std::mutex mutex;
    std::vector<std::size_t> order;
  };

  Result<OpenFile> use(std::size_t number) const;
  void close_oldest() const;

  std::vector<Part> parts_;
  mutable std::vector<Slot> slots_;  // guarded by opened_->mutex once all files were added
  std::unique_ptr<Opened> opened_ = std::make_unique<Opened>();
  bool is_on_network_ = false;
};

}  // namespace safe_load::os
