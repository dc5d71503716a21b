// gzip (RFC 1952) and zlib (RFC 1950): deflated data in an envelope with a checksum.
#include <algorithm>
#include <cstdint>

#include "base/byte_reader.h"
#include "base/try.h"
#include "decompress/streams.h"
#include "deflate/inflate.h"

namespace safe_load::decompress {
namespace {

// Adds what the deflate stream at `reader` holds, and skips it.
Status inflate(base::Bytes all, base::ByteReader& reader, Output& output) {
  using End = deflate::Inflated::End;
  const base::Bytes compressed = all.subspan(reader.offset());
  SAFE_LOAD_TRY(output.make_room());
  for (;;) {
    SAFE_LOAD_TRY_ASSIGN(const auto inflated, deflate::inflate_one(compressed, output.room()));
    if (inflated.end == End::kWhole) {
      output.add(inflated.produced);
      return reader.skip(inflated.consumed);
    }
    if (inflated.end == End::kDamaged)
      return Error(ErrorCode::kCorrupt, "the compressed data is damaged or cut off",
                   reader.offset());
    SAFE_LOAD_TRY(output.grow());  // and begin again: libdeflate gives all or nothing
  }
}

// RFC 1952 2.3.1
constexpr unsigned kHasHeaderCrc = 0x02;
constexpr unsigned kHasExtra = 0x04;
constexpr unsigned kHasName = 0x08;
constexpr unsigned kHasComment = 0x10;
constexpr unsigned kReserved = 0xE0;

Status skip_text(base::ByteReader& reader) {
  for (;;) {
    SAFE_LOAD_TRY_ASSIGN(const auto letter, reader.read_little<std::uint8_t>());
    if (letter == 0) return {};
  }
}

Status skip_gzip_header(base::ByteReader& reader) {
  SAFE_LOAD_TRY(reader.skip(2));  // the magic, which was seen
  SAFE_LOAD_TRY_ASSIGN(const auto method, reader.read_little<std::uint8_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto flags, reader.read_little<std::uint8_t>());
  SAFE_LOAD_TRY(reader.skip(6));  // time, level, system
  if (method != 8 || (flags & kReserved) != 0)
    return Error(ErrorCode::kUnsupported, "gzip-compressed in a way that no gzip does", 2);
  if ((flags & kHasExtra) != 0) {
    SAFE_LOAD_TRY_ASSIGN(const auto size, reader.read_little<std::uint16_t>());
    SAFE_LOAD_TRY(reader.skip(size));
  }
  for (const unsigned flag : {kHasName, kHasComment}) {
    if ((flags & flag) == 0) continue;
    SAFE_LOAD_TRY(skip_text(reader));
  }
  return (flags & kHasHeaderCrc) != 0 ? reader.skip(2) : Status();
}

}  // namespace

Result<std::size_t> read_gzip(base::Bytes compressed, Output& output) {
  base::ByteReader reader(compressed);
  SAFE_LOAD_TRY(skip_gzip_header(reader));
  const std::size_t before = output.bytes().size();
  SAFE_LOAD_TRY(inflate(compressed, reader, output));
  const std::size_t trailer = reader.offset();
  SAFE_LOAD_TRY_ASSIGN(const auto crc, reader.read_little<std::uint32_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto length, reader.read_little<std::uint32_t>());
  const base::Bytes content = output.bytes().subspan(before);
  if (crc != deflate::crc32(0, content) || length != static_cast<std::uint32_t>(content.size()))
    return Error(ErrorCode::kCorrupt, "the checksum of the compressed data is wrong", trailer);
  return std::size_t{reader.offset()};
}

Result<std::size_t> read_zlib(base::Bytes compressed, Output& output) {
  constexpr unsigned kHasDictionary = 0x20;
  base::ByteReader reader(compressed);
  SAFE_LOAD_TRY(reader.skip(1));
  SAFE_LOAD_TRY_ASSIGN(const auto flags, reader.read_little<std::uint8_t>());
  if ((flags & kHasDictionary) != 0)
    return Error(ErrorCode::kUnsupported, "zlib-compressed with a dictionary that is elsewhere");
  const std::size_t before = output.bytes().size();
  SAFE_LOAD_TRY(inflate(compressed, reader, output));
  const std::size_t trailer = reader.offset();
  SAFE_LOAD_TRY_ASSIGN(const auto sum, reader.read_big<std::uint32_t>());
  if (sum != deflate::adler32(output.bytes().subspan(before)))
    return Error(ErrorCode::kCorrupt, "the checksum of the compressed data is wrong", trailer);
  return std::size_t{reader.offset()};
}

}  // namespace safe_load::decompress
