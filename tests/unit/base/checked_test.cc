// Checked arithmetic: every edge at which 64 bits end.
#include "base/checked.h"

#include <gtest/gtest.h>

namespace {

using namespace safe_load::base;

constexpr std::uint64_t kMost = ~std::uint64_t{0};
constexpr std::uint64_t kHalf = std::uint64_t{1} << 32;

TEST(Checked, AddsUpToTheLargestNumber) {
  EXPECT_EQ(checked_add(0, 0), 0u);
  EXPECT_EQ(checked_add(kMost, 0), kMost);
  EXPECT_EQ(checked_add(1, kMost - 1), kMost);
  EXPECT_FALSE(checked_add(kMost, 1));
  EXPECT_FALSE(checked_add(2, kMost - 1));
  EXPECT_FALSE(checked_add(kMost, kMost));
}

TEST(Checked, MultipliesUpToTheLargestNumber) {
  EXPECT_EQ(checked_mul(kMost, 0), 0u);
  EXPECT_EQ(checked_mul(0, kMost), 0u);
  EXPECT_EQ(checked_mul(kMost, 1), kMost);
  EXPECT_EQ(checked_mul(kHalf - 1, kHalf + 1), kMost);
  EXPECT_FALSE(checked_mul(kHalf, kHalf));
  EXPECT_FALSE(checked_mul(kMost, 2));
  EXPECT_FALSE(checked_mul(2, kMost / 2 + 1));
}

TEST(Checked, FitsOnlyWhatEndsInTime) {
  const struct {
    std::uint64_t offset, size, end;
    bool fits;
  } cases[] = {
      {0, 0, 0, true},          {0, 1, 0, false},        {1, 0, 0, false},
      {3, 4, 7, true},          {3, 5, 7, false},        {7, 0, 7, true},
      {8, 0, 7, false},         {kMost, 0, kMost, true}, {kMost, kMost, kMost, false},
      {1, kMost, kMost, false},  // the sum would wrap to 0
      {kMost, 1, 0, false},
  };
  for (const auto& c : cases)
    EXPECT_EQ(fits(c.offset, c.size, c.end), c.fits)
        << c.offset << " + " << c.size << " in " << c.end;
}

}  // namespace
