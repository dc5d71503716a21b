// bzip2, read by libbz2: the only file that knows it.
#include "decompress/streams.h"

#if SAFE_LOAD_HAS_BZIP2
#include <bzlib.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/try.h"
#endif

namespace safe_load::decompress {
#if SAFE_LOAD_HAS_BZIP2
namespace {

struct End {
  void operator()(bz_stream* stream) const { BZ2_bzDecompressEnd(stream); }
};

constexpr std::size_t kMostAtOnce = std::size_t{1} << 30;  // the library counts in 32 bits

// All codes that can come are those of bad input and of no memory.
Error why(int code, std::size_t at) {
  if (code == BZ_MEM_ERROR) return Error(ErrorCode::kIo, "cannot get memory to decompress");
  return Error(ErrorCode::kCorrupt, "the compressed data is damaged", at);
}

}  // namespace

Result<std::size_t> read_bzip2(base::Bytes compressed, Output& output) {
  bz_stream stream = {};
  const int begun = BZ2_bzDecompressInit(&stream, 0, 0);
  if (begun != BZ_OK) return why(begun, 0);
  const std::unique_ptr<bz_stream, End> ended(&stream);
  // The library wants to be given text that it could write to.
  std::vector<char> block;
  std::size_t at = 0;  // of `compressed`, what was given
  for (;;) {
    if (stream.avail_in == 0) {
      constexpr std::size_t kBlock = std::size_t{64} << 10;
      const auto next = compressed.subspan(at, std::min(kBlock, compressed.size() - at));
      block.resize(next.size());
      std::copy(next.begin(), next.end(), base::as_writable_bytes(block).begin());
      at += next.size();
      stream.next_in = block.data();
      stream.avail_in = static_cast<unsigned>(next.size());
    }
    SAFE_LOAD_TRY(output.make_room());
    const auto room = output.room().first(std::min(output.room().size(), kMostAtOnce));
    stream.next_out = static_cast<char*>(static_cast<void*>(room.data()));
    stream.avail_out = static_cast<unsigned>(room.size());
    const int code = BZ2_bzDecompress(&stream);
    output.add(room.size() - stream.avail_out);
    const std::size_t used = at - stream.avail_in;
    if (code == BZ_STREAM_END) return std::size_t{used};
    if (code != BZ_OK) return why(code, used);
    if (used == compressed.size() && stream.avail_out != 0)
      return Error(ErrorCode::kTruncated, "the data ends before the stream does", used);
  }
}
#else
Result<std::size_t> read_bzip2(base::Bytes, Output&) {
  return Error(ErrorCode::kUnsupported, "this safe_load was built without libbz2, which reads it");
}
#endif

}  // namespace safe_load::decompress
