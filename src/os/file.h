// File: an open file of the operating system, read by position and mapped on request.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/blocks.h"
#include "base/bytes.h"
#include "base/source.h"
#include "safe_load/result.h"

namespace safe_load::os {

std::uint64_t page_size();

bool is_folder(std::string_view path);

// Why a file could not be opened: it is not there, or the system has no descriptor left.
bool is_missing(const Error& error);
bool has_no_descriptors(const Error& error);

// Whether links lead from this path below a folder out of it. False for what does not exist.
bool leaves_folder(std::string_view folder, std::string_view path);

// The names in a folder, sorted. kUnsupported if there are more than `most`.
Result<std::vector<std::string>> list_folder(std::string_view path, std::size_t most);

// What tells one state of a file from another.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t number = 0;
  std::uint64_t size = 0;
  std::int64_t modified = 0;  // nanoseconds
  std::int64_t changed = 0;
  bool operator==(const FileIdentity&) const = default;
};

// Owns a descriptor. A window of the file, [start, start + size()), is what the Source shows.
class File final : public base::Source {
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

// A block of memory that a file's bytes live in. Move-only; freed with its last owner.
class Memory {
 public:
  // The window of `file`, private and writable: a write stays in this process. Costs nothing until
  // a page is touched. The process dies (SIGBUS) if it touches a page that the file has lost since.
  static Result<Memory> map(const File& file);

  // Addresses without memory, for files to be mapped into.
  static Result<Memory> reserve(std::uint64_t size);
  // Puts the whole file at `offset` of a reserved block. REQUIRES: a multiple of the page size, and
  // room.
  Status map_at(std::uint64_t offset, const File& file);

  // Zeroed memory that begins at a multiple of 64 bytes; a large block on huge pages where the
  // kernel grants them.
  static Result<Memory> allocate(std::uint64_t size);

  Memory() = default;
  Memory(Memory&& other) noexcept;
  Memory& operator=(Memory&& other) noexcept;
  ~Memory();

  // The window or block itself, not the whole pages around it.
  std::span<std::byte> bytes() const { return bytes_; }

 private:
  Memory(std::span<std::byte> pages, std::span<std::byte> bytes) : pages_(pages), bytes_(bytes) {}
  void release();

  std::span<std::byte> pages_;  // that are mapped; none: the bytes come from the heap
  std::span<std::byte> bytes_;
};

inline constexpr std::size_t kHugePage = std::size_t{2} << 20;

// Makes pages of a Memory ready to be written, which costs less than to fault at each of them.
// Thread-safe. Some virtual machines give free memory back to their host, and a huge page that must
// be fetched again costs many times what small ones cost: where that shows, it goes on with these.
class PagePreparer {
 public:
  // REQUIRES: at most kHugePage bytes that do not cross a huge page.
  void prepare(std::span<std::byte> part);

 private:
  std::atomic<int> slow_pages_ = 0;
};

// Blocks on huge pages: a page of 4 KiB costs as much to get as a hundred opcodes cost to read.
class HugeBlocks final : public base::Blocks {
 public:
  std::byte* take(std::size_t bytes) override;

 private:
  std::vector<Memory> blocks_;
  base::HeapBlocks heap_;  // where the kernel has none
};

}  // namespace safe_load::os
