#include "formats/wrapper.h"

#include <algorithm>
#include <string>

#include "base/checked.h"
#include "decompress/decompress.h"

namespace safe_load::formats {

using container::Failure;
using container::Slice;

namespace {

// What honest data is compressed to at best: deflate cannot do better. Less than the base needs no
// such proof.
constexpr std::uint64_t kMostRatio = 1032;

std::uint64_t most_content(const Slice& slice, const Limits& limits) {
  const std::uint64_t by_ratio = base::checked_mul(kMostRatio, slice.size).value_or(UINT64_MAX);
  return std::min(slice.inflation->left(), std::max(limits.memory_base, by_ratio));
}

Failure describe_broken(const Slice& slice, const archive::Sniffed& sniffed, const Error& error) {
  Failure failure(error, slice.name);
  failure.message = "this is " + std::string(sniffed.what) + " (" + std::to_string(slice.size) +
                    " bytes) that cannot be unpacked: " + std::string(error.reason());
  if (error.code() == ErrorCode::kUnsupported) failure.hint = sniffed.hint;
  if (error.code() == ErrorCode::kLimit) failure.hint = "unpack it first, if you expect so much";
  return failure;
}

}  // namespace

std::optional<Unwrapped> unwrap(const Slice& slice, const archive::Sniffed& sniffed,
                                const Limits& limits, base::Host& host) {
  if (sniffed.coding == decompress::Coding::kNone) return std::nullopt;
  Unwrapped unwrapped;
  unwrapped.coding = sniffed.coding;
  const auto fail = [&](const Error& error) {
    unwrapped.failure = describe_broken(slice, sniffed, error);
  };
  auto compressed = host.allocate(slice.size);
  const Status read =
      compressed ? slice.part().read_at(0, compressed->bytes) : Status(compressed.error());
  if (!read) {
    fail(read.error());
    return unwrapped;
  }
  decompress::Decompressed content =
      decompress::decompress(sniffed.coding, compressed->bytes, most_content(slice, limits), host);
  if (content.error) fail(*content.error);
  const Status paid = slice.inflation->take(content.bytes.bytes.size());
  if (!paid) fail(paid.error());
  unwrapped.bytes = content.bytes;
  unwrapped.streams = content.streams;
  unwrapped.rest = slice.behind(content.end);
  unwrapped.content = container::slice_of(std::move(content.bytes));
  unwrapped.content.name = slice.inside(std::string(to_text(sniffed.coding)) + " data");
  unwrapped.content.depth = slice.depth + 1;
  unwrapped.content.inflation = slice.inflation;
  return unwrapped;
}

}  // namespace safe_load::formats
