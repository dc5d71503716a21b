// Promise: whatever the bytes, and whatever they seem to be compressed with, unpacking ends within
// its limit and tells how far it came; and the same bytes give the same content.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "base/bytes.h"
#include "decompress/decompress.h"
#include "heap_host.h"

using namespace safe_load;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::uint64_t kMost = std::uint64_t{1} << 22;
  const auto coding = static_cast<decompress::Coding>(1 + data[0] % 6);
  const auto packed = std::as_bytes(std::span(data, size)).subspan(1);
  HeapHost host;
  const auto first = decompress::decompress(coding, packed, kMost, host);
  const auto again = decompress::decompress(coding, packed, kMost, host);
  if (first.bytes.bytes.size() > kMost || first.end > packed.size()) std::abort();
  if (first.error && first.error->offset() > packed.size()) std::abort();
  if (!first.error && first.streams == 0) std::abort();
  if (!std::ranges::equal(first.bytes.bytes, again.bytes.bytes)) std::abort();
  return 0;
}
