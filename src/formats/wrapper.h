// What is inside of a file that is compressed as a whole: model.pkl.gz, model.pt.zst.
#pragma once

#include <cstddef>
#include <optional>

#include "archive/sniff.h"
#include "base/host.h"
#include "container/failure.h"
#include "container/slice.h"
#include "safe_load/shared_bytes.h"

namespace safe_load::formats {

struct Unwrapped {
  decompress::Coding coding;
  container::Slice content;                   // in memory, one deeper, named after the compression
  SharedBytes bytes;                          // the same
  std::size_t streams = 0;                    // of which it was put together
  container::Slice rest;                      // of the file, behind them
  std::optional<container::Failure> failure;  // why there is no more of the content
};

// Nothing if the slice is not compressed in a way that is known here. The content may use up to a
// thousand times the size of the slice of what may be inflated of the file, which it takes.
std::optional<Unwrapped> unwrap(const container::Slice& slice, const archive::Sniffed& sniffed,
                                const Limits& limits, base::Host& host);

}  // namespace safe_load::formats
