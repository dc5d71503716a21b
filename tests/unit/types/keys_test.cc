// Keys: which are equal is Python's rule, and so is what cannot be a key.
#include "types/keys.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "support/array_builder.h"
#include "support/value_text.h"

namespace {

using namespace test_support;
using namespace std::string_literals;

struct Case {
  std::string value;
  std::string_view text;
};

void expect_all(std::initializer_list<Case> cases) {
  for (const Case& c : cases) EXPECT_EQ(opened_text(CheckpointBuilder(c.value)), c.text);
}

const std::string kOne = integer(1);
const std::string kTwo = integer(2);
const std::string kBig = "L18446744073709551616L\n";

TEST(Keys, MergeNumbersThatAreEqual) {
  expect_all({
      {dict({kOne, text("int"), real(1), text("float"), kTrue, text("bool")}), "{1: \"bool\"}"},
      {dict({kTrue, kOne, kOne, kTwo}), "{True: 2}"},
      {dict({real(-0.0), kOne, integer(0), kTwo, kFalse, kNone}), "{-0.0: None}"},
      {dict({real(0.5), kOne, real(0.5), kTwo}), "{0.5: 2}"},
      {dict({integer(-1), kOne, real(-1), kTwo}), "{-1: 2}"},
      {dict({integer(INT64_MIN), kOne, real(-0x1p63), kTwo}), "{-9223372036854775808: 2}"},
      {dict({kBig, kOne, kBig, kTwo}), "{an integer of 72 bits: 2}"},
      {dict({real(INFINITY), kOne, real(INFINITY), kTwo}), "{inf: 2}"},
  });
}

TEST(Keys, LeaveToPythonWhatOnlyItCanCompare) {
  const std::string complex = reduce(symbol("builtins", "complex"), {real(1), real(0)});
  expect_all({
      {dict({kOne, kOne, kOne, kTwo, text("c"), complex}), "{1: 2, \"c\": complex(1.0, 0.0)}"},
      {dict({kOne, kOne, kOne, kTwo, complex, kTwo}), "{1: 1, 1: 2, complex(1.0, 0.0): 2}"},
  });
}

TEST(Keys, KeepNumbersApartThatDiffer) {
  expect_all({
      {dict({kOne, kOne, real(1.5), kTwo}), "{1: 1, 1.5: 2}"},
      {dict({real(HUGE_VAL), kOne, real(-HUGE_VAL), kTwo}), "{inf: 1, -inf: 2}"},
      // 2^53 + 1 is no double: the nearest one is another number.
      {dict({integer((1LL << 53) + 1), kOne, real(0x1p53), kTwo}),
       "{9007199254740993: 1, 9007199254740992.0: 2}"},
      {dict({integer(INT64_MAX), kOne, real(0x1p63), kTwo}),
       "{9223372036854775807: 1, 9.223372036854776e+18: 2}"},
      {dict({integer(0), kOne, kNone, kTwo}), "{0: 1, None: 2}"},
      {dict({kOne, kOne, text("1"), kTwo}), "{1: 1, \"1\": 2}"},
  });
}

TEST(Keys, CompareNaNByIdentity) {
  expect_all({
      {dict({real(NAN), kOne, real(NAN), kTwo}), "{nan: 1, nan: 2}"},
      {dict({memoized(0, real(NAN)), kOne, fetched(0), kTwo}), "{nan: 2}"},
  });
}

TEST(Keys, KeepTextAndBytesApart) {
  expect_all({
      {dict({text("a"), kOne, bytes("a"), kTwo}), "{\"a\": 1, b\"a\": 2}"},
      {dict({bytes("a"), kOne, bytes("a"), kTwo}), "{b\"a\": 2}"},
      {dict({text("a"), kOne, python2("a"), kTwo}), "{\"a\": 2}"},
  });
}

TEST(Keys, FollowTheEncodingOfPython2) {
  const CheckpointBuilder file(dict({text("\xc3\xa9"), kOne, python2("\xe9"), kTwo}));
  using safe_load::TextEncoding;
  EXPECT_EQ(opened_text(file), "{\"\xc3\xa9\": 1, b\"\\xe9\": 2}");
  EXPECT_EQ(opened_text(file, {.encoding = TextEncoding::kLatin1}), "{\"\xc3\xa9\": 2}");
  const CheckpointBuilder ascii(dict({text("a"), kOne, python2("a"), kTwo}));
  EXPECT_EQ(opened_text(ascii, {.encoding = TextEncoding::kLatin1}), "{\"a\": 2}");
  EXPECT_EQ(opened_text(ascii, {.encoding = TextEncoding::kBytes}), "{\"a\": 1, b\"a\": 2}");
}

TEST(Keys, CompareTuplesItemByItem) {
  expect_all({
      {dict({tuple({kOne, text("a")}), kOne, tuple({real(1), text("a")}), kTwo}),
       "{(1, \"a\"): 2}"},
      {dict({tuple({text("ab"), text("c")}), kOne, tuple({text("a"), text("bc")}), kTwo}),
       "{(\"ab\", \"c\"): 1, (\"a\", \"bc\"): 2}"},
      {dict({tuple({tuple({kOne}), kTwo}), kOne, tuple({kOne, tuple({kTwo})}), kTwo}),
       "{((1), 2): 1, (1, (2)): 2}"},
      {dict({")", kOne, ")", kTwo, kNone, kNone}), "{(): 2, None: None}"},
      {dict({tuple({kOne}), kOne, kOne, kTwo}), "{(1): 1, 1: 2}"},
  });
}

TEST(Keys, CompareSymbolsByName) {
  expect_all({
      {dict({symbol("m", "f"), kOne, symbol("m", "f"), kTwo}), "{m.f: 2}"},
      {dict({symbol("m", "f"), kOne, symbol("m", "g"), kTwo}), "{m.f: 1, m.g: 2}"},
      {dict({symbol("a.b", "c"), kOne, symbol("a", "b.c"), kTwo}), "{a.b.c: 1, a.b.c: 2}"},
  });
}

TEST(Keys, CompareObjectsByIdentity) {
  const std::string object = reduce(symbol("m", "C"), {});
  expect_all({
      {dict({object, kOne, object, kTwo}), "{m.C(): 1, m.C(): 2}"},
      {dict({memoized(0, object), kOne, fetched(0), kTwo}), "{m.C(): 2}"},
      // An object may be a key before it has its state.
      {"}q\0"s + memoized(1, object) + "h\0h\1"s + kOne + "sb0", "{m.C().build(&0): 1}"},
  });
}

TEST(Keys, KeepTheFirstPlaceAndTheLastValue) {
  expect_all({
      {dict({text("a"), kOne, text("b"), kTwo, text("a"), kNone}), "{\"a\": None, \"b\": 2}"},
      {"\x8f(" + kOne + kTwo + real(1) + kTwo + "\x90", "set(1, 2)"},
      {"(\x88" + kOne + "\x91", "frozenset(True)"},
      {reduce(symbol("builtins", "set"), {list({kOne, kOne})}) + "(" + kOne + kTwo + "\x90",
       "set(1, 2)"},
      {reduce(symbol("collections", "OrderedDict"), {}) + text("a") + kOne + "s" + text("a") +
           kTwo + "s",
       "collections.OrderedDict(){\"a\": 2}"},
  });
}

TEST(Keys, AreMergedInLargeDictsToo) {
  std::string value = "}(";
  for (int round = 0; round < 2; ++round)
    for (int i = 0; i < 3000; ++i)
      value += (i % 3 == 0 ? integer(i) : text("k" + std::to_string(i))) + integer(round);
  const auto opened = open(CheckpointBuilder(value + "u"));
  ASSERT_TRUE(opened);
  const auto items = opened->root().items();
  ASSERT_EQ(items.size(), 6000u);
  EXPECT_EQ(items[0].get_or<std::int64_t>(-1), 0);
  EXPECT_EQ(items[2].get_or<std::string>(""), "k1");
  for (std::size_t i = 1; i < items.size(); i += 2) EXPECT_EQ(items[i].get_or<int>(-1), 1);
}

// The message of the one issue, its path, and what the root still holds.
void expect_unhashable(const std::string& key) {
  const auto opened =
      open(CheckpointBuilder(dict({text("sound"), kOne, text("bad"), dict({key, kTwo})})));
  ASSERT_TRUE(opened);
  ASSERT_EQ(opened->issues().size(), 1u);
  EXPECT_EQ(opened->issues()[0].message, "a key that Python cannot hash");
  EXPECT_EQ(opened->issues()[0].path, "$[\"bad\"]");
  EXPECT_EQ(value_text(opened->root()), "{\"sound\": 1, \"bad\": damaged value}");
}

TEST(Keys, AreNoneThatPythonCannotHash) {
  const std::string empty_namespace = newobj(symbol("argparse", "Namespace"), {});
  for (const std::string& key :
       {"]"s, "}"s, "\x8f"s, "\x96"s + std::string(8, '\0'), ordered_dict(),
        reduce(symbol("collections", "deque"), {}), reduce(symbol("builtins", "bytearray"), {}),
        array({1}, dtype("i1"), bytes("a")), empty_namespace, tuple({kOne, "]"}),
        tuple({kOne, tuple({"}"})})})
    expect_unhashable(key);
}

TEST(Keys, AreTuplesOfALimitedDepth) {
  const auto nested = [](int depth) {
    std::string key = kOne;
    for (int i = 0; i < depth; ++i) key += "\x85";
    return CheckpointBuilder(dict({key, kOne}));
  };
  EXPECT_EQ(complaint(nested(64)), "");
  const auto opened = open(nested(65));
  ASSERT_TRUE(opened);
  ASSERT_EQ(opened->issues().size(), 1u);
  EXPECT_EQ(opened->issues()[0].message, "a key deeper than Limits::max_key_depth");
  safe_load::OpenOptions options;
  options.limits.max_key_depth = 65;
  EXPECT_EQ(complaint(nested(65), options), "");
}

TEST(Keys, CostNoMoreThanTheirBytesPayFor) {
  // t = (t, t), forty times: 2^40 leaves.
  std::string key = kOne;
  for (int i = 0; i < 40; ++i) key += "2\x86";
  const std::string wrong = complaint(CheckpointBuilder(dict({key, kOne})));
  EXPECT_EQ(wrong.substr(0, 5), "limit");
  EXPECT_NE(wrong.find("Limits::work_per_byte"), std::string::npos) << wrong;
}

}  // namespace
