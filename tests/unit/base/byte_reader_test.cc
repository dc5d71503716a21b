// ByteReader: what it reads, and that a read past the end moves nothing.
#include "base/byte_reader.h"

#include <gtest/gtest.h>

#include <string_view>

#include "support/guarded_buffer.h"

namespace {

using namespace std::string_view_literals;
using safe_load::ErrorCode;
using safe_load::base::as_bytes;
using safe_load::base::as_text;
using safe_load::base::ByteReader;

TEST(ByteReader, ReadsNumbersInBothByteOrders) {
  ByteReader little(as_bytes("\x01\x02\x03\x04\x05\x06\x07\x88"sv));
  EXPECT_EQ(*little.read_little<std::uint8_t>(), 0x01u);
  EXPECT_EQ(*little.read_little<std::uint16_t>(), 0x0302u);
  EXPECT_EQ(*little.read_little<std::uint32_t>(), 0x07060504u);
  EXPECT_EQ(*little.read_little<std::int8_t>(), -0x78);
  EXPECT_TRUE(little.at_end());

  ByteReader big(as_bytes("\x01\x02\x03\x04\x3f\xe0\0\0\0\0\0\0"sv));
  EXPECT_EQ(*big.read_big<std::uint32_t>(), 0x01020304u);
  EXPECT_EQ(*big.read_big<double>(), 0.5);
  EXPECT_TRUE(big.at_end());
}

TEST(ByteReader, ReadsTextAndLines) {
  ByteReader reader(as_bytes("abc\n\nrest"sv));
  EXPECT_EQ(*reader.read_text(1), "a");
  EXPECT_EQ(*reader.read_line(), "bc");
  EXPECT_EQ(*reader.read_line(), "");
  EXPECT_EQ(reader.offset(), 5u);
  EXPECT_EQ(reader.read_line().error().code(), ErrorCode::kTruncated);
  EXPECT_EQ(as_text(*reader.read_bytes(4)), "rest");
  EXPECT_EQ(*reader.read_text(0), "");
}

TEST(ByteReader, StaysWhereItIsAfterAReadPastTheEnd) {
  constexpr std::uint64_t kHuge = ~std::uint64_t{0};
  const test_support::GuardedBuffer buffer("abc");
  ByteReader reader(buffer.bytes());
  ASSERT_TRUE(reader.skip(1).ok());
  EXPECT_EQ(reader.read_little<std::uint32_t>().error().offset(), 1u);
  EXPECT_EQ(reader.read_big<std::uint64_t>().error().code(), ErrorCode::kTruncated);
  EXPECT_EQ(reader.read_bytes(3).error().code(), ErrorCode::kTruncated);
  EXPECT_EQ(reader.read_text(kHuge).error().code(), ErrorCode::kTruncated);
  EXPECT_EQ(reader.skip(kHuge).error().offset(), 1u);
  EXPECT_EQ(reader.remaining(), 2u);
  EXPECT_EQ(*reader.read_text(2), "bc");
}

TEST(ByteReader, ReadsNothingFromNothing) {
  ByteReader reader({});
  EXPECT_TRUE(reader.at_end());
  EXPECT_TRUE(reader.skip(0).ok());
  EXPECT_FALSE(reader.read_little<std::uint8_t>().ok());
  EXPECT_FALSE(reader.read_line().ok());
}

}  // namespace
