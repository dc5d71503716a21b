// NumPy: dtype states of every version, and arrays in every form in which their data may come.
#include <gtest/gtest.h>

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
  for (const Case& c : cases)
    EXPECT_EQ(opened_text(CheckpointBuilder(c.value)), c.text) << testing::PrintToString(c.value);
}

std::string sized(std::string_view type, std::int64_t size, std::int64_t alignment = 1,
                  std::int64_t flags = 0) {
  const bool is_text = type.starts_with('U');
  return dtype(
      type, {.order = is_text ? "<" : "|", .size = size, .alignment = alignment, .flags = flags});
}
const std::string kObjects = dtype("O8", {.order = "|", .flags = 63});
const std::string kByte = dtype("u1", {.order = "|"});

TEST(DecodeDtype, ReadsThePlainTypes) {
  for (const std::string type : {"i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8", "f16", "f12",
                                 "c8", "c16", "c32", "c24"}) {
    EXPECT_EQ(opened_text(CheckpointBuilder(dtype(type))), "dtype <" + type);
    EXPECT_EQ(opened_text(CheckpointBuilder(dtype(type, {.order = ">"}))), "dtype >" + type);
    EXPECT_EQ(opened_text(CheckpointBuilder(dtype(type, {.order = "="}))), "dtype <" + type);
    EXPECT_EQ(opened_text(CheckpointBuilder(dtype_shell(type))), "dtype <" + type);
  }
  for (const std::string type : {"b1", "i1", "u1"})
    EXPECT_EQ(opened_text(CheckpointBuilder(dtype(type, {.order = "|"}))), "dtype |" + type);
}

TEST(DecodeDtype, ReadsTypesWithASize) {
  expect_all({
      {sized("S5", 5), "dtype |S5"},
      {sized("a5", 5), "dtype |S5"},
      {sized("S0", 0), "dtype |S0"},
      {sized("U3", 12, 4, 8), "dtype <U3"},
      {dtype("U3", {.order = ">", .size = 12, .alignment = 4, .flags = 8}), "dtype >U3"},
      {sized("V7", 7), "dtype |V7"},
      {kObjects, "dtype |O"},
      {dtype("O4", {.order = "|", .flags = 63}), "dtype |O"},
      {dtype("O", {.order = "|", .flags = 63}), "dtype |O"},
  });
}

TEST(DecodeDtype, ReadsEveryVersionOfTheState) {
  const auto built = [](std::initializer_list<std::string_view> state) {
    return build(reduce(symbol("numpy", "dtype"), {text("f8"), integer(0), integer(1)}),
                 tuple(state));
  };
  const std::string minus = integer(-1);
  expect_all({
      {built({integer(2), text("<"), "NNN", minus, minus}), "dtype <f8"},
      {built({integer(3), text(">"), "NNN", minus, minus, integer(0)}), "dtype >f8"},
      {built({integer(4), text("<"), "NNN", minus, minus, integer(0), kNone}), "dtype <f8"},
      {built({integer(4), text("<"), "NNN", minus, minus, integer(0), dict({text("a"), kNone})}),
       "dtype <f8"},
      {built({integer(3), python2("<"), "NNN", minus, minus, integer(0)}), "dtype <f8"},
  });
}

TEST(DecodeDtype, ReadsUnitsOfDates) {
  expect_all({
      {dtype("M8", {.metadata = unit("s", 25)}), "dtype <M8[25s]"},
      {dtype("m8", {.order = ">", .metadata = unit("ns")}), "dtype >m8[ns]"},
      {dtype("M8", {.metadata = unit("generic")}), "dtype <M8"},
      {dtype("M8", {.metadata = unit("D", 0x7FFFFFFF)}), "dtype <M8[2147483647D]"},
      {dtype("M8",
             {.metadata = tuple({"}", tuple({text("us"), integer(1), integer(1), integer(1)})})}),
       "dtype <M8[us]"},
  });
  for (const std::string name :
       {"Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"})
    EXPECT_EQ(opened_text(CheckpointBuilder(dtype("M8", {.metadata = unit(name)}))),
              "dtype <M8[" + name + "]");
}

TEST(DecodeDtype, ReadsStructures) {
  const std::string pair = structure({{"a", dtype("i4"), 0}, {"b", dtype("f8"), 4}}, 12);
  const std::string aligned = "dtype {a: <i4 @0, b: <f8 @8} of 16 aligned";
  expect_all({
      {pair, "dtype {a: <i4 @0, b: <f8 @4} of 12"},
      // NumPy 1 writes the flags as a signed byte, NumPy 2 does not.
      {structure({{"a", dtype("i4"), 0}, {"b", dtype("f8"), 8}}, 16, 8, -112), aligned},
      {structure({{"a", dtype("i4"), 0}, {"b", dtype("f8"), 8}}, 16, 8, 144), aligned},
      {structure({{"o", kObjects, 0}, {"b", kByte, 8}}, 9, 1, 27),
       "dtype {o: |O @0, b: |u1 @8} of 9"},
      {structure({{"u", sized("U1", 4, 4, 8), 0}}, 4, 1, 24), "dtype {u: <U1 @0} of 4"},
      {structure({{"p", pair, 2}}, 14), "dtype {p: {a: <i4 @0, b: <f8 @4} of 12 @2} of 14"},
      // Plain fields may overlap: a union.
      {structure({{"a", dtype("i4"), 0}, {"b", dtype("f4"), 0}}, 4),
       "dtype {a: <i4 @0, b: <f4 @0} of 4"},
      {structure({}, 0), "dtype |V0"},
  });
}

TEST(DecodeDtype, ReadsTitles) {
  const std::string entry = tuple({dtype("i4"), integer(0), text("Title")});
  EXPECT_EQ(opened_text(CheckpointBuilder(dtype(
                "V4", {.order = "|",
                       .names = tuple({text("n")}),
                       .fields = dict({text("n"), memoized(9, entry), text("Title"), fetched(9)}),
                       .size = 4,
                       .alignment = 1,
                       .flags = 16}))),
            "dtype {n: <i4 @0 'Title'} of 4");
}

TEST(DecodeDtype, ReadsRecords) {
  const auto of_class = [](std::string_view name) {
    const std::string shell =
        reduce(symbol("numpy", "dtype"), {symbol("numpy", name), kFalse, kTrue});
    return build(shell, dtype_state({.order = "|",
                                     .names = tuple({text("a")}),
                                     .fields = dict({text("a"), tuple({dtype("i4"), integer(0)})}),
                                     .size = 4,
                                     .alignment = 1,
                                     .flags = 16}));
  };
  expect_all({
      {of_class("record"), "dtype record{a: <i4 @0} of 4"},
      {of_class("void"), "dtype {a: <i4 @0} of 4"},
  });
}

TEST(DecodeDtype, ReadsSubarraysInStructures) {
  const auto field = [](const std::string& shape, std::int64_t size) {
    const std::string part = dtype("V" + std::to_string(size),
                                   {.order = "|", .subarray = shape, .size = size, .alignment = 4});
    return structure({{"s", part, 0}}, size);
  };
  expect_all({
      {field(subarray(dtype("i4"), {2, 3}), 24), "dtype {s: <i4[2, 3] @0} of 24"},
      {field(tuple({dtype("i4"), integer(2)}), 8), "dtype {s: <i4[2] @0} of 8"},
      {field(subarray(dtype("i4"), {0, 3}), 0), "dtype {s: <i4[0, 3] @0} of 0"},
  });
}

TEST(DecodeDtype, ReadsUpToEightLevels) {
  std::string type = kByte;
  for (int i = 0; i < 8; ++i) type = structure({{"x", type, 0}}, 1);
  EXPECT_EQ(complaint(CheckpointBuilder(type)), "");
}

TEST(DecodeArray, ReadsBytesInEveryForm) {
  const std::string two = "<f4 [2] by [4] \"\\x00\\x00\\x80?\\x00\\x00\\x00@\"";
  const std::string data = raw<float>({1.0f, 2.0f});
  // 0x80 takes two bytes of UTF-8.
  const std::string latin1("\0\0\xc2\x80?\0\0\0@", 9);
  const std::string f4 = dtype("f4");
  const std::string coded = reduce(symbol("_codecs", "encode"), {text(latin1), text("latin1")});
  const std::string stateless = tuple({integers({2}), f4, kFalse, bytes(data)});
  const std::string byte_array = "\x96"s + little(data.size(), 8) + data;
  expect_all({
      {array({2}, f4, bytes(data)), two},
      {array({2}, f4, python2(data)), two},
      {array({2}, f4, coded), two},
      {array({2}, f4, byte_array), two},
      {array({2}, f4, reduce(symbol("builtins", "bytearray"), {bytes(data)})), two},
      {array({0}, f4, reduce(symbol("__builtin__", "bytes"), {})), "<f4 [0] by [4] \"\""},
      {build(array_shell(), stateless), two},
  });
}

TEST(DecodeArray, IsKnownUnderTheNamesOfNumPy1And2) {
  const std::string data = bytes("ab");
  for (const std::string core : {"numpy.core", "numpy._core"}) {
    for (const auto& [module, name] : {std::pair("numpy", "ndarray"), std::pair("numpy", "memmap"),
                                       std::pair("numpy.core.memmap", "memmap")}) {
      const std::string shell = reduce(symbol(core + ".multiarray", "_reconstruct"),
                                       {symbol(module, name), integers({0}), python2("b")});
      EXPECT_EQ(opened_text(CheckpointBuilder(build(shell, array_state({2}, kByte, data)))),
                "|u1 [2] by [1] \"ab\"");
    }
    EXPECT_EQ(opened_text(CheckpointBuilder(
                  reduce(symbol(core + ".multiarray", "scalar"), {kByte, bytes("a")}))),
              "|u1 [] by [] \"a\"");
    EXPECT_EQ(opened_text(CheckpointBuilder(reduce(symbol(core + ".numeric", "_frombuffer"),
                                                   {data, kByte, integers({2}), text("C")}))),
              "|u1 [2] by [1] \"ab\"");
  }
}

TEST(DecodeArray, HasStridesByItsOrder) {
  const std::string data = bytes("abcdef");
  const auto from_buffer = [&](std::string_view order, std::string_view axes,
                               std::initializer_list<std::int64_t> shape) {
    return reduce(symbol("numpy._core.numeric", "_frombuffer"),
                  {data, kByte, integers(shape), text(order), axes});
  };
  expect_all({
      {array({2, 3}, kByte, data), "|u1 [2, 3] by [3, 1] \"abcdef\""},
      {array({2, 3}, kByte, data, kTrue), "|u1 [2, 3] by [1, 2] \"abcdef\""},
      {array({1, 3, 2}, kByte, data, kTrue), "|u1 [1, 3, 2] by [1, 1, 3] \"abcdef\""},
      {array({}, kByte, bytes("a")), "|u1 [] by [] \"a\""},
      {array({2, 0, 3}, dtype("f8"), bytes("")), "<f8 [2, 0, 3] by [24, 24, 8] \"\""},
      {from_buffer("C", "", {2, 3}), "|u1 [2, 3] by [3, 1] \"abcdef\""},
      {from_buffer("C", kNone, {2, 3}), "|u1 [2, 3] by [3, 1] \"abcdef\""},
      {from_buffer("F", "", {2, 3}), "|u1 [2, 3] by [1, 2] \"abcdef\""},
      // numpy: frombuffer(data).reshape(1, 2, 3).transpose(2, 0, 1)
      {from_buffer("K", integers({2, 0, 1}), {1, 2, 3}), "|u1 [3, 1, 2] by [1, 6, 3] \"abcdef\""},
  });
}

TEST(DecodeArray, HoldsObjectsInRowMajorOrder) {
  const std::string objects = list({integer(1), text("a"), kNone, ordered_dict()});
  expect_all({
      {array({2, 2}, kObjects, objects),
       "|O [2, 2] by [2, 1] [1, \"a\", None, collections.OrderedDict(){}]"},
      {array({2, 2}, kObjects, objects, kTrue),
       "|O [2, 2] by [2, 1] [1, \"a\", None, collections.OrderedDict(){}]"},
      {array({0}, kObjects, list({})), "|O [0] by [1] []"},
      {array({1}, structure({{"o", kObjects, 0}, {"b", kByte, 8}}, 9, 1, 27),
             list({tuple({kNone, integer(7)})})),
       "{o: |O @0, b: |u1 @8} of 9 [1] by [1] [(None, 7)]"},
  });
}

TEST(DecodeArray, MayHoldItself) {
  const std::string shell = memoized(1, array_shell());
  const std::string state = array_state({1}, kObjects, list({fetched(1)}));
  const auto opened = open(CheckpointBuilder(build(shell, state)));
  ASSERT_TRUE(opened);
  EXPECT_EQ(value_text(opened->root()), "|O [1] by [1] [&0]");
}

TEST(DecodeArray, ReadsScalars) {
  expect_all({
      {scalar(dtype("f8"), bytes(raw<double>({0.5}))),
       "<f8 [] by [] \"\\x00\\x00\\x00\\x00\\x00\\x00\\xe0?\""},
      {scalar(sized("S2", 2), python2("ab")), "|S2 [] by [] \"ab\""},
      {scalar(sized("U0", 0, 4, 8), reduce(symbol("builtins", "bytes"), {})), "<U0 [] by [] \"\""},
      {scalar(structure({{"a", kByte, 0}}, 1), bytes("x")), "{a: |u1 @0} of 1 [] by [] \"x\""},
      {scalar(dtype("M8", {.metadata = unit("s")}), bytes(std::string(8, '\1'))),
       "<M8[s] [] by [] \"\\x01\\x01\\x01\\x01\\x01\\x01\\x01\\x01\""},
  });
}

TEST(DecodeArray, SharesADtypeThroughTheMemo) {
  const std::string type = memoized(1, dtype("u1", {.order = "|"}));
  expect_all({
      {list({array({1}, type, bytes("a")), array({2}, fetched(1), bytes("bc")), fetched(1)}),
       "[|u1 [1] by [1] \"a\", |u1 [2] by [1] \"bc\", dtype |u1]"},
  });
}

}  // namespace
