// The records of a zip file: their signatures, fixed sizes and flags. Source: APPNOTE 4.3
// and 4.4.4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace safe_load::archive {

inline constexpr std::string_view kLocalSignature = "PK\3\4";
inline constexpr std::string_view kDescriptorSignature = "PK\7\10";
inline constexpr std::string_view kEntrySignature = "PK\1\2";
inline constexpr std::string_view kZip64EndSignature = "PK\6\6";
inline constexpr std::string_view kLocatorSignature = "PK\6\7";
inline constexpr std::string_view kEndSignature = "PK\5\6";

// A signature as a field of its record.
constexpr std::uint32_t as_number(std::string_view signature) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i)
    number |= std::uint32_t{static_cast<unsigned char>(signature[i])} << 8 * i;
  return number;
}

// Of the fixed parts, in bytes.
inline constexpr std::uint64_t kLocalSize = 30;
inline constexpr std::uint64_t kEntrySize = 46;
inline constexpr std::uint64_t kZip64EndSize = 56;
inline constexpr std::uint64_t kLocatorSize = 20;
inline constexpr std::uint64_t kEndSize = 22;
inline constexpr std::uint64_t kMostBehind = 65535;  // bytes behind an end record: a comment
// Where readers look for one: Python's zipfile a byte further than the format allows, and miniz,
// which torch uses, goes back in steps, some 69,600 bytes.
inline constexpr std::uint64_t kTail = 70'000;

// Encryption (0), patch data (5), strong encryption (6), masked header (13).
inline constexpr std::uint16_t kOpaqueFlags = 1u << 0 | 1u << 5 | 1u << 6 | 1u << 13;
inline constexpr std::uint16_t kDescriptorFlag = 1u << 3;

}  // namespace safe_load::archive
