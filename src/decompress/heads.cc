#include "decompress/heads.h"

#include <cstddef>
#include <cstdint>

namespace safe_load::decompress {

// A window of 256 bytes to 32 KiB, a check of the two bytes, and a first block that can be one.
// Source: RFC 1950, RFC 1951.
bool is_zlib(base::Bytes head) {
  if (head.size() < 8) return false;
  const auto byte = [&](std::size_t i) { return std::to_integer<unsigned>(head[i]); };
  const bool is_header =
      (byte(0) & 0x0F) == 8 && byte(0) <= 0x78 && (256 * byte(0) + byte(1)) % 31 == 0;
  if (!is_header) return false;
  const std::size_t at = (byte(1) & 0x20) != 0 ? 6 : 2;  // behind the id of a dictionary
  const unsigned type = byte(at) >> 1 & 3;
  if (type == 0 && at == 2) return byte(3) == (byte(5) ^ 0xFF) && byte(4) == (byte(6) ^ 0xFF);
  return type != 3;
}

// LZMA without a container, as Python's lzma takes it: properties, a dictionary of 2^n or
// 2^n + 2^(n-1) bytes, a size that is not known or below 256 GiB.
// Source: liblzma, lzma_alone_decoder().
bool is_lzma(base::Bytes head) {
  constexpr std::size_t kHeader = 13;
  if (head.size() <= kHeader || std::to_integer<unsigned>(head[0]) >= 225) return false;
  const auto dictionary = base::load_little<std::uint32_t>(head.data() + 1);
  const auto size = base::load_little<std::uint64_t>(head.data() + 5);
  const std::uint32_t lowest = dictionary & (~dictionary + 1);
  const bool is_power = dictionary != 0 && (dictionary == lowest || dictionary == 3 * lowest);
  return (is_power || dictionary == 0xFFFFFFFF) &&
         (size == UINT64_MAX || size < std::uint64_t{1} << 38) && head[kHeader] == std::byte{0};
}

}  // namespace safe_load::decompress
