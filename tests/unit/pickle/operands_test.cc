// Operands: each odd form, and what readers make of it. attacks/small_world.py asks the readers
// themselves, with all short texts.
#include "pickle/operands.h"

#include <gtest/gtest.h>

#include <bit>
#include <limits>

namespace {

using namespace std::string_literals;
using safe_load::pickle::Agreement;
using safe_load::pickle::Kind;
using safe_load::pickle::Opcode;
using safe_load::pickle::Operand;
using safe_load::pickle::read_count;
using safe_load::pickle::read_name;
using safe_load::pickle::read_operand;
using enum Agreement;

Operand integer(std::int64_t value) { return {Kind::kInt, static_cast<std::uint64_t>(value), ""}; }
Operand boolean(bool value) { return {Kind::kBool, value ? 1u : 0u, ""}; }
Operand real(double value) { return {Kind::kFloat, std::bit_cast<std::uint64_t>(value), ""}; }
Operand big(std::string bytes) { return {Kind::kBigInt, 0, std::move(bytes)}; }
Operand old_text(std::string bytes) { return {Kind::kPy2Text, 0, std::move(bytes)}; }
Operand text(std::string bytes) { return {Kind::kText, 0, std::move(bytes)}; }

struct Row {
  Opcode opcode;
  std::string line;
  Agreement agreement;
  Operand value = {};
};

void expect_all(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    const auto reading = read_operand(row.opcode, row.line);
    const std::string about = name(row.opcode).data() + testing::PrintToString(row.line);
    EXPECT_EQ(reading.agreement, row.agreement) << about;
    EXPECT_EQ(reading.value, row.value) << about;
  }
}

TEST(Operands, IntegersAreReadByStrtolAndByInt) {
  const auto most = std::numeric_limits<std::int64_t>::max();
  expect_all({
      {Opcode::kINT, "-12", kPlain, integer(-12)},
      {Opcode::kINT, "01", kPlain, boolean(true)},
      {Opcode::kINT, "9223372036854775807", kPlain, integer(most)},
      {Opcode::kINT, "9223372036854775808", kPlain, big("\0\0\0\0\0\0\0\x80\0"s)},
      {Opcode::kINT, "+5", kOdd, integer(5)},
      {Opcode::kINT, "+15", kOdd, integer(15)},
      {Opcode::kINT, " 15\t", kOdd, integer(15)},
      {Opcode::kINT, "1_0", kOdd, integer(10)},
      {Opcode::kINT, "0x_1f", kOdd, integer(31)},
      {Opcode::kINT, "0o17", kOdd, integer(15)},
      {Opcode::kINT, "000", kOdd, integer(0)},
      {Opcode::kINT, "+1", kSplit, boolean(true)},  // two characters: a bool in C
      {Opcode::kINT, "-0", kSplit, boolean(false)},
      {Opcode::kINT, "017", kSplit, integer(15)},  // octal in C
      {Opcode::kINT, "5\0 z"s, kSplit, integer(5)},
      {Opcode::kINT, "\0z9"s, kSplit, integer(0)},
      {Opcode::kINT, std::string(4301, '9'), kSplit, {Kind::kNone, 1, ""}},
      {Opcode::kINT, "", kNone},
      {Opcode::kINT, "5L", kNone},
      {Opcode::kINT, "0x", kNone},
      {Opcode::kINT, "08", kNone},
      {Opcode::kINT, "1__0", kNone},
      {Opcode::kINT, "- 5", kNone},
  });
}

TEST(Operands, LongsEndInL) {
  expect_all({
      {Opcode::kLONG, "5L", kPlain, integer(5)},
      {Opcode::kLONG, "5", kPlain, integer(5)},
      {Opcode::kLONG, "-18446744073709551616L", kPlain, big("\0\0\0\0\0\0\0\0\xff"s)},
      {Opcode::kLONG, "01", kNone},
      {Opcode::kLONG, "0x10L", kOdd, integer(16)},
      {Opcode::kLONG, "5\0L"s, kSplit, integer(5)},
      {Opcode::kLONG, "5LL", kNone},
      {Opcode::kLONG, "L", kNone},
      {Opcode::kLONG, "", kNone},
  });
}

TEST(Operands, FloatsAreReadWithoutAndWithBlanks) {
  const double infinity = std::numeric_limits<double>::infinity();
  expect_all({
      {Opcode::kFLOAT, "1.5", kPlain, real(1.5)},
      {Opcode::kFLOAT, "-inf", kPlain, real(-infinity)},
      {Opcode::kFLOAT, "Infinity", kOdd, real(infinity)},
      {Opcode::kFLOAT, "1e-400", kOdd, real(0)},
      {Opcode::kFLOAT, "1" + std::string(400, '0') + "e-399", kPlain, real(10)},
      {Opcode::kFLOAT, "1e400", kSplit, real(infinity)},  // an overflow in C
      {Opcode::kFLOAT, " 1.5", kSplit, real(1.5)},
      {Opcode::kFLOAT, "1_0.5", kSplit, real(10.5)},
      {Opcode::kFLOAT, "1.5\0z"s, kSplit, real(1.5)},
      {Opcode::kFLOAT, "0x1p3", kNone},
      {Opcode::kFLOAT, "1e", kNone},
      {Opcode::kFLOAT, ".", kNone},
      {Opcode::kFLOAT, "", kNone},
  });
}

TEST(Operands, TextsHaveOneCodecInAllReaders) {
  expect_all({
      {Opcode::kSTRING, "'a\\x41\\101\\n'", kPlain, old_text("aAA\n")},
      {Opcode::kSTRING, "\"it's\"", kPlain, old_text("it's")},
      {Opcode::kSTRING, "'a'b'", kPlain, old_text("a'b")},
      {Opcode::kSTRING, "'\\q\\1'", kOdd, old_text("\\q\1")},
      {Opcode::kSTRING, "'\\777'", kOdd, old_text("\xff")},
      {Opcode::kSTRING, "'\\x4'", kNone},
      {Opcode::kSTRING, "'a\\'", kNone},
      {Opcode::kSTRING, "'a\"", kNone},
      {Opcode::kSTRING, "'", kNone},
      {Opcode::kUNICODE, "a\\u0041\\U00000042\xe9", kPlain, text("aAB\xc3\xa9")},
      {Opcode::kUNICODE, "\\\\u00zz\\", kPlain, text("\\\\u00zz\\")},
      {Opcode::kUNICODE, "\\ud800", kPlain, text("\xed\xa0\x80")},
      {Opcode::kUNICODE, "", kPlain, text("")},
      {Opcode::kUNICODE, "\\u00zz", kNone},
      {Opcode::kUNICODE, "\\U00110000", kNone},
  });
}

TEST(Operands, MemoIndicesAreDecimal) {
  expect_all({
      {Opcode::kPUT, "15", kPlain, integer(15)},
      {Opcode::kPUT, "015", kOdd, integer(15)},
      {Opcode::kGET, " +1_5 ", kOdd, integer(15)},
      {Opcode::kGET, "15\0z"s, kSplit, integer(15)},
      {Opcode::kPUT, "4294967296", kSplit, integer(4294967296)},  // no memory for it in C
      {Opcode::kPUT, "-1", kNone},
      {Opcode::kPUT, "-18446744073709551616", kNone},
      {Opcode::kPUT, "0x1", kNone},
      {Opcode::kGET, "", kNone},
  });
}

TEST(Operands, NamesMayBeMissingToTheUnpicklerInPython) {
  EXPECT_EQ(read_name(Opcode::kGLOBAL, "torch.\xc3\xa9"), kPlain);
  EXPECT_EQ(read_name(Opcode::kGLOBAL, ""), kSplit);
  EXPECT_EQ(read_name(Opcode::kGLOBAL, "\xed\xa0\x80"), kNone);
  EXPECT_EQ(read_name(Opcode::kINST, "torch"), kPlain);
  EXPECT_EQ(read_name(Opcode::kINST, ""), kSplit);
  EXPECT_EQ(read_name(Opcode::kINST, "\xc3\xa9"), kNone);
  EXPECT_EQ(read_name(Opcode::kPERSID, ""), kPlain);
  EXPECT_EQ(read_name(Opcode::kPERSID, "\xff"), kNone);
}

TEST(Operands, CountsAreSignedToSome) {
  EXPECT_EQ(read_count(Opcode::kBINSTRING, 0x7FFFFFFF), kPlain);
  EXPECT_EQ(read_count(Opcode::kBINSTRING, 0x80000000), kSplit);
  EXPECT_EQ(read_count(Opcode::kLONG4, 0x7FFFFFFF), kPlain);
  EXPECT_EQ(read_count(Opcode::kLONG4, 0x80000000), kNone);
  EXPECT_EQ(read_count(Opcode::kPROTO, 5), kPlain);
  EXPECT_EQ(read_count(Opcode::kPROTO, 6), kSplit);  // weights_only warns, and goes on
}

}  // namespace
