// Text: UTF-8, escaping and numbers, at their edges.
#include "base/text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace {

using namespace safe_load::base;
using namespace std::string_view_literals;

TEST(Text, KnowsWellFormedUtf8) {
  for (const auto text :
       {""sv, "abc"sv, "\xc3\xa9"sv, "\xe2\x82\xac"sv, "\xf0\x9f\x98\x80"sv, "\xf4\x8f\xbf\xbf"sv})
    EXPECT_TRUE(is_utf8(text, false)) << text;
  for (const auto text :
       {"\x80"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xe0\x80\x80"sv, "\xe2\x82"sv, "\xf0\x80\x80\x80"sv,
        "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv, "\xff"sv})
    EXPECT_FALSE(is_utf8(text, true));
}

TEST(Text, AllowsSurrogatesOnlyWhenAsked) {
  EXPECT_TRUE(is_utf8("\xed\xa0\x80"sv, true));
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"sv, false));
}

TEST(Text, EscapesWhatCouldDeceiveATerminal) {
  const struct {
    std::string_view raw;
    std::string_view shown;
  } cases[] = {
      {"plain", "plain"},
      {"\x1b[31m", "\\x1b[31m"},
      {"a\nb\tc\rd", "a\\nb\\tc\\rd"},
      {"quote\" back\\", "quote\\\" back\\\\"},
      {"\xe2\x80\xae", "\\u202e"},  // right-to-left override
      {"\xe2\x80\x8b", "\\u200b"},  // zero-width space
      {"\xc2\x9b", "\\x9b"},        // C1 control
      {"\xff\xfe", "\\xff\\xfe"},   // broken
      {"\xed\xa0\x80", "\\ud800"},  // surrogate
      {"\xc3\xa9", "\xc3\xa9"},     // é stays
      {"\xf3\xa0\x80\x81", "\\U000e0001"},
  };
  for (const auto& c : cases) EXPECT_EQ(escaped(c.raw), c.shown);
}

TEST(Text, BoundsWhatItShows) { EXPECT_EQ(escaped(std::string(500, 'x'), 10), "xxxxxxxxxx..."); }

TEST(Text, ShowsNamesWholeAndOtherwiseWithoutTheirMiddle) {
  const std::string whole(kMostName, 'x');
  EXPECT_EQ(escaped(whole), whole);
  std::string one = "begin" + std::string(2000, 'x') + "end";
  std::string two = one;
  two[1000] = 'y';
  EXPECT_TRUE(escaped(one).starts_with("beginxxx"));
  EXPECT_TRUE(escaped(one).ends_with("xxxend"));
  EXPECT_NE(escaped(one).find("...(2008 bytes, "), std::string::npos);
  EXPECT_NE(escaped(one), escaped(two));
  EXPECT_LE(escaped(one).size(), kMostName);
  // Escapes are longer than what they stand for, and no character is cut.
  for (const std::string_view part :
       {"\xe2\x82\xac"sv, "\x1b"sv, "\xed\xa0\x80"sv, "\xff"sv, "\x80"sv, "\xf0\x80\x80"sv}) {
    for (const std::size_t size : {41u, 160u, 161u, 500u, 3000u}) {
      std::string text;
      while (text.size() < size) text += part;
      for (const std::size_t most : {60u, 100u, 160u}) {
        const std::string shown = shortened(text, most);
        EXPECT_LE(shown.size(), most) << shown;
        EXPECT_TRUE(is_utf8(shown, false)) << shown;
      }
    }
  }
}

TEST(Text, PrintsFloatsAsPythonDoes) {
  const struct {
    double value;
    std::string_view text;
  } cases[] = {
      {0.0, "0.0"},
      {-0.0, "-0.0"},
      {1.0, "1.0"},
      {0.1, "0.1"},
      {1e-4, "0.0001"},
      {1e-5, "1e-05"},
      {1e15, "1000000000000000.0"},
      {1e16, "1e+16"},
      {5e-324, "5e-324"},
      {1.7976931348623157e308, "1.7976931348623157e+308"},
      {0.9137, "0.9137"},
      {123456.789, "123456.789"},
  };
  for (const auto& c : cases) EXPECT_EQ(to_text(c.value), c.text);
  EXPECT_EQ(to_text(std::nan("")), "nan");
  EXPECT_EQ(to_text(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST(Text, ParsesOnlyWholeNumbers) {
  EXPECT_EQ(parse_int64("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_FALSE(parse_int64("9223372036854775808"));
  EXPECT_FALSE(parse_int64("5x"));
  EXPECT_FALSE(parse_int64(""));
  EXPECT_FALSE(is_decimal("-"));
  EXPECT_FALSE(is_decimal(std::string(4301, '1')));
  EXPECT_TRUE(is_decimal(std::string(4300, '1')));
}

}  // namespace
