#include "scan/slices.h"

#include <algorithm>
#include <span>

namespace safe_load::scanner {

std::vector<std::byte> read_some(const Slice& slice, std::uint64_t size) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::min(slice.size, size)));
  if (!slice.part().read_at(0, bytes)) bytes.clear();
  return bytes;
}

bool is_all_zero(const Slice& slice) {
  const auto begins_with = read_some(slice, 16);
  if (std::any_of(begins_with.begin(), begins_with.end(),
                  [](std::byte b) { return b != std::byte{0}; }))
    return false;
  constexpr std::uint64_t kBlock = std::uint64_t{1} << 20;
  std::vector<std::byte> block(static_cast<std::size_t>(std::min(slice.size, kBlock)));
  for (std::uint64_t at = 0; at < slice.size; at += kBlock) {
    const auto part =
        std::span(block).first(static_cast<std::size_t>(std::min(kBlock, slice.size - at)));
    if (!slice.part().read_at(at, part)) return false;
    if (std::any_of(part.begin(), part.end(), [](std::byte b) { return b != std::byte{0}; }))
      return false;
  }
  return true;
}

}  // namespace safe_load::scanner
