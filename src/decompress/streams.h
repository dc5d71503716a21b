// One compressed stream of each coding. Each function reads the stream at the start of
// `compressed`, adds what it holds to `output`, and says how many bytes the stream has. After an
// error `output` keeps what came before it, of codings that tell.
#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "decompress/output.h"
#include "safe_load/result.h"

namespace safe_load::decompress {

Result<std::size_t> read_gzip(base::Bytes compressed, Output& output);
Result<std::size_t> read_zlib(base::Bytes compressed, Output& output);
// The next four are kUnsupported where the library that reads them was not there to build with.
Result<std::size_t> read_bzip2(base::Bytes compressed, Output& output);
Result<std::size_t> read_xz(base::Bytes compressed, Output& output);
Result<std::size_t> read_lzma(base::Bytes compressed, Output& output);
Result<std::size_t> read_zstd(base::Bytes compressed, Output& output);

// What a decoder may keep beside its output, such as the window of xz and zstd: what their own
// programs take at most unless they are told otherwise.
inline constexpr std::size_t kMostWindow = std::size_t{128} << 20;

}  // namespace safe_load::decompress
