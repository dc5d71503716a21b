// Packed dates and times, at the edges of every field.
#include "types/date_time.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace {

using namespace safe_load::types;
using namespace std::string_view_literals;

std::string shown(const std::optional<DateTime>& when) {
  if (!when) return "impossible";
  std::ostringstream out;
  out << when->year << '-' << when->month << '-' << when->day << ' ' << when->hour << ':'
      << when->minute << ':' << when->second << '.' << when->microsecond;
  if (when->fold != 0) out << " fold";
  return out.str();
}

struct Case {
  std::string_view packed;
  std::string_view text;
};

TEST(DateTime, IsTenBytes) {
  constexpr Case kCases[] = {
      {"\x07\xe8\x02\x1d\x0d\x25\x3b\x01\xe2\x40"sv, "2024-2-29 13:37:59.123456"},
      {"\x07\xe8\x82\x1d\x0d\x25\x3b\x01\xe2\x40"sv, "2024-2-29 13:37:59.123456 fold"},
      {"\x00\x01\x01\x01\x00\x00\x00\x00\x00\x00"sv, "1-1-1 0:0:0.0"},
      {"\x27\x0f\x0c\x1f\x17\x3b\x3b\x0f\x42\x3f"sv, "9999-12-31 23:59:59.999999"},
      {"\x27\x10\x0c\x1f\x17\x3b\x3b\x0f\x42\x3f"sv, "impossible"},
      {"\x00\x00\x01\x01\x00\x00\x00\x00\x00\x00"sv, "impossible"},
      {"\x07\xe8\x00\x1d\x00\x00\x00\x00\x00\x00"sv, "impossible"},
      {"\x07\xe8\x0d\x1d\x00\x00\x00\x00\x00\x00"sv, "impossible"},
      {"\x07\xe8\x02\x00\x00\x00\x00\x00\x00\x00"sv, "impossible"},
      {"\x07\xe8\x02\x1e\x00\x00\x00\x00\x00\x00"sv, "impossible"},
      {"\x07\xe8\x02\x1d\x18\x00\x00\x00\x00\x00"sv, "impossible"},
      {"\x07\xe8\x02\x1d\x8d\x00\x00\x00\x00\x00"sv, "impossible"},  // fold stands in the month
      {"\x07\xe8\x02\x1d\x00\x3c\x00\x00\x00\x00"sv, "impossible"},
      {"\x07\xe8\x02\x1d\x00\x00\x3c\x00\x00\x00"sv, "impossible"},
      {"\x07\xe8\x02\x1d\x00\x00\x00\x0f\x42\x40"sv, "impossible"},
      {"\x07\xe8\x02\x1d\x0d\x25\x3b\x01\xe2"sv, "impossible"},
      {"\x07\xe8\x02\x1d\x0d\x25\x3b\x01\xe2\x40\x00"sv, "impossible"},
      {""sv, "impossible"},
  };
  for (const Case& c : kCases) EXPECT_EQ(shown(read_date_time(c.packed)), c.text);
}

TEST(DateTime, KnowsLeapYears) {
  constexpr Case kCases[] = {
      {"\x07\xd0\x02\x1d"sv, "2000-2-29 0:0:0.0"},
      {"\x07\x6c\x02\x1d"sv, "impossible"},  // 1900
      {"\x07\xe7\x02\x1d"sv, "impossible"},  // 2023
      {"\x07\xe8\x02\x1d"sv, "2024-2-29 0:0:0.0"},
      {"\x07\xe8\x04\x1e"sv, "2024-4-30 0:0:0.0"},
      {"\x07\xe8\x04\x1f"sv, "impossible"},
      {"\x07\xe8\x84\x1e"sv, "impossible"},
      {"\x07\xe8\x04"sv, "impossible"},
      {"\x07\xe8\x04\x1e\x00"sv, "impossible"},
  };
  for (const Case& c : kCases) EXPECT_EQ(shown(read_date(c.packed)), c.text);
}

TEST(DateTime, OfATimeAloneIsSixBytes) {
  constexpr Case kCases[] = {
      {"\x00\x00\x00\x00\x00\x00"sv, "0-0-0 0:0:0.0"},
      {"\x17\x3b\x3b\x0f\x42\x3f"sv, "0-0-0 23:59:59.999999"},
      {"\x81\x02\x03\x00\x00\x04"sv, "0-0-0 1:2:3.4 fold"},
      {"\x18\x00\x00\x00\x00\x00"sv, "impossible"},
      {"\x98\x00\x00\x00\x00\x00"sv, "impossible"},
      {"\x00\x3c\x00\x00\x00\x00"sv, "impossible"},
      {"\x00\x00\x3c\x00\x00\x00"sv, "impossible"},
      {"\x00\x00\x00\x0f\x42\x40"sv, "impossible"},
      {"\x00\x00\x00\x00\x00"sv, "impossible"},
      {"\x00\x00\x00\x00\x00\x00\x00"sv, "impossible"},
  };
  for (const Case& c : kCases) EXPECT_EQ(shown(read_time(c.packed)), c.text);
}

TEST(TimeDelta, IsNormalised) {
  EXPECT_TRUE(is_time_delta(0, 0, 0));
  EXPECT_TRUE(is_time_delta(999'999'999, 86'399, 999'999));
  EXPECT_TRUE(is_time_delta(-999'999'999, 0, 0));
  EXPECT_FALSE(is_time_delta(1'000'000'000, 0, 0));
  EXPECT_FALSE(is_time_delta(-1'000'000'000, 0, 0));
  EXPECT_FALSE(is_time_delta(0, 86'400, 0));
  EXPECT_FALSE(is_time_delta(0, -1, 0));
  EXPECT_FALSE(is_time_delta(0, 0, 1'000'000));
  EXPECT_FALSE(is_time_delta(0, 0, -1));
}

}  // namespace
