#include "support/packer.h"

#include <libdeflate.h>
#if SAFE_LOAD_HAS_BZIP2
#include <bzlib.h>
#endif
#if SAFE_LOAD_HAS_LIBLZMA
#include <lzma.h>
#endif
#if SAFE_LOAD_HAS_ZSTD
#include <zstd.h>
#endif

#include <cstdlib>
#include <memory>

namespace test_support {
namespace {

void require(bool is_good) {
  if (!is_good) std::abort();
}

std::string pack_deflated(bool is_gzip, std::string_view content) {
  const std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)> compressor(
      libdeflate_alloc_compressor(6), libdeflate_free_compressor);
  const auto bound = is_gzip ? libdeflate_gzip_compress_bound : libdeflate_zlib_compress_bound;
  const auto compress = is_gzip ? libdeflate_gzip_compress : libdeflate_zlib_compress;
  std::string out(bound(compressor.get(), content.size()), '\0');
  out.resize(compress(compressor.get(), content.data(), content.size(), out.data(), out.size()));
  require(!out.empty());
  return out;
}

#if SAFE_LOAD_HAS_BZIP2
std::string pack_bzip2(std::string_view content) {
  std::string in(content);  // it is not const to the library
  std::string out(content.size() + content.size() / 100 + 600, '\0');
  auto size = static_cast<unsigned>(out.size());
  require(BZ2_bzBuffToBuffCompress(out.data(), &size, in.data(), static_cast<unsigned>(in.size()),
                                   1, 0, 0) == BZ_OK);
  out.resize(size);
  return out;
}
#endif

#if SAFE_LOAD_HAS_LIBLZMA
std::string pack_lzma(bool is_xz, std::string_view content) {
  const std::basic_string<std::uint8_t> in(content.begin(), content.end());
  std::basic_string<std::uint8_t> out(lzma_stream_buffer_bound(content.size()), 0);
  lzma_options_lzma options;
  require(lzma_lzma_preset(&options, 1) == 0);
  lzma_stream stream = LZMA_STREAM_INIT;
  require((is_xz ? lzma_easy_encoder(&stream, 1, LZMA_CHECK_CRC64)
                 : lzma_alone_encoder(&stream, &options)) == LZMA_OK);
  stream.next_in = in.data();
  stream.avail_in = in.size();
  stream.next_out = out.data();
  stream.avail_out = out.size();
  require(lzma_code(&stream, LZMA_FINISH) == LZMA_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  lzma_end(&stream);
  return {out.begin(), out.end()};
}
#endif

#if SAFE_LOAD_HAS_ZSTD
std::string pack_zstd(std::string_view content) {
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(),
                                                                     ZSTD_freeCCtx);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);  // as the program does
  std::string out(ZSTD_compressBound(content.size()), '\0');
  const std::size_t size =
      ZSTD_compress2(context.get(), out.data(), out.size(), content.data(), content.size());
  require(ZSTD_isError(size) == 0);
  out.resize(size);
  return out;
}
#endif

}  // namespace

std::vector<Coding> codings() {
  std::vector<Coding> all = {Coding::kGzip, Coding::kZlib};
#if SAFE_LOAD_HAS_BZIP2
  all.push_back(Coding::kBzip2);
#endif
#if SAFE_LOAD_HAS_LIBLZMA
  all.insert(all.end(), {Coding::kXz, Coding::kLzma});
#endif
#if SAFE_LOAD_HAS_ZSTD
  all.push_back(Coding::kZstd);
#endif
  return all;
}

std::string pack(Coding coding, std::string_view content) {
#if SAFE_LOAD_HAS_BZIP2
  if (coding == Coding::kBzip2) return pack_bzip2(content);
#endif
#if SAFE_LOAD_HAS_LIBLZMA
  if (coding == Coding::kXz || coding == Coding::kLzma)
    return pack_lzma(coding == Coding::kXz, content);
#endif
#if SAFE_LOAD_HAS_ZSTD
  if (coding == Coding::kZstd) return pack_zstd(content);
#endif
  require(coding == Coding::kGzip || coding == Coding::kZlib);
  return pack_deflated(coding == Coding::kGzip, content);
}

}  // namespace test_support
