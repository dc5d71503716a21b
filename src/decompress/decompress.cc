#include "decompress/decompress.h"

#include <algorithm>
#include <string_view>

#include "decompress/streams.h"

namespace safe_load::decompress {
namespace {

using namespace std::string_view_literals;

struct Row {
  Coding coding;
  Result<std::size_t> (*read)(base::Bytes, Output&);
  std::string_view magic;  // of a stream that may follow another; "": none may
  std::size_t padding;     // zeros may stand between streams in multiples of it; 0: none may
};

// Sources: RFC 1952 2.2 (a gzip file is a series of members) with CPython Lib/gzip.py, which skips
// zeros; bzip2 and Lib/bz2.py; the .xz file format 2.2; RFC 8878 3.
constexpr Row kRows[] = {
    {Coding::kGzip, read_gzip, "\x1f\x8b\x08"sv, 1},
    {Coding::kZlib, read_zlib, ""sv, 0},
    {Coding::kBzip2, read_bzip2, "BZh"sv, 0},
    {Coding::kXz, read_xz,
     "\xfd"
     "7zXZ\0"sv,
     4},
    {Coding::kLzma, read_lzma, ""sv, 0},
    {Coding::kZstd, read_zstd, "\x28\xb5\x2f\xfd"sv, 0},
};

std::size_t padding_of(base::Bytes rest, std::size_t unit) {
  if (unit == 0) return 0;
  const auto end =
      std::find_if(rest.begin(), rest.end(), [](std::byte b) { return b != std::byte{0}; });
  const auto zeros = static_cast<std::size_t>(end - rest.begin());
  return zeros - zeros % unit;
}

// Wherever a decoder noticed it.
Error explained(const Error& error) {
  if (error.code() != ErrorCode::kTruncated) return error;
  return Error(ErrorCode::kTruncated, "the compressed data ends too early");
}

}  // namespace

Decompressed decompress(Coding coding, base::Bytes compressed, std::uint64_t most,
                        base::Host& host) {
  const Row& row = *std::find_if(std::begin(kRows), std::end(kRows),
                                 [&](const Row& each) { return each.coding == coding; });
  // More than that a file must show to be in it.
  constexpr std::uint64_t kLeast = std::uint64_t{64} << 10;
  constexpr std::uint64_t kUsualRatio = 4;
  Output output(host, std::max(kLeast, kUsualRatio * compressed.size()), most);
  Decompressed result;
  do {
    const auto size = row.read(compressed.subspan(result.end), output);
    if (!size) {
      result.error = explained(size.error()).at(result.end + size.error().offset());
      break;
    }
    ++result.streams;
    result.end += *size;
    result.end += padding_of(compressed.subspan(result.end), row.padding);
  } while (!row.magic.empty() &&
           base::as_text(compressed.subspan(result.end)).starts_with(row.magic));
  result.bytes = std::move(output).take();
  return result;
}

}  // namespace safe_load::decompress
