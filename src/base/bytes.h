// Bytes as the parsers see them, and the only reinterpretation of memory in the library.
#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace safe_load::base {

using Bytes = std::span<const std::byte>;

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): text and bytes, seen as each other
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline Bytes as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

inline std::span<std::byte> as_writable_bytes(std::span<char> text) {
  return {reinterpret_cast<std::byte*>(text.data()), text.size()};
}
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

template <class T>
T reversed(T value) {
  std::byte bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  for (std::size_t i = 0; i < sizeof(T) / 2; ++i) std::swap(bytes[i], bytes[sizeof(T) - 1 - i]);
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

// Every `unit` bytes the other way around; what is left behind the last whole unit stays.
inline void reverse_units(std::span<std::byte> bytes, std::size_t unit) {
  for (; unit > 1 && bytes.size() >= unit; bytes = bytes.subspan(unit))
    std::ranges::reverse(bytes.first(unit));
}

inline void append_little(std::string& out, std::uint64_t number, int bytes) {
  for (int i = 0; i < bytes; ++i)
    out += static_cast<char>(static_cast<unsigned char>(number >> (8 * i)));
}

// Any address will do. REQUIRES: sizeof(T) bytes at `from`.
template <class T>
T load_little(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  if constexpr (std::endian::native == std::endian::big) value = reversed(value);
  return value;
}

template <class T>
T load_big(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  if constexpr (std::endian::native == std::endian::little) value = reversed(value);
  return value;
}

}  // namespace safe_load::base
