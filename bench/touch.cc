// bench_touch: reads every byte of some ranges of memory, as a library that Python calls.
#include <cstddef>
#include <cstdint>
#include <cstring>

// The sum of all words of eight bytes, then of the bytes that are left, modulo 2^64.
extern "C" std::uint64_t bench_sum(const unsigned char* const* starts, const std::size_t* sizes,
                                   std::size_t count) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const unsigned char* const bytes = starts[i];
    const std::size_t words = sizes[i] / 8;
    for (std::size_t w = 0; w < words; ++w) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes + 8 * w, 8);
      sum += word;
    }
    for (std::size_t b = 8 * words; b < sizes[i]; ++b) sum += bytes[b];
  }
  return sum;
}
