// Decompresses data that is compressed as a whole, as gzip, bzip2, xz and zstd do it to a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/host.h"
#include "decompress/coding.h"
#include "safe_load/result.h"
#include "safe_load/shared_bytes.h"

namespace safe_load::decompress {

struct Decompressed {
  SharedBytes bytes;
  std::size_t streams = 0;     // whole ones, one behind the other
  std::size_t end = 0;         // of the last of them, and zeros behind it that belong to it
  std::optional<Error> error;  // why there is no more of it; its offset counts in what was given
};

// What all streams of this coding hold together, one behind the other, as the programs and Python's
// modules read them; at most `most` bytes. Bytes behind them that are no stream are left alone.
// REQUIRES: not kNone.
Decompressed decompress(Coding coding, base::Bytes compressed, std::uint64_t most,
                        base::Host& host);

}  // namespace safe_load::decompress
