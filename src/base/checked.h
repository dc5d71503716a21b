// Arithmetic on numbers from a file: an overflow is an empty answer, never a wrong one.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>

namespace safe_load::base {

constexpr std::optional<std::uint64_t> checked_add(std::uint64_t a, std::uint64_t b) {
  if (a > std::numeric_limits<std::uint64_t>::max() - b) return std::nullopt;
  return a + b;
}

constexpr std::optional<std::uint64_t> checked_mul(std::uint64_t a, std::uint64_t b) {
  if (b != 0 && a > std::numeric_limits<std::uint64_t>::max() / b) return std::nullopt;
  return a * b;
}

// Whether [offset, offset + size) lies in [0, end), without overflow.
constexpr bool fits(std::uint64_t offset, std::uint64_t size, std::uint64_t end) {
  return offset <= end && size <= end - offset;
}

// The same number as a smaller type. REQUIRES: it fits, which the caller has checked.
template <std::unsigned_integral To>
constexpr To narrow(std::uint64_t value) {
  return static_cast<To>(value);
}

}  // namespace safe_load::base
