// Limits: what a file may make us do. One member per resource, the attack it stops written under
// it.
#pragma once

#include <cstdint>

namespace safe_load {
inline namespace v0 {

struct Limits {
  // Entries of one zip directory; each also needs 46 bytes of directory.
  // Stops: a directory that claims 2^32 entries.
  std::uint64_t max_zip_entries = 4'000'000;

  // Bytes inflated from one file, together: at least this many, more if the file is large.
  // Stops: deflate bombs. The sum is known from the directory before the first byte is inflated.
  std::uint64_t max_inflated_bytes = std::uint64_t{1} << 30;
  std::uint64_t max_inflated_ratio = 32;  // times the size of the file

  // Bytes of one pickle. Real ones stay below 100 MiB. REQUIRES: at most 4 GiB - 1.
  // Stops: offsets that do not fit 32 bits.
  std::uint64_t max_pickle_bytes = std::uint64_t{1} << 30;

  // Memory for decoded values: the base plus so many bytes per byte of pickle and directory.
  // Stops: short programs that build large values by calling the same thing again and again.
  std::uint64_t memory_base = std::uint64_t{16} << 20;
  std::uint64_t memory_per_byte = 64;

  // Steps of decoding per byte of pickle, beside one per opcode, with a million free.
  // Stops: one long text or key that is decoded, hashed or compared thousands of times.
  std::uint64_t work_per_byte = 64;

  // Dimensions of a tensor or array. torch itself has no limit, NumPy has 64.
  // Stops: shapes that cost more to check than their bytes paid for.
  std::uint64_t max_dims = 64;

  // Depth of a tuple or frozenset used as a key, and of a type such as list[list[int]].
  // Stops: keys that are hashed exponentially often, or by recursion until the stack ends.
  std::uint64_t max_key_depth = 64;

  // Slices, defaultdicts, deques and object arrays inside each other.
  // Stops: chains that Python frees by recursion, until its stack ends.
  std::uint64_t max_levels = 256;

  // Bytes one tensor may fill when it is copied out: at least this many, or so many times its
  // storage. Stops: stride 0 with 10^12 elements.
  std::uint64_t max_copied_bytes = std::uint64_t{1} << 30;
  std::uint64_t max_copied_ratio = 64;
};

}  // namespace v0
}  // namespace safe_load
