// Masked arrays, arrays of text, scalars of objects and old dtype states that lie.
#include <gtest/gtest.h>

#include <string>

#include "support/array_builder.h"
#include "support/forgery.h"

namespace {

using namespace test_support;

const std::string kObjects = dtype("O8", {.order = "|", .flags = 63});
const std::string kByte = dtype("u1", {.order = "|"});
const std::string kNaN = real(std::bit_cast<double>(0x7FF8000000000000));

std::string named(const std::string& function) {
  return "corrupt: a known name is called with arguments it never gets: " + function;
}
std::string about_array(const std::string& reason) {
  return "corrupt: " + reason + ": numpy.ndarray";
}

std::string masked_shell(std::string_view array_class, std::string_view base_class,
                         std::string_view start, std::string_view letter) {
  return reduce(symbol("numpy.ma.core", "_mareconstruct"),
                {array_class, base_class, start, letter});
}
const std::string kMasked = symbol("numpy.ma", "MaskedArray");
const std::string kPlain = symbol("numpy", "ndarray");
const std::string kShell = masked_shell(kMasked, kPlain, integers({0}), text("b"));

TEST(MaskedForgeries, HaveAMaskOfTheirSize) {
  const std::string mask_size = about_array("a mask of another size than its array");
  const auto with = [](std::string_view shape, std::string_view data, std::string_view mask,
                       const std::string& complaint) {
    return Forgery{build(kShell, tuple({integer(1), shape, kByte, kFalse, data, mask, kNone})),
                   complaint, kShell};
  };
  const std::string two = integers({2});
  expect_complaints({
      with(two, bytes("ab"), bytes("\1"), mask_size),
      with(two, bytes("ab"), bytes("\1\1\1"), mask_size),
      with(two, bytes("ab"), bytes(""), mask_size),
      with(two, bytes("ab"), kNone, mask_size),
      with(two, bytes("ab"), kFalse, mask_size),
      with(two, bytes("ab"), list({kTrue, kTrue}), mask_size),
      with(two, bytes("ab"), text("ab"), mask_size),
      with(integers({-1}), bytes(""), bytes(""), mask_size),
      with(integers({1LL << 32, 1LL << 32}), bytes(""), bytes(""), mask_size),
      with(tuple({kTrue}), bytes("a"), bytes("\1"), mask_size),
      with(two, bytes("abc"), bytes("\1\1"),
           about_array("data of another size than the sizes say")),
      with(two, text("ab"), bytes("\1\1"), about_array("data that is text")),
  });
}

TEST(MaskedForgeries, HaveStatesInAKnownForm) {
  const std::string form = about_array("a masked array in no known form");
  const std::string one = integers({1});
  const auto with = [](std::initializer_list<std::string_view> state,
                       const std::string& complaint) {
    return Forgery{build(kShell, tuple(state)), complaint, kShell};
  };
  const std::string data = bytes("a") + bytes("\1");
  const std::string structured = structure({{"a", kByte, 0}}, 1);
  const std::string mask = about_array("a mask of another size than its array");
  expect_complaints({
      with({}, form),
      with({integer(1), one, kByte, kFalse, data}, form),
      with({integer(1), one, kByte, kFalse, data, kNone, kNone}, form),
      with({integer(2), one, kByte, kFalse, data, kNone}, form),
      with({integer(1), list({integer(1)}), kByte, kFalse, data, kNone}, form),
      with({integer(1), one, text("u1"), kFalse, data, kNone}, form),
      with({integer(1), one, kByte, integer(2), data, kNone}, form),
      with({integer(1), one, kByte, kNone, data, kNone}, form),
      with({integer(1), one, kObjects, kFalse, list({kNone}), bytes("\1\1"), kNone}, mask),
      with({integer(1), one, structured, kFalse, bytes("a"), bytes("\1\1"), kNone}, mask),
      {build(kShell, kNone),
       "corrupt: a known value is given a state it never gets: _mareconstruct", kShell},
      {kShell, about_array("an array that is never filled")},
  });
}

TEST(MaskedForgeries, HaveShellsInAKnownForm) {
  const std::string shell = about_array("an array shell in no known form");
  const std::string start = integers({0});
  const auto with = [](const std::string& own, const std::string& complaint) {
    return Forgery{build(own, ")"), complaint, own};
  };
  expect_complaints({
      with(masked_shell(kPlain, kPlain, start, text("b")), shell),
      with(masked_shell(kMasked, kPlain, integers({1}), text("b")), shell),
      with(masked_shell(kMasked, kPlain, integers({}), text("b")), shell),
      with(masked_shell(kMasked, kPlain, start, text("O")), shell),
      with(masked_shell(kMasked, symbol("numpy", "memmap"), start, text("b")),
           about_array("a masked array over an unusual class")),
      with(masked_shell(kMasked, symbol("m", "A"), start, text("b")), named("_mareconstruct")),
      with(masked_shell(symbol("builtins", "dict"), kPlain, start, text("b")),
           named("_mareconstruct")),
      with(reduce(symbol("numpy._core.multiarray", "_reconstruct"), {kMasked, start, bytes("b")}),
           shell),
      {reduce(symbol("numpy.ma.core", "MaskedConstant"), {integer(0)}), named("MaskedConstant")},
  });
}

std::string string_dtype(std::initializer_list<std::string_view> arguments) {
  return reduce(symbol("numpy._core._internal", "_convert_to_stringdtype_kwargs"), arguments);
}

TEST(TextArrayForgeries, HaveATextPerItem) {
  const std::string count = about_array("as many objects as the sizes say are not there");
  const std::string odd = about_array("an object that does not fit the type of its array");
  const std::string plain = string_dtype({integer(1)});
  const std::string with_nan = string_dtype({integer(1), kNaN});
  const auto with = [](std::initializer_list<std::int64_t> shape, std::string_view type,
                       std::string_view data, const std::string& complaint) {
    return Forgery{array(shape, type, data), complaint, array_shell()};
  };
  const std::string a = text("a");
  expect_complaints({
      with({2}, plain, list({a}), count),
      with({1}, plain, list({}), count),
      with({1}, plain, list({a, a}), count),
      with({1LL << 40}, plain, list({a}), count),
      with({1}, plain, bytes("0123456789abcdef"), count),
      with({1}, plain, tuple({a}), count),
      with({1}, plain, list({bytes("a")}), odd),
      with({1}, plain, list({kNone}), odd),
      with({1}, plain, list({integer(1)}), odd),
      with({1}, with_nan, list({kNone}), odd),
      {scalar(plain, bytes("0123456789abcdef")), count},
      {reduce(symbol("numpy._core.numeric", "_frombuffer"),
              {bytes("0123456789abcdef"), plain, integers({1}), text("C")}),
       count},
  });
}

TEST(TextArrayForgeries, HaveATypeInAKnownForm) {
  const std::string odd =
      "corrupt: a StringDType with an odd value for what is missing: numpy.dtype";
  const std::string function = "_convert_to_stringdtype_kwargs";
  const std::string text_type = string_dtype({integer(1)});
  const std::string part = structure({{"t", text_type, 0}}, 16);
  expect_complaints({
      {string_dtype({integer(1), integer(0)}), odd},
      {string_dtype({integer(1), list({})}), odd},
      {string_dtype({integer(1), symbol("pandas", "NA")}), odd},
      {string_dtype({}), named(function)},
      {string_dtype({text("a")}), named(function)},
      {string_dtype({kNone}), named(function)},
      {string_dtype({integer(1), kNaN, kNone}), named(function)},
      {part, "corrupt: a StringDType as a part of another type: numpy.dtype", dtype_shell("V16")},
      {build(text_type, kNone), "corrupt: a state is given to a value that cannot take one",
       text_type},
  });
}

TEST(ObjectScalarForgeries, HoldTheArrayOfTheirOwnType) {
  const std::string other = about_array("a scalar whose data is another array");
  const std::string pair = structure({{"o", kObjects, 0}}, 8, 8, 27);
  const std::string one = list({tuple({kNone})});
  expect_complaints({
      {scalar(memoized(9, pair), array({1}, fetched(9), one)), other},
      {scalar(pair, array({}, pair, one)), other},
      {scalar(kByte, array({}, kByte, bytes("a"))), other},
      {scalar(memoized(9, kByte), array({}, fetched(9), bytes("a"))), other},
      {scalar(pair, array({}, kByte, bytes("a"))), other},
  });
  EXPECT_EQ(complaint(CheckpointBuilder(scalar(memoized(9, pair), array({}, fetched(9), one)))),
            "");
}

TEST(OldDtypeForgeries, KeepTheirNamesInADict) {
  const std::string shell = dtype_shell("V4");
  const std::string minus = integer(-1);
  const std::string field = tuple({dtype("i4"), integer(0)});
  const auto with = [&](std::string_view fields, const std::string& reason) {
    return Forgery{
        build(shell, tuple({integer(1), text("|"), kNone, fields, integer(4), integer(1)})),
        "corrupt: " + reason + ": numpy.dtype", shell};
  };
  const std::string form = "fields in no known form";
  const std::string number = "fields and names that differ in number";
  expect_complaints({
      with(tuple({minus}), "fields without names"),
      with(list({minus}), "fields without names"),
      with(tuple({minus, tuple({text("a")})}), "fields without names"),
      with(dict({text("a"), field}), "fields without names"),
      with(dict({minus, kNone}), form),
      with(dict({minus, list({text("a")})}), form),
      with(dict({minus, tuple({text("a")})}), "a name without a field"),
      with(dict({minus, tuple({integer(1)}), text("a"), field}), "a field whose name is not text"),
      with(dict({minus, tuple({text("a")}), text("a"), field, text("b"), field}), number),
      with(dict({minus, tuple({text("a")}), minus, tuple({text("a")}), text("a"), field}), number),
      with(dict({minus, tuple({text("a")}), text("a"), kNone}), "a field in no known form"),
      with(dict({minus, tuple({text("a")}), text("a"), tuple({dtype("i4"), integer(1)})}),
           "a field that reaches out of its item"),
  });
}

}  // namespace
