// Bytes of a slice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "container/slice.h"

namespace safe_load::scanner {

using container::Slice;

inline constexpr std::uint64_t kHead = 4096;
inline constexpr std::uint64_t kMostPadding = std::uint64_t{64} << 10;  // that needs no note

// The first `size` bytes, or all; none if they cannot be read.
std::vector<std::byte> read_some(const Slice& slice, std::uint64_t size);
bool is_all_zero(const Slice& slice);

}  // namespace safe_load::scanner
