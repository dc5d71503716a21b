#include "deflate/inflate.h"

#include <libdeflate.h>
#define ZLIB_CONST  // it changes no input
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <memory>

#include "base/try.h"

namespace safe_load::deflate {
namespace {

struct End {
  void operator()(z_stream* stream) const { ::inflateEnd(stream); }
};

// Gives zlib all of `from` and `into`, in steps of what it counts with, and says how it ended.
int run(z_stream& stream, base::Bytes from, std::span<std::byte> into) {
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  std::byte nothing{};  // zlib wants a place also where there is no room
  int result = Z_OK;
  while (result == Z_OK) {
    const std::size_t given = std::min(from.size(), kMost);
    const std::size_t room = std::min(into.size(), kMost);
    stream.next_in = static_cast<const Bytef*>(static_cast<const void*>(from.data()));
    stream.avail_in = static_cast<uInt>(given);
    stream.next_out = static_cast<Bytef*>(static_cast<void*>(room == 0 ? &nothing : into.data()));
    stream.avail_out = static_cast<uInt>(room);
    result = ::inflate(&stream, Z_NO_FLUSH);
    from = from.subspan(given - stream.avail_in);
    into = into.subspan(room - stream.avail_out);
  }
  return result;
}

}  // namespace

Status inflate(base::Bytes compressed, std::span<std::byte> into) {
  SAFE_LOAD_TRY_ASSIGN(const Inflated inflated, inflate_one(compressed, into));
  if (inflated.end == Inflated::End::kNoRoom)
    return Error(ErrorCode::kCorrupt, "the deflated data is larger than the directory says");
  if (inflated.end == Inflated::End::kDamaged)
    return Error(ErrorCode::kCorrupt, "the deflated data is damaged");
  if (inflated.produced != into.size())
    return Error(ErrorCode::kCorrupt, "the deflated data is smaller than the directory says");
  if (inflated.consumed != compressed.size())
    return Error(ErrorCode::kCorrupt, "bytes follow the deflated data", inflated.consumed);
  return {};
}

Result<Inflated> inflate_one(base::Bytes compressed, std::span<std::byte> into) {
  constexpr int kRaw = -15;  // no envelope, a window of 32 KiB
  z_stream stream = {};
  if (::inflateInit2(&stream, kRaw) != Z_OK)
    return Error(ErrorCode::kIo, "cannot get memory to inflate");
  const std::unique_ptr<z_stream, End> end(&stream);
  const int result = run(stream, compressed, into);
  if (result == Z_MEM_ERROR) return Error(ErrorCode::kIo, "cannot get memory to inflate");
  Inflated inflated{Inflated::End::kDamaged, stream.total_in, stream.total_out};
  if (result == Z_STREAM_END) inflated.end = Inflated::End::kWhole;
  if (result == Z_BUF_ERROR && inflated.produced == into.size())
    inflated.end = Inflated::End::kNoRoom;
  return inflated;
}

Result<std::vector<std::byte>> inflate_some(base::Bytes compressed, std::uint64_t most) {
  constexpr std::uint64_t kFirst = 4096;
  constexpr std::uint64_t kUsualRatio = 4;
  std::vector<std::byte> into;
  for (std::uint64_t size = std::max(kFirst, kUsualRatio * compressed.size());; size *= 4) {
    into.resize(static_cast<std::size_t>(std::min(size, most)));
    SAFE_LOAD_TRY_ASSIGN(const Inflated inflated, inflate_one(compressed, into));
    if (inflated.end == Inflated::End::kWhole) {
      into.resize(inflated.produced);
      return into;
    }
    if (inflated.end == Inflated::End::kDamaged)
      return Error(ErrorCode::kCorrupt, "the deflated data is damaged");
    if (size >= most) return Error(ErrorCode::kLimit, "the deflated data is larger than allowed");
  }
}

std::uint32_t crc32(std::uint32_t before, base::Bytes bytes) {
  return libdeflate_crc32(before, bytes.data(), bytes.size());
}

std::uint32_t adler32(base::Bytes bytes) {
  return libdeflate_adler32(1, bytes.data(), bytes.size());
}

}  // namespace safe_load::deflate
