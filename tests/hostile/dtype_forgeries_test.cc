// NumPy dtypes that lie. NumPy itself would read foreign memory for many of them.
#include <gtest/gtest.h>

#include <string>

#include "support/array_builder.h"
#include "support/forgery.h"

namespace {

using namespace test_support;

const std::string kObjects = dtype("O8", {.order = "|", .flags = 63});
const std::string kByte = dtype("u1", {.order = "|"});
const std::string kInt = dtype("i4");

std::string named(const std::string& function) {
  return "corrupt: a known name is called with arguments it never gets: " + function;
}
std::string about_dtype(const std::string& reason) {
  return "corrupt: " + reason + ": numpy.dtype";
}

// A dtype whose state is to blame; the error stands at the call before the state.
Forgery bad_dtype(std::string_view type, const DtypeState& state, const std::string& reason) {
  return {dtype(type, state), about_dtype(reason), dtype_shell(type)};
}

// A structure of `size` bytes of one field.
Forgery bad_field(const std::string& field_type, std::int64_t offset, std::int64_t size,
                  const std::string& reason) {
  return {structure({{"a", field_type, offset}}, size), about_dtype(reason),
          dtype_shell("V" + std::to_string(size))};
}

TEST(DtypeForgeries, HaveFlagsThatFollowFromTheType) {
  const std::string reason = "flags that contradict the type";
  expect_complaints({
      // Each of these made NumPy 2.4.6 give out an address or crash.
      bad_dtype("f8", {.flags = 4}, reason),
      bad_dtype("i8", {.flags = 4}, reason),
      bad_dtype("f8", {.flags = 63}, reason),
      bad_dtype("O8", {.order = "|", .flags = 0}, reason),
      bad_dtype("O8", {.order = "|", .flags = 27}, reason),
      bad_dtype("f8", {.flags = 128}, reason),
      bad_dtype("f8", {.flags = -128}, reason),
      bad_dtype("S5", {.order = "|", .size = 5, .alignment = 1, .flags = 63}, reason),
      bad_dtype("U1", {.size = 4, .alignment = 4, .flags = 0}, reason),
      bad_dtype("V7", {.order = "|", .size = 7, .alignment = 1, .flags = 16}, reason),
      bad_dtype("f8", {.flags = -129}, "flags out of range"),
      bad_dtype("f8", {.flags = 256}, "flags out of range"),
      {structure({{"o", kObjects, 0}}, 8, 8, 0), about_dtype(reason), dtype_shell("V8")},
      {structure({{"o", kObjects, 0}}, 8, 8, 16), about_dtype(reason), dtype_shell("V8")},
      {structure({{"a", kInt, 0}}, 4, 4, 27), about_dtype(reason), dtype_shell("V4")},
      {structure({{"a", kInt, 0}}, 4, 4, 0), about_dtype(reason), dtype_shell("V4")},
  });
}

TEST(DtypeForgeries, HaveFieldsInsideTheirItem) {
  const std::string reason = "a field that reaches out of its item";
  expect_complaints({
      bad_field(kInt, 1, 4, reason),
      bad_field(kInt, 2, 4, reason),
      bad_field(kInt, -1, 4, reason),
      bad_field(kInt, -(1 << 20), 4, reason),
      bad_field(kInt, 1 << 20, 4, reason),
      bad_field(kInt, 1LL << 40, 4, reason),
      bad_field(kInt, INT64_MAX, 4, reason),
      bad_field(kInt, 0, 3, reason),
      bad_field(kInt, 0, 0, reason),
      bad_field(dtype_shell("S5"), 0, 4, reason),
  });
}

TEST(DtypeForgeries, HaveSubarraysOfTheirSize) {
  const auto with = [](const std::string& shape, std::int64_t size, const std::string& reason) {
    return bad_dtype("V" + std::to_string(size),
                     {.order = "|", .subarray = shape, .size = size, .alignment = 4}, reason);
  };
  const std::string size_error = "a subarray whose size contradicts its parts";
  const std::string form_error = "a subarray in no known form";
  expect_complaints({
      with(subarray(kInt, {1 << 20}), 24, size_error),
      with(subarray(kInt, {2, 3}), 23, size_error),
      with(subarray(kInt, {2, 3}), 25, size_error),
      with(subarray(kInt, {1LL << 62}), 0, size_error),
      with(subarray(kInt, {1LL << 32, 1LL << 32}), 0, size_error),
      with(subarray(kInt, {-1}), 4, size_error),
      with(tuple({kInt, integer(-1)}), 4, size_error),
      with(tuple({kInt, real(2)}), 8, size_error),
      with(tuple({kInt, "](K\2e"}), 8, size_error),
      with(tuple({kInt}), 4, form_error),
      with(tuple({kInt, integers({1}), kNone}), 4, form_error),
      with(list({kInt, integers({1})}), 4, form_error),
      with(tuple({text("i4"), integers({1})}), 4, "a part that is not a dtype"),
      bad_dtype("f8", {.subarray = subarray(kInt, {2})}, form_error),
  });
}

TEST(DtypeForgeries, KeepObjectsApart) {
  const auto two = [](const std::string& b, std::int64_t offset) {
    const std::string type = structure({{"a", kObjects, 4}, {"b", b, offset}}, 24, 8, 27);
    return Forgery{type, about_dtype("fields that overlap where objects lie"), dtype_shell("V24")};
  };
  expect_complaints({two(kObjects, 4), two(kObjects, 11), two(kInt, 1), two(kInt, 11),
                     two(dtype("f8"), 8), two(kByte, 4)});
  EXPECT_EQ(complaint(CheckpointBuilder(
                structure({{"a", kObjects, 4}, {"b", kInt, 0}, {"c", kObjects, 12}}, 24, 8, 27))),
            "");
}

TEST(DtypeForgeries, HaveTypesThatNumPyWrites) {
  const auto type = [](const std::string& name) {
    return Forgery{dtype_shell(name), "corrupt: a type that NumPy does not write: " + name};
  };
  expect_complaints({
      type("f3"),
      type("i16"),
      type("x8"),
      type("float64"),
      type("<f8"),
      type("S5x"),
      type("S 5"),
      type("S+5"),
      type("V99999999999999999999"),
      type("S536870912"),
      type("U536870912"),
      type("M8[s]"),
      type("T16"),
      type("i4,f8"),
      type("f8 "),
      {dtype_shell(""), "corrupt: a type that NumPy does not write"},
      {reduce(symbol("numpy", "dtype"), {symbol("numpy", "float64"), kFalse, kTrue}),
       "corrupt: a type that NumPy does not write: float64"},
      {reduce(symbol("numpy", "dtype"), {symbol("os", "system"), text("f8"), kTrue}),
       named("dtype")},
      {reduce(symbol("numpy", "dtype"), {text("f8")}), named("dtype")},
      {reduce(symbol("numpy", "dtype"), {text("f8"), kFalse, kTrue, kTrue}), named("dtype")},
      {reduce(symbol("numpy", "dtype"), {integer(8), kFalse, kTrue}), named("dtype")},
  });
}

TEST(DtypeForgeries, HaveStatesOfAKnownVersion) {
  const auto with = [](const std::string& state) {
    return Forgery{build(dtype_shell("f8"), state),
                   about_dtype("a dtype state of an unknown version"), dtype_shell("f8")};
  };
  const std::string minus = integer(-1);
  const std::string body = text("<") + "NNN" + minus + minus;
  expect_complaints({
      with(")"),
      with(tuple({integer(5), body, integer(0), kNone})),
      with(tuple({integer(5), body, integer(0)})),
      with(tuple({integer(3), body})),
      with(tuple({integer(3), body, integer(0), kNone})),
      with(tuple({integer(4), body, integer(0)})),
      with(tuple({integer(2), body, integer(0)})),
      with(tuple({integer(-1), body, integer(0)})),
      with(tuple({real(3), body, integer(0)})),
      {build(dtype_shell("f8"), list({integer(3), body, integer(0)})),
       "corrupt: a known value is given a state it never gets: dtype", dtype_shell("f8")},
      {build(dtype_shell("f8"), kNone),
       "corrupt: a known value is given a state it never gets: dtype", dtype_shell("f8")},
  });
}

TEST(DtypeForgeries, HaveOrdersAndSizesOfTheirType) {
  const std::string order = "an unknown byte order";
  const std::string no_order = "a number without a byte order";
  const std::string no_size = "an item size for a type that has none";
  const std::string contradiction = "an item size that contradicts the type";
  const auto text_of = [](std::int64_t size) {
    return DtypeState{.order = "|", .size = size, .alignment = 1};
  };
  expect_complaints({
      bad_dtype("f8", {.order = "x"}, order),
      bad_dtype("f8", {.order = ""}, order),
      bad_dtype("f8", {.order = "<<"}, order),
      bad_dtype("b1", {.order = "!"}, order),
      bad_dtype("f8", {.order = "|"}, no_order),
      bad_dtype("U1", {.order = "|", .size = 4, .alignment = 4, .flags = 8}, no_order),
      bad_dtype("M8", {.order = "|", .metadata = unit("s")}, no_order),
      bad_dtype("f8", {.size = 8}, no_size),
      bad_dtype("f8", {.alignment = 8}, no_size),
      bad_dtype("O8", {.order = "|", .size = 0, .flags = 63}, no_size),
      bad_dtype("S5", text_of(-5), "an impossible item size"),
      bad_dtype("S5", text_of(-1), "an impossible item size"),
      bad_dtype("S5", text_of(0x80000000LL), "an impossible item size"),
      bad_dtype("S5", text_of(4), contradiction),
      bad_dtype("S5", text_of(6), contradiction),
      bad_dtype("V5", text_of(0), contradiction),
      bad_dtype("U5", {.size = 5, .alignment = 4, .flags = 8}, contradiction),
  });
}

TEST(DtypeForgeries, HaveAFieldForEachName) {
  const auto with = [](std::string_view names, std::string_view entries,
                       const std::string& reason) {
    return bad_dtype("V4",
                     {.order = "|",
                      .names = std::string(names),
                      .fields = std::string(entries),
                      .size = 4,
                      .alignment = 1,
                      .flags = 16},
                     reason);
  };
  const std::string a = text("a");
  const std::string field = tuple({kInt, integer(0)});
  const std::string form = "a field in no known form";
  const std::string fields = "fields in no known form";
  std::string deep = kByte;
  for (int i = 0; i < 9; ++i) deep = structure({{"x", deep, 0}}, 1);
  expect_complaints({
      with(tuple({a}), "}", "a name without a field"),
      with(tuple({a, text("b")}), dict({a, field}), "a name without a field"),
      with(tuple({integer(1)}), dict({a, field}), "a field whose name is not text"),
      with(tuple({a}), dict({a, tuple({kInt})}), form),
      with(tuple({a}), dict({a, tuple({kInt, integer(0), kNone, kNone})}), form),
      with(tuple({a}), dict({a, list({kInt, integer(0)})}), form),
      with(tuple({a}), dict({a, tuple({text("i4"), integer(0)})}), "a part that is not a dtype"),
      with(tuple({a}), dict({a, tuple({kInt, real(0)})}), "a field that reaches out of its item"),
      with(tuple({a}), kNone, fields),
      with(list({a}), dict({a, field}), fields),
      with(a, dict({a, field}), fields),
      with(kNone, dict({a, field}), "fields without names"),
      bad_dtype("f8", {.names = tuple({a}), .fields = dict({a, field})}, fields),
  });
  // The ninth structure, counted from within, is one too many.
  const std::string message = complaint(CheckpointBuilder(deep));
  EXPECT_EQ(message.substr(message.find(':')), ": dtypes nested too deep: numpy.dtype");
}

TEST(DtypeForgeries, UsePartsThatAreComplete) {
  const std::string part = memoized(1, dtype_shell("i4"));
  const std::string whole = structure({{"a", fetched(1), 0}}, 4);
  expect_complaints({
      {tuple({part, whole, build(fetched(1), dtype_state({}))}),
       about_dtype("a part that is not complete"), dtype_shell("V4")},
  });
  // A dtype that is a part of itself.
  const std::string own = memoized(1, dtype_shell("V4"));
  const std::string state =
      dtype_state({.order = "|",
                   .names = tuple({text("a")}),
                   .fields = dict({text("a"), tuple({fetched(1), integer(0)})}),
                   .size = 4,
                   .alignment = 1,
                   .flags = 16});
  expect_complaints({
      {build(own, state), about_dtype("a part that is not complete"), dtype_shell("V4")},
  });
}

TEST(DtypeForgeries, HaveUnitsOfNumPy) {
  const std::string form = "a date type with a unit in no known form";
  const auto with = [](std::string_view metadata, const std::string& reason) {
    return bad_dtype("M8", {.metadata = std::string(metadata)}, reason);
  };
  const auto parts = [](std::initializer_list<std::string_view> items) {
    return tuple({kNone, tuple(items)});
  };
  const std::string one = integer(1);
  const std::string s = bytes("s");
  expect_complaints({
      bad_dtype("M8", {}, "a date type without a unit"),
      bad_dtype("m8", {}, "a date type without a unit"),
      with(unit("B"), "a date type with an unknown unit"),
      with(unit("S"), "a date type with an unknown unit"),
      with(unit(""), "a date type with an unknown unit"),
      with(unit("s", 0), form),
      with(unit("s", -1), form),
      with(unit("s", 0x80000000LL), form),
      with(parts({s, one, integer(2), one}), form),
      with(parts({s, one, one, integer(2)}), form),
      with(parts({s, one, one}), form),
      with(parts({kNone, one, one, one}), form),
      with(parts({s, text("1"), one, one}), form),
      with(kNone, form),
      with("}", form),
  });
}

TEST(DtypeForgeries, CarryMetadataInADict) {
  const std::string reason = "metadata that is not a dict";
  const std::string seconds = tuple({bytes("s"), integer(1), integer(1), integer(1)});
  expect_complaints({
      bad_dtype("f8", {.metadata = integer(1)}, reason),
      bad_dtype("f8", {.metadata = ")"}, reason),
      bad_dtype("f8", {.metadata = text("a")}, reason),
      bad_dtype("f8", {.metadata = symbol("os", "environ")}, reason),
      bad_dtype("M8", {.metadata = tuple({integer(1), seconds})}, reason),
  });
}

}  // namespace
