// inflate: succeeds only when every byte in and every byte out is accounted for.
#include "deflate/inflate.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "support/guarded_buffer.h"

namespace {

using namespace std::string_view_literals;
using safe_load::base::as_bytes;

// One stored block: 01, length, its complement, the bytes (RFC 1951, 3.2.4).
constexpr std::string_view kHello = "\x01\x05\x00\xfa\xffhello"sv;

// "" or the error, after inflating into `size` bytes.
std::string inflate(std::string_view compressed, std::size_t size) {
  const test_support::GuardedBuffer input(compressed);
  std::string out(size, '?');
  const auto done =
      safe_load::deflate::inflate(input.bytes(), safe_load::base::as_writable_bytes(out));
  if (done) return "got " + out;
  return std::string(to_text(done.error().code())) + " at " +
         std::to_string(done.error().offset()) + ": " + std::string(done.error().reason());
}

TEST(Inflate, GivesBackWhatWasDeflated) {
  EXPECT_EQ(inflate(kHello, 5), "got hello");
  EXPECT_EQ(inflate("\x03\x00"sv, 0), "got ");  // an empty block with fixed codes
}

// A block with one distance code of one bit: 0 is used in the first, 1 in the second. libdeflate
// takes both for the same, miniz makes other bytes of what follows, zlib refuses it.
TEST(Inflate, RefusesCodesThatDecodersReadApart) {
  EXPECT_EQ(inflate("\x0d\xc0\x21\x0d\0\0\0\x80\xb0\x70\x38\xfa\x07\x82\xb3\0"sv, 4), "got CCCC");
  EXPECT_EQ(inflate("\x0d\xc0\x21\x0d\0\0\0\x80\xb0\x70\x38\xfa\x07\x82\xf3\0"sv, 4),
            "corrupt at 0: the deflated data is damaged");
}

// zlib may have taken the last byte of its input, and lack room all the same.
TEST(Inflate, KnowsThatThereIsNoRoomFromThatThereIsNoMore) {
  using End = safe_load::deflate::Inflated::End;
  for (std::size_t size = 0; size < kHello.size(); ++size) {
    const std::size_t there = size < 5 ? 0 : size - 5;
    for (std::size_t room = 0; room <= 6; ++room) {
      std::string out(room, '?');
      const auto done = safe_load::deflate::inflate_one(as_bytes(kHello.substr(0, size)),
                                                        safe_load::base::as_writable_bytes(out));
      ASSERT_TRUE(done.ok());
      EXPECT_EQ(done->end, room <= there ? End::kNoRoom : End::kDamaged) << size << ' ' << room;
    }
  }
}

TEST(Inflate, RefusesAnySizeButTheExactOne) {
  EXPECT_EQ(inflate(kHello, 4),
            "corrupt at 0: the deflated data is larger than the directory says");
  EXPECT_EQ(inflate(kHello, 0),
            "corrupt at 0: the deflated data is larger than the directory says");
  EXPECT_EQ(inflate(kHello, 6),
            "corrupt at 0: the deflated data is smaller than the directory says");
}

TEST(Inflate, RefusesBytesBehindTheStream) {
  EXPECT_EQ(inflate(std::string(kHello) + "x", 5), "corrupt at 10: bytes follow the deflated data");
}

TEST(Inflate, RefusesEveryTruncation) {
  for (std::size_t size = 0; size < kHello.size(); ++size)
    EXPECT_EQ(inflate(kHello.substr(0, size), 5).substr(0, 11), "corrupt at ") << size;
}

TEST(Inflate, RefusesDamage) {
  for (const auto damaged : {"\x07\x00"sv,                    // a block of the reserved type
                             "\x01\x05\x00\xfa\xfehello"sv})  // a wrong complement
    EXPECT_EQ(inflate(damaged, 5).substr(0, 11), "corrupt at ");
}

TEST(Crc32, IsTheOneOfZip) {
  EXPECT_EQ(safe_load::deflate::crc32(0, {}), 0u);
  EXPECT_EQ(safe_load::deflate::crc32(0, as_bytes("123456789"sv)), 0xCBF43926u);
}

TEST(Crc32, ContinuesAcrossBlocks) {
  const std::uint32_t start = safe_load::deflate::crc32(0, as_bytes("1234"sv));
  EXPECT_EQ(safe_load::deflate::crc32(start, as_bytes("56789"sv)), 0xCBF43926u);
}

}  // namespace
