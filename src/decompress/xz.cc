// xz, and LZMA alone, read by liblzma: the only file that knows it.
#include "decompress/streams.h"

#if SAFE_LOAD_HAS_LIBLZMA
#include <lzma.h>

#include <memory>

#include "base/try.h"
#endif

namespace safe_load::decompress {
#if SAFE_LOAD_HAS_LIBLZMA
namespace {

struct End {
  void operator()(lzma_stream* stream) const { lzma_end(stream); }
};

// All codes that can come are those of bad input and of no memory.
Error why(lzma_ret code, std::size_t at) {
  if (code == LZMA_MEM_ERROR) return Error(ErrorCode::kIo, "cannot get memory to decompress");
  if (code == LZMA_MEMLIMIT_ERROR)
    return Error(ErrorCode::kLimit, "the compressed data needs a window of more than 128 MiB", at);
  if (code == LZMA_BUF_ERROR)
    return Error(ErrorCode::kTruncated, "the data ends before the stream does", at);
  if (code == LZMA_OPTIONS_ERROR)
    return Error(ErrorCode::kUnsupported, "compressed in a way that liblzma does not know", at);
  return Error(ErrorCode::kCorrupt, "the compressed data is damaged", at);
}

using Begin = lzma_ret(lzma_stream*);

Result<std::size_t> read(Begin begin, base::Bytes compressed, Output& output) {
  lzma_stream stream = LZMA_STREAM_INIT;
  const lzma_ret begun = begin(&stream);
  if (begun != LZMA_OK) return why(begun, 0);
  const std::unique_ptr<lzma_stream, End> ended(&stream);
  stream.next_in = static_cast<const std::uint8_t*>(static_cast<const void*>(compressed.data()));
  stream.avail_in = compressed.size();
  for (;;) {
    SAFE_LOAD_TRY(output.make_room());
    const auto room = output.room();
    stream.next_out = static_cast<std::uint8_t*>(static_cast<void*>(room.data()));
    stream.avail_out = room.size();
    const lzma_ret code = lzma_code(&stream, LZMA_RUN);
    output.add(room.size() - stream.avail_out);
    const std::size_t used = compressed.size() - stream.avail_in;
    if (code == LZMA_STREAM_END) return std::size_t{used};
    if (code != LZMA_OK) return why(code, used);
  }
}

}  // namespace

Result<std::size_t> read_xz(base::Bytes compressed, Output& output) {
  return read([](lzma_stream* stream) { return lzma_stream_decoder(stream, kMostWindow, 0); },
              compressed, output);
}

Result<std::size_t> read_lzma(base::Bytes compressed, Output& output) {
  return read([](lzma_stream* stream) { return lzma_alone_decoder(stream, kMostWindow); },
              compressed, output);
}
#else
Result<std::size_t> read_xz(base::Bytes, Output&) {
  return Error(ErrorCode::kUnsupported, "this safe_load was built without liblzma, which reads it");
}
Result<std::size_t> read_lzma(base::Bytes compressed, Output& output) {
  return read_xz(compressed, output);
}
#endif

}  // namespace safe_load::decompress
