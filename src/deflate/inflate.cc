#include "deflate/inflate.h"

#include <libdeflate.h>

#include <algorithm>
#include <memory>

#include "base/try.h"

namespace safe_load::deflate {
namespace {

struct Free {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};
using Decompressor = std::unique_ptr<libdeflate_decompressor, Free>;

}  // namespace

Status inflate(base::Bytes compressed, std::span<std::byte> into) {
  const Decompressor decompressor(libdeflate_alloc_decompressor());
  if (decompressor == nullptr) return Error(ErrorCode::kIo, "cannot get memory to inflate");
  std::size_t consumed = 0;
  std::size_t produced = 0;
  const libdeflate_result result =
      libdeflate_deflate_decompress_ex(decompressor.get(), compressed.data(), compressed.size(),
                                       into.data(), into.size(), &consumed, &produced);
  if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
    return Error(ErrorCode::kCorrupt, "the deflated data is larger than the directory says");
  if (result != LIBDEFLATE_SUCCESS)
    return Error(ErrorCode::kCorrupt, "the deflated data is damaged", consumed);
  if (produced != into.size())
    return Error(ErrorCode::kCorrupt, "the deflated data is smaller than the directory says");
  if (consumed != compressed.size())
    return Error(ErrorCode::kCorrupt, "bytes follow the deflated data", consumed);
  return {};
}

Result<Inflated> inflate_one(base::Bytes compressed, std::span<std::byte> into) {
  const Decompressor decompressor(libdeflate_alloc_decompressor());
  if (decompressor == nullptr) return Error(ErrorCode::kIo, "cannot get memory to inflate");
  Inflated inflated{Inflated::End::kDamaged};
  const libdeflate_result result = libdeflate_deflate_decompress_ex(
      decompressor.get(), compressed.data(), compressed.size(), into.data(), into.size(),
      &inflated.consumed, &inflated.produced);
  if (result == LIBDEFLATE_SUCCESS) inflated.end = Inflated::End::kWhole;
  if (result == LIBDEFLATE_INSUFFICIENT_SPACE) inflated.end = Inflated::End::kNoRoom;
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
