// Memory: a block of memory of the operating system, or a file in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "os/file.h"
#include "safe_load/result.h"

namespace safe_load::os {

inline constexpr std::size_t kHugePage = std::size_t{2} << 20;
// What is smaller comes from the heap: a mapping of its own would cost more than it holds.
inline constexpr std::uint64_t kLeastMapped = std::uint64_t{128} << 10;

// Move-only; freed with its last owner.
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

}  // namespace safe_load::os
