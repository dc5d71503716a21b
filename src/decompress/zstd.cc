// zstd (RFC 8878), read by libzstd: the only file that knows it.
#include "decompress/streams.h"

#if SAFE_LOAD_HAS_ZSTD
#include <zstd.h>
#include <zstd_errors.h>

#include <memory>

#include "base/try.h"
#endif

namespace safe_load::decompress {
#if SAFE_LOAD_HAS_ZSTD
namespace {

struct Free {
  void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
};

// All codes that can come are those of bad input and of no memory.
Error why(std::size_t result, std::size_t at) {
  const ZSTD_ErrorCode code = ZSTD_getErrorCode(result);
  if (code == ZSTD_error_memory_allocation)
    return Error(ErrorCode::kIo, "cannot get memory to decompress");
  if (code == ZSTD_error_frameParameter_windowTooLarge)
    return Error(ErrorCode::kLimit, "the compressed data needs a window of more than 128 MiB", at);
  if (code == ZSTD_error_dictionary_wrong)
    return Error(ErrorCode::kUnsupported, "compressed with a dictionary that is elsewhere", at);
  return Error(ErrorCode::kCorrupt, "the compressed data is damaged", at);
}

}  // namespace

Result<std::size_t> read_zstd(base::Bytes compressed, Output& output) {
  static_assert(kMostWindow == std::size_t{1} << 27);
  const std::unique_ptr<ZSTD_DStream, Free> stream(ZSTD_createDStream());
  if (stream == nullptr) return Error(ErrorCode::kIo, "cannot get memory to decompress");
  const std::size_t set = ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, 27);
  if (ZSTD_isError(set) != 0) return why(set, 0);
  ZSTD_inBuffer in = {compressed.data(), compressed.size(), 0};
  for (;;) {
    SAFE_LOAD_TRY(output.make_room());
    ZSTD_outBuffer out = {output.room().data(), output.room().size(), 0};
    const std::size_t result = ZSTD_decompressStream(stream.get(), &out, &in);
    output.add(out.pos);
    if (ZSTD_isError(result) != 0) return why(result, in.pos);
    if (result == 0) return std::size_t{in.pos};
    if (in.pos == in.size && out.pos < out.size)
      return Error(ErrorCode::kTruncated, "the data ends before the stream does", in.pos);
  }
}
#else
Result<std::size_t> read_zstd(base::Bytes, Output&) {
  return Error(ErrorCode::kUnsupported, "this safe_load was built without libzstd, which reads it");
}
#endif

}  // namespace safe_load::decompress
