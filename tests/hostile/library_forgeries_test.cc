// Objects of the standard library with states and arguments that they never get.
#include <gtest/gtest.h>

#include <string>

#include "support/forgery.h"

namespace {

using namespace test_support;
using namespace std::string_literals;

const std::string kOne = integer(1);
const std::string kBig = "\x8a\x09" + std::string(8, '\0') + "\1";  // 2^64

std::string call(std::string_view module, std::string_view name,
                 std::initializer_list<std::string_view> arguments) {
  return reduce(symbol(module, name), arguments);
}
std::string named(const std::string& function) {
  return "corrupt: a known name is called with arguments it never gets: " + function;
}
std::string odd_state(const std::string& name) {
  return "corrupt: a known value is given a state it never gets: " + name;
}

// An object that is given a state; the error stands at the call before it.
Forgery filled(std::string_view module, std::string_view name, std::string_view state,
               const std::string& complaint) {
  const std::string empty = newobj(symbol(module, name), {});
  return {build(empty, state), complaint, empty};
}

TEST(LibraryForgeries, WrapAnotherKindOfValue) {
  const std::string kind = "corrupt: a wrapper of another kind of value";
  const std::string none = "corrupt: a wrapper without a value";
  const std::string data = text("data");
  const auto wrapper = [](std::string_view name, std::string_view state,
                          const std::string& complaint) {
    return filled("collections", name, state, complaint);
  };
  expect_complaints({
      wrapper("UserDict", dict({data, "]"}), kind),
      wrapper("UserDict", dict({data, kNone}), kind),
      wrapper("UserList", dict({data, ")"}), kind),
      wrapper("UserList", dict({data, text("ab")}), kind),
      wrapper("UserString", dict({data, bytes("ab")}), kind),
      wrapper("ChainMap", dict({text("maps"), "}"}), kind),
      wrapper("UserDict", "}", none),
      wrapper("UserDict", dict({text("Data"), "}"}), none),
      wrapper("ChainMap", dict({data, "]"}), none),
      // Of equal keys the last one counts.
      wrapper("UserDict", dict({data, "}", data, kOne}), kind),
      wrapper("UserDict", dict({kOne, "}"}), odd_state("UserDict")),
      wrapper("UserList", "]", odd_state("UserList")),
      wrapper("UserString", tuple({kNone, dict({data, text("a")})}), odd_state("UserString")),
      {newobj(symbol("collections", "UserDict"), {}),
       "corrupt: a value that is never filled: UserDict"},
      {newobj(symbol("collections", "ChainMap"), {"}"}), named("ChainMap")},
      {newobj(symbol("collections", "UserString"), {kOne}), named("UserString")},
  });
}

TEST(LibraryForgeries, TellImpossibleTimes) {
  const std::string form = "corrupt: a time in no known form";
  const auto time = [](std::initializer_list<std::string_view> arguments) {
    return call("time", "struct_time", arguments);
  };
  expect_complaints({
      {time({")"}), form},
      {time({integers({1, 2, 3, 4, 5, 6, 7, 8})}), form},
      {time({integers({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12})}), form},
      {time({tuple({kOne, kOne, kOne, kOne, kOne, kOne, kOne, kOne, kBig})}), form},
      {time({tuple({text("a")})}), named("struct_time")},
      {time({list({kOne})}), named("struct_time")},
      {time({}), named("struct_time")},
      {time({integers({1, 2, 3, 4, 5, 6, 7, 8, 9}), kNone}), named("struct_time")},
  });
}

TEST(LibraryForgeries, NameAPathInsteadOfATimeZone) {
  const std::string key = "corrupt: a time zone with an impossible key: ZoneInfo";
  const std::string unpickle =
      call("builtins", "getattr", {symbol("zoneinfo", "ZoneInfo"), text("_unpickle")});
  const auto zone = [&](std::string_view name) { return reduce(unpickle, {name, kOne}); };
  expect_complaints({
      {zone(text("../../etc/passwd")), key},
      {zone(text("/etc/passwd")), key},
      {zone(text("")), key},
      {zone(text("a\\b")), key},
      {zone(text("UTC\n")), key},
      {zone(text("\xc3\xa4")), key},
      {zone(text(std::string(65, 'a'))), key},
      {zone(bytes("UTC")), key},
      {zone(kNone), key},
      {reduce(unpickle, {text("UTC")}), key},
      {reduce(unpickle, {text("UTC"), kNone}), key},
      {reduce(unpickle, {text("UTC"), kOne, kOne}), key},
      {reduce(unpickle, {}), key},
      {call("zoneinfo", "ZoneInfo", {text("UTC")}),
       "corrupt: a name that is a value is called: ZoneInfo"},
  });
}

TEST(LibraryForgeries, GiveNoAddressAndNoPattern) {
  const auto address = [](std::string_view name, std::string_view value) {
    return Forgery{call("ipaddress", name, {value}), named(std::string(name))};
  };
  expect_complaints({
      address("IPv4Address", kNone),
      address("IPv4Address", bytes("\x01\x02\x03\x04")),
      address("IPv6Address", tuple({kOne, kOne})),
      address("IPv4Network", kOne),
      address("IPv6Network", list({})),
      address("IPv4Interface", kOne),
      address("IPv6Interface", real(1)),
      {call("re", "_compile", {text("a")}), named("_compile")},
      {call("re", "_compile", {text("a"), text("i")}), named("_compile")},
      {call("re", "_compile", {list({}), kOne}), named("_compile")},
  });
}

TEST(LibraryForgeries, GiveAddressesThatAreNone) {
  const std::string none = "corrupt: an impossible address";
  const auto address = [&](std::string_view name, std::string_view value) {
    return Forgery{call("ipaddress", name, {value}), none};
  };
  expect_complaints({
      address("IPv4Address", integer(-1)), address("IPv4Address", integer(std::int64_t{1} << 32)),
      address("IPv4Address", kBig), address("IPv6Address", integer(-1)),
      address("IPv6Address", "\x8a\x11" + std::string(16, '\0') + "\1"),    // 2^128
      address("IPv6Address", "\x8a\x10" + std::string(15, '\0') + "\x80"),  // -2^127
  });
}

TEST(LibraryForgeries, GiveNumbersThatTheirTypeCannotHold) {
  const std::string form = "corrupt: an array of numbers in no known form";
  const auto numbers = [&](std::string_view code, std::string_view item) {
    return Forgery{call("array", "array", {text(code), list({item})}), form};
  };
  const auto packed = [](std::string_view array_class, std::string_view code,
                         std::string_view format, std::string_view content) {
    return call("array", "_array_reconstructor", {array_class, text(code), format, content});
  };
  const std::string array = symbol("array", "array");
  expect_complaints({
      numbers("b", integer(128)),
      numbers("b", integer(-129)),
      numbers("B", integer(256)),
      numbers("B", integer(-1)),
      numbers("h", integer(32768)),
      numbers("H", integer(65536)),
      numbers("i", integer(std::int64_t{1} << 31)),
      numbers("I", integer(std::int64_t{1} << 32)),
      numbers("l", kBig),
      numbers("L", integer(-1)),
      numbers("Q", kBig),
      numbers("i", real(1)),
      numbers("i", text("a")),
      numbers("f", text("a")),
      numbers("d", kBig),
      numbers("u", kOne),
      numbers("u", text("ab")),
      numbers("u", text("")),
      numbers("x", kOne),
      numbers("", kOne),
      numbers("ii", kOne),
      {call("array", "array", {text("i"), list({kNone})}), named("array")},
      {call("array", "array", {text("i"), tuple({kOne})}), named("array")},
      {call("array", "array", {text("i")}), named("array")},
      {packed(array, "i", integer(8), bytes("abc")), form},
      {packed(array, "d", integer(17), bytes("abcd")), form},
      {packed(array, "i", integer(22), bytes("abcd")), form},
      {packed(array, "i", integer(INT64_MAX), bytes("abcd")), form},
      {packed(array, "x", integer(8), bytes("abcd")), form},
      {packed(symbol("m", "Array"), "i", integer(8), bytes("abcd")), form},
      {packed(array, "i", integer(-1), bytes("abcd")), named("_array_reconstructor")},
      {packed(array, "i", integer(8), text("abcd")), named("_array_reconstructor")},
      {packed(array, "i", integer(8), list({})), named("_array_reconstructor")},
  });
}

TEST(LibraryForgeries, GiveNumbersInTheFormatOfAnotherType) {
  const std::string form = "corrupt: an array of numbers in no known form";
  const auto packed = [&](std::string_view code, std::int64_t format) {
    return Forgery{call("array", "_array_reconstructor",
                        {symbol("array", "array"), text(code), integer(format), bytes("")}),
                   form};
  };
  expect_complaints({packed("i", 17), packed("d", 8), packed("u", 8), packed("i", 20),
                     packed("f", 20), packed("u", 16)});
}

TEST(LibraryForgeries, FillStreamsWithSomethingElse) {
  const std::string stream = "corrupt: a stream with a state it never gets";
  const auto of_bytes = [&](std::string_view state) {
    return filled("_io", "BytesIO", state, stream);
  };
  const auto of_text = [&](std::string_view state) {
    return filled("_io", "StringIO", state, stream);
  };
  expect_complaints({
      of_bytes(")"),
      of_bytes(tuple({bytes("a"), kOne})),
      of_bytes(tuple({bytes("a"), kOne, kNone, kNone})),
      of_bytes(tuple({bytes("a"), integer(-1), kNone})),
      of_bytes(tuple({bytes("a"), kBig, kNone})),
      of_bytes(tuple({bytes("a"), real(0), kNone})),
      of_bytes(tuple({bytes("a"), kTrue, kNone})),
      of_bytes(tuple({text("a"), kOne, kNone})),
      of_bytes(tuple({bytes("a"), kOne, dict({kOne, kOne})})),
      of_text(tuple({text("a"), text("\n"), integer(-1), kNone})),
      of_text(tuple({bytes("a"), text("\n"), kOne, kNone})),
      of_text(tuple({text("a"), kOne, kOne, kNone})),
      of_text(tuple({text("a"), kOne, kNone})),
      of_text(tuple({text("a"), text("x"), kOne, kNone})),
      of_text(tuple({text("a"), text("\n\r"), kOne, kNone})),
      filled("_io", "BytesIO", kNone, odd_state("BytesIO")),
      filled("_io", "StringIO", "}", odd_state("StringIO")),
      {newobj(symbol("_io", "BytesIO"), {}), "corrupt: a value that is never filled: BytesIO"},
      {newobj(symbol("_io", "BytesIO"), {bytes("a")}), named("BytesIO")},
  });
}

TEST(LibraryForgeries, PutTheMersenneTwisterOutOfItsTable) {
  const std::string form = "corrupt: a random state in no known form";
  const auto words = [](int count, std::string_view position) {
    std::string out = "(";
    for (int i = 0; i < count; ++i) out += kOne;
    return out.append(position) + "t";
  };
  const auto state = [&](std::string_view version, std::string_view content,
                         std::string_view next) {
    return filled("random", "Random", tuple({version, content, next}), form);
  };
  const std::string good = words(624, integer(624));
  expect_complaints({
      state(integer(3), words(624, integer(625)), kNone),
      state(integer(3), words(624, integer(1'000'000)), kNone),
      state(integer(3), words(624, integer(-1000)), kNone),
      state(integer(3), words(623, integer(1)), kNone),
      state(integer(3), words(625, integer(1)), kNone),
      state(integer(3), words(623, integer(std::int64_t{1} << 32) + kOne), kNone),
      state(integer(3), words(623, kBig + kOne), kNone),
      state(integer(3), ")", kNone),
      state(integer(2), good, kNone),
      state(integer(4), good, kNone),
      state(integer(3), good, kOne),
      state(integer(3), list({}), kNone),
      filled("random", "Random", tuple({integer(3), good}), form),
      filled("random", "Random", good, form),
      filled("random", "Random", kOne, odd_state("Random")),
      {newobj(symbol("random", "Random"), {kOne}), named("Random")},
  });
}

TEST(LibraryForgeries, PutSomethingElseIntoATypeExpression) {
  const std::string part = "corrupt: a type expression with a part that is no type";
  const std::string getitem = symbol("_operator", "getitem");
  const std::string optional = symbol("typing", "Optional");
  const std::string reducer = symbol("functools", "reduce");
  expect_complaints({
      {reduce(getitem, {optional, real(1)}), part},
      {reduce(getitem, {optional, dict({kOne, kOne})}), part},
      {reduce(getitem, {optional, tuple({kOne, list({real(1)})})}), part},
      {reduce(getitem, {optional, call("builtins", "range", {kOne, kOne, kOne})}), part},
      // Otherwise it would be a subscript of anything.
      {reduce(getitem, {dict({kOne, kOne}), kOne}), named("getitem")},
      {reduce(getitem, {symbol("builtins", "list"), kOne}), named("getitem")},
      {reduce(getitem, {optional}), named("getitem")},
      {call("types", "GenericAlias", {text("list"), kOne}), named("GenericAlias")},
      {reduce(reducer, {symbol("os", "system"), tuple({text("a")})}), named("reduce")},
      {reduce(reducer, {symbol("_operator", "add"), tuple({kOne, kOne})}), named("reduce")},
      {reduce(reducer, {symbol("_operator", "or_"), list({kOne})}), named("reduce")},
      {call("_operator", "or_", {kOne}), named("or_")},
  });
}

TEST(LibraryForgeries, NestATypeExpressionInItself) {
  const std::string endless = memoized(1, "]") + fetched(1) + "a";
  const std::string wrong = complaint(CheckpointBuilder(
      reduce(symbol("_operator", "getitem"), {symbol("typing", "List"), endless})));
  EXPECT_EQ(wrong.substr(0, 5), "limit");
  EXPECT_NE(wrong.find("Limits::work_per_byte"), std::string::npos) << wrong;
}

TEST(LibraryForgeries, ConstructWithKeywordsInNoKnownForm) {
  const std::string form = "corrupt: a construction in no known form";
  const std::string maker = symbol("m", "C");
  const std::string method = call("builtins", "getattr", {maker, text("__new__")});
  const auto partial = [&](std::string_view arguments, std::string_view keywords) {
    return build(call("functools", "partial", {method}),
                 tuple({method, arguments, keywords, kNone}));
  };
  const std::string good = tuple({maker, kOne});
  const std::string keywords = dict({text("a"), kOne});
  expect_complaints({
      {reduce(call("functools", "partial", {method}), {}), form},
      {reduce(partial(")", keywords), {}), form},
      {reduce(partial(good, kNone), {}), form},
      {reduce(partial(good, keywords), {kOne}), form},
      {reduce(partial(tuple({kOne}), keywords), {}), form},
      {reduce(partial(tuple({text("C")}), keywords), {}), form},
      {reduce(partial(good, dict({kOne, kOne})), {}), form},
  });
}

TEST(LibraryForgeries, GiveRecordsNamesThatAreNoText) {
  const std::string record = newobj(symbol("safe_load._inert", "Opaque"), {});
  expect_complaints({
      {build(record, tuple({kNone, dict({kOne, kOne})})),
       "corrupt: a record with a state it never gets", record},
      {build(record, tuple({kOne, dict({text("a"), kOne})})),
       "corrupt: a record with a state it never gets", record},
  });
}

TEST(LibraryForgeries, GivePartialsAStateTheyNeverGet) {
  const std::string odd = "corrupt: a partial with a state it never gets";
  const std::string function = symbol("m", "f");
  const std::string partial = call("functools", "partial", {function});
  const auto with = [&](std::string_view state) {
    return Forgery{build(partial, state), odd, partial};
  };
  expect_complaints({
      with(")"),
      with(tuple({function, ")", "}"})),
      with(tuple({function, "]", "}", kNone})),
      with(tuple({function, ")", ")", kNone})),
      with(tuple({function, ")", "}", kOne})),
      with(tuple({function, kNone, "}", kNone})),
  });
}

}  // namespace
