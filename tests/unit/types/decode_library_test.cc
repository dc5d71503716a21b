// The standard library beyond plain values: wrappers, streams, patterns, number arrays, types.
#include <gtest/gtest.h>

#include <string>

#include "support/value_cases.h"

namespace {

using namespace test_support;
using namespace std::string_literals;
using safe_load::types::Known;
using safe_load::types::Meaning;

const std::string kOne = integer(1);
const std::string kTwo = integer(2);
const std::string kInt = symbol("builtins", "int");
const std::string kNoneType = reduce(symbol("builtins", "type"), {kNone});

std::string call(std::string_view module, std::string_view name,
                 std::initializer_list<std::string_view> arguments) {
  return reduce(symbol(module, name), arguments);
}
std::string filled(std::string_view module, std::string_view name, std::string_view state) {
  return build(newobj(symbol(module, name), {}), state);
}
std::string wrapping(std::string_view value) { return dict({text("data"), value}); }

ValueCases wrappers() {
  const std::string map = dict({text("a"), kOne});
  const std::string string = text("ab");
  return {
      {filled("collections", "ChainMap", dict({text("maps"), list({map, "}"})})),
       "collections.ChainMap().build({\"maps\": [{\"a\": 1}, {}]})"},
      {filled("collections", "UserDict", wrapping(map)),
       "collections.UserDict().build({\"data\": {\"a\": 1}})"},
      {filled("UserDict", "IterableUserDict", wrapping("}")),
       "collections.UserDict().build({\"data\": {}})"},
      {filled("collections", "UserList", wrapping(list({kOne}))),
       "collections.UserList().build({\"data\": [1]})"},
      {filled("UserList", "UserList", wrapping("]")),
       "collections.UserList().build({\"data\": []})"},
      {filled("collections", "UserString", wrapping(string)),
       "collections.UserString().build({\"data\": \"ab\"})"},
      {build(newobj(symbol("UserString", "UserString"), {string}), wrapping(string)),
       "collections.UserString(\"ab\").build({\"data\": \"ab\"})"},
      {build(call("collections", "UserDict", {}), dict({text("data"), "}", text("x"), kOne})),
       "collections.UserDict().build({\"data\": {}, \"x\": 1})"},
  };
}

ValueCases times() {
  const std::string now = integers({2024, 2, 29, 13, 37, 59, 3, 60, 0});
  const std::string zone =
      call("builtins", "getattr", {symbol("zoneinfo", "ZoneInfo"), text("_unpickle")});
  const std::string berlin = reduce(zone, {text("Europe/Berlin"), kOne});
  const std::string moment("\x07\xe8\x02\x1d\x0d\x25\x3b\x01\xe2\x40", 10);
  return {
      {call("time", "struct_time", {now}), "time.struct_time((2024, 2, 29, 13, 37, 59, 3, 60, 0))"},
      {call("time", "struct_time",
            {now, dict({text("tm_zone"), text("GMT"), text("tm_gmtoff"), integer(0)})}),
       "time.struct_time((2024, 2, 29, 13, 37, 59, 3, 60, 0), "
       "{\"tm_zone\": \"GMT\", \"tm_gmtoff\": 0})"},
      {call("time", "struct_time", {integers({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})}),
       "time.struct_time((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11))"},
      {berlin, "zoneinfo.ZoneInfo(\"Europe/Berlin\", 1)"},
      {reduce(zone, {text("UTC"), kFalse}), "zoneinfo.ZoneInfo(\"UTC\", False)"},
      {call("datetime", "datetime", {bytes(moment), berlin}),
       "datetime.datetime[2024, 2, 29, 13, 37, 59, 123456, 0] in "
       "zoneinfo.ZoneInfo(\"Europe/Berlin\", 1)"},
  };
}

ValueCases patterns_and_addresses() {
  const auto address = [](std::string_view name, std::string_view value) {
    return call("ipaddress", name, {value});
  };
  const std::string all_ones = "\x8a\x11"s + std::string(16, '\xff') + '\0';
  return {
      {call("re", "_compile", {text("a+"), integer(34)}), "re.Pattern(\"a+\", 34)"},
      {call("re", "_compile", {bytes("a+"), integer(0)}), "re.Pattern(b\"a+\", 0)"},
      // Never compiled: a pattern that is none does no harm.
      {call("re", "_compile", {text("(a+)+("), integer(0)}), "re.Pattern(\"(a+)+(\", 0)"},
      {address("IPv4Address", integer(16909060)), "ipaddress(16909060)"},
      {address("IPv6Address", all_ones), "ipaddress(an integer of 136 bits)"},
      {address("IPv4Network", text("10.0.0.0/8")), "ipaddress(\"10.0.0.0/8\")"},
      {address("IPv6Network", text("2001:db8::/32")), "ipaddress(\"2001:db8::/32\")"},
      {address("IPv4Interface", text("1.2.3.4/8")), "ipaddress(\"1.2.3.4/8\")"},
      {address("IPv6Interface", text("::1/128")), "ipaddress(\"::1/128\")"},
  };
}

ValueCases number_arrays() {
  const auto numbers = [](std::string_view code, std::initializer_list<std::string_view> items) {
    return call("array", "array", {text(code), list(items)});
  };
  const auto packed = [](std::string_view code, std::int64_t format, std::string_view content) {
    return call("array", "_array_reconstructor",
                {symbol("array", "array"), text(code), integer(format), bytes(content)});
  };
  const std::string top = "\x8a\x09"s + std::string(8, '\xff') + '\0';  // 2^64 - 1
  return {
      {numbers("b", {integer(-128), integer(127)}), "array.array(\"b\", [-128, 127])"},
      {numbers("B", {integer(0), integer(255)}), "array.array(\"B\", [0, 255])"},
      {numbers("h", {integer(-32768)}), "array.array(\"h\", [-32768])"},
      {numbers("H", {integer(65535)}), "array.array(\"H\", [65535])"},
      {numbers("i", {integer(INT32_MIN)}), "array.array(\"i\", [-2147483648])"},
      {numbers("I", {integer(UINT32_MAX)}), "array.array(\"I\", [4294967295])"},
      {numbers("l", {integer(INT64_MIN)}), "array.array(\"l\", [-9223372036854775808])"},
      {numbers("L", {top}), "array.array(\"L\", [18446744073709551615])"},
      {numbers("q", {kOne}), "array.array(\"q\", [1])"},
      {numbers("Q", {}), "array.array(\"Q\", [])"},
      {numbers("f", {real(0.5)}), "array.array(\"f\", [0.5])"},
      {numbers("d", {real(0.5), kOne}), "array.array(\"d\", [0.5, 1])"},
      {numbers("u", {text("a"), text("b")}), "array.array(\"u\", [\"a\", \"b\"])"},
      {packed("i", 8, raw<std::int32_t>({1})),
       "array.array(array.array, \"i\", 8, b\"\\x01\\x00\\x00\\x00\")"},
      {packed("B", 0, "ab"), "array.array(array.array, \"B\", 0, b\"ab\")"},
      {packed("d", 17, ""), "array.array(array.array, \"d\", 17, b\"\")"},
      {packed("u", 20, "a\0\0\0"s), "array.array(array.array, \"u\", 20, b\"a\\x00\\x00\\x00\")"},
  };
}

ValueCases streams() {
  return {
      {filled("_io", "BytesIO", tuple({bytes("abc"), kOne, kNone})),
       "io.BytesIO().build((b\"abc\", 1, None))"},
      // Behind the end is where a program may seek to.
      {filled("_io", "BytesIO", tuple({bytes("abc"), integer(9), "}"})),
       "io.BytesIO().build((b\"abc\", 9, {}))"},
      {filled("_io", "StringIO", tuple({text("abc\n"), text("\n"), integer(0), kNone})),
       "io.StringIO().build((\"abc\\n\", \"\\n\", 0, None))"},
      {filled("_io", "StringIO", tuple({text(""), kNone, integer(0), "}"})),
       "io.StringIO().build((\"\", None, 0, {}))"},
  };
}

ValueCases random_states() {
  std::string words = "(";
  std::string printed = "(";
  for (int i = 0; i < 624; ++i) {
    words += integer(UINT32_MAX);
    printed += "4294967295, ";
  }
  const auto state = [&](std::string_view next) {
    return tuple({integer(3), words + integer(624) + "t", next});
  };
  const std::string shown = "random.Random().build((3, " + printed + "624), ";
  return {
      {build(call("random", "Random", {}), state(kNone)), shown + "None))"},
      {filled("random", "Random", state(real(0.5))), shown + "0.5))"},
  };
}

ValueCases type_expressions() {
  const std::string pair = tuple({kInt, kNoneType});
  const std::string getitem = symbol("_operator", "getitem");
  const std::string alias =
      call("types", "GenericAlias", {symbol("builtins", "list"), tuple({kInt})});
  return {
      {reduce(getitem, {symbol("typing", "Union"), pair}),
       "type expression(typing.Union, (builtins.int, type(None)))"},
      {reduce(getitem, {symbol("typing", "List"), symbol("m", "Model")}),
       "type expression(typing.List, m.Model)"},
      {reduce(getitem, {symbol("typing", "Callable"), tuple({list({kInt}), kNoneType})}),
       "type expression(typing.Callable, ([builtins.int], type(None)))"},
      {reduce(getitem, {symbol("typing", "Literal"), tuple({text("a"), kTwo, kTrue, bytes("b")})}),
       "type expression(typing.Literal, (\"a\", 2, True, b\"b\"))"},
      {reduce(getitem, {symbol("collections.abc", "Sequence"), kInt}),
       "type expression(collections.abc.Sequence, builtins.int)"},
      {alias, "type expression(builtins.list, (builtins.int))"},
      {reduce(getitem, {symbol("typing", "Dict"), tuple({kInt, alias})}),
       "type expression(typing.Dict, (builtins.int, type expression(builtins.list, "
       "(builtins.int))))"},
      {call("functools", "reduce", {symbol("_operator", "or_"), pair}),
       "type expression(_operator.or_, (builtins.int, type(None)))"},
      {call("_functools", "reduce", {symbol("_operator", "or_"), pair}),
       "type expression(_operator.or_, (builtins.int, type(None)))"},
      {call("__builtin__", "reduce", {symbol("_operator", "or_"), pair}),
       "type expression(_operator.or_, (builtins.int, type(None)))"},
      // A flag of an enumeration: its members are nobody's business here.
      {call("functools", "reduce",
            {symbol("_operator", "or_"), tuple({call("m", "Flag", {kOne}), kTwo})}),
       "functools.reduce(_operator.or_, (m.Flag(1), 2))"},
  };
}

// Inert records that a program saved again.
ValueCases own_records() {
  ValueCases cases;
  for (const char* name :
       {"Opaque", "GlobalRef", "AttrRef", "Partial", "TypeExpr", "TensorRecord", "StateRecord"})
    cases.push_back({build(newobj(symbol("safe_load._inert", name), {}),
                           tuple({kNone, dict({text("cls"), text("m.C")})})),
                     "record of safe_load().build((None, {\"cls\": \"m.C\"}))"});
  cases.push_back({build(newobj(symbol("safe_load._inert", "Pattern"), {}),
                         dict({text("pattern"), text("a+")})),
                   "record of safe_load().build({\"pattern\": \"a+\"})"});
  cases.push_back({newobj(symbol("safe_load._inert", "_States"), {}), "record of safe_load()"});
  return cases;
}

ValueCases all_cases() {
  ValueCases all;
  for (const ValueCases& some : {wrappers(), times(), patterns_and_addresses(), number_arrays(),
                                 streams(), random_states(), type_expressions(), own_records()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

TEST(DecodeLibrary, ReadsEverySpelling) { expect_texts(all_cases()); }

// A row that is added to the table needs a case here.
TEST(DecodeLibrary, CoversEveryKnownName) {
  expect_all_names(all_cases(), [](const Known& row) {
    return row.meaning >= Meaning::kChainMap && row.meaning <= Meaning::kOwnRecord;
  });
}

TEST(DecodeLibrary, GivesTheFieldsOfATime) {
  const auto opened = open(CheckpointBuilder(
      call("time", "struct_time", {integers({2024, 2, 29, 13, 37, 59, 3, 60, 0}), "}"})));
  ASSERT_TRUE(opened);
  const safe_load::Dims fields = opened->root().fields();
  ASSERT_EQ(fields.size(), 9u);
  EXPECT_EQ(fields[0], 2024);
  EXPECT_EQ(fields[7], 60);
}

TEST(DecodeLibrary, TellsAddressesApartByTheirClass) {
  const auto opened = open(CheckpointBuilder(call("ipaddress", "IPv6Network", {text("::/0")})));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->root().kind(), safe_load::ValueKind::kIpAddress);
  EXPECT_EQ(opened->root().class_name(), "ipaddress.IPv6Network");
}

}  // namespace
