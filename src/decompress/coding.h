// The ways in which a whole file can be compressed that are read here.
#pragma once

#include <cstdint>
#include <string_view>

namespace safe_load::decompress {

enum class Coding : std::uint8_t { kNone, kGzip, kZlib, kBzip2, kXz, kLzma, kZstd };

// As people name it: "gzip".
constexpr std::string_view to_text(Coding coding) {
  switch (coding) {
    case Coding::kNone:
      return "";
    case Coding::kGzip:
      return "gzip";
    case Coding::kZlib:
      return "zlib";
    case Coding::kBzip2:
      return "bzip2";
    case Coding::kXz:
      return "xz";
    case Coding::kLzma:
      return "lzma";
    case Coding::kZstd:
      return "zstd";
  }
  return "";
}

}  // namespace safe_load::decompress
