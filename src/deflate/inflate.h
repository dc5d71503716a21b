// inflate and crc32: the only folder that knows zlib and libdeflate.
//
// zlib inflates, for it is the strictest: libdeflate goes on in streams with incomplete codes, of
// which miniz, which torch uses, makes other bytes. libdeflate is the faster one for checksums.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "safe_load/result.h"

namespace safe_load::deflate {

// Raw deflate (RFC 1951). Succeeds only if the stream uses all of `compressed` and fills all of
// `into`; no byte of `into` is meaningful after an error.
Status inflate(base::Bytes compressed, std::span<std::byte> into);

// The same for data whose size nobody tells: all that one stream at the start of `compressed`
// gives. kLimit if it is more than `most` bytes.
Result<std::vector<std::byte>> inflate_some(base::Bytes compressed, std::uint64_t most);

// What came of one stream at the start of some bytes.
struct Inflated {
  enum class End : std::uint8_t { kWhole, kNoRoom, kDamaged } end;
  std::size_t consumed = 0;  // both of a whole one
  std::size_t produced = 0;
};
// Of a stream that is not whole no byte of `into` is meaningful.
Result<Inflated> inflate_one(base::Bytes compressed, std::span<std::byte> into);

// The CRC-32 of zip and gzip, continued from `before` (0 at the start).
std::uint32_t crc32(std::uint32_t before, base::Bytes bytes);
// The checksum of zlib.
std::uint32_t adler32(base::Bytes bytes);

}  // namespace safe_load::deflate
