// MemorySource: reads inside its bytes and nowhere else.
#include "base/source.h"

#include <gtest/gtest.h>

#include <array>

#include "support/guarded_buffer.h"

namespace {

using safe_load::ErrorCode;
using safe_load::base::as_text;
using safe_load::base::MemorySource;

TEST(MemorySource, ReadsAtAnyOffset) {
  const test_support::GuardedBuffer buffer("0123456789");
  const MemorySource source(buffer.bytes());
  EXPECT_EQ(source.size(), 10u);
  std::array<std::byte, 4> four;
  ASSERT_TRUE(source.read_at(6, four).ok());
  EXPECT_EQ(as_text(four), "6789");
  ASSERT_TRUE(source.read_at(0, four).ok());
  EXPECT_EQ(as_text(four), "0123");
  EXPECT_TRUE(source.read_at(10, {}).ok());
}

TEST(MemorySource, RefusesToReadPastItsEnd) {
  const test_support::GuardedBuffer buffer("0123456789");
  const MemorySource source(buffer.bytes());
  std::array<std::byte, 4> four;
  for (const std::uint64_t offset :
       {std::uint64_t{7}, std::uint64_t{11}, ~std::uint64_t{0}, ~std::uint64_t{0} - 3}) {
    const auto read = source.read_at(offset, four);
    ASSERT_FALSE(read.ok()) << offset;
    EXPECT_EQ(read.error().code(), ErrorCode::kTruncated);
    EXPECT_EQ(read.error().offset(), offset);
  }
}

}  // namespace
