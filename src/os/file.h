// File: an open file of the operating system, read by position.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/source.h"
#include "safe_load/result.h"
#include "safe_load/source.h"

namespace safe_load::os {

std::uint64_t page_size();

bool is_folder(std::string_view path);

// What tells one state of a file from another.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t number = 0;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // nanoseconds
  std::int64_t changed = 0;
  bool operator==(const FileIdentity&) const = default;
};

// Of the file that a path leads to, without opening it; nothing if there is none.
std::optional<FileIdentity> identity_of(std::string_view path);

// Whether links lead from this path below a folder out of it. False for what does not exist.
bool leaves_folder(std::string_view folder, std::string_view path);

// The names in a folder, sorted. kUnsupported if there are more than `most`.
Result<std::vector<std::string>> list_folder(std::string_view path, std::size_t most);

// Owns a descriptor. A window of the file, [start, start + size()), is what the Source shows.
class File final : public Source {
 public:
  // `path` is UTF-8. Anything but a regular file is kUnsupported.
  static Result<File> open(std::string_view path);

  // A duplicate of a descriptor that somebody else owns, seen from byte `start`. The file position
  // of the descriptor is neither used nor moved.
  static Result<File> from_descriptor(int descriptor, std::uint64_t start);

  File(File&& other) noexcept;
  File& operator=(File&&) = delete;
  ~File() override;

  std::uint64_t size() const override { return size_; }
  std::uint64_t start() const { return start_; }
  int descriptor() const { return descriptor_; }
  const std::string& path() const { return path_; }  // "" if somebody else opened it

  Status read_at(std::uint64_t offset, std::span<std::byte> into) const override;
  std::uint64_t first_step() const override { return base::kLocalStep; }

  Result<FileIdentity> identity() const;

  // NFS, Lustre, FUSE and their kin, where a mapping crawls, deadlocks or dies.
  bool is_on_network() const;

 private:
  File(int descriptor, std::uint64_t start, std::uint64_t size)
      : descriptor_(descriptor), start_(start), size_(size) {}

  int descriptor_;
  std::uint64_t start_;
  std::uint64_t size_;
  std::string path_;
};

}  // namespace safe_load::os
