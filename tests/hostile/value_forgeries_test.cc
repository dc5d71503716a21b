// Known names of the standard library with arguments that they never get: a damaged value each.
#include <gtest/gtest.h>

#include <string>

#include "support/array_builder.h"
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
std::string builtin(std::string_view name, std::initializer_list<std::string_view> arguments) {
  return call("builtins", name, arguments);
}

std::string named(const std::string& function) {
  return "corrupt: a known name is called with arguments it never gets: " + function;
}

TEST(ValueForgeries, GiveContainersWhatTheyDoNotTake) {
  const std::string ordered = "OrderedDict";
  expect_complaints({
      {call("collections", ordered, {text("ab")}), named(ordered)},
      {call("collections", ordered, {list({text("ab")})}), named(ordered)},
      {call("collections", ordered, {list({tuple({kOne})})}), named(ordered)},
      {call("collections", ordered, {list({tuple({kOne, kOne, kOne})})}), named(ordered)},
      {call("collections", ordered, {dict({kOne, kOne})}), named(ordered)},
      {call("collections", ordered, {")", ")"}), named(ordered)},
      {call("collections", ordered, {kNone}), named(ordered)},
      {call("collections", "defaultdict", {kOne}), named("defaultdict")},
      {call("collections", "defaultdict", {symbol("builtins", "list"), "}"}), named("defaultdict")},
      {call("collections", "Counter", {text("aab")}), named("Counter")},
      {call("collections", "Counter", {list({})}), named("Counter")},
      {call("collections", "deque", {text("ab")}), named("deque")},
      {call("collections", "deque", {")", integer(-1)}), named("deque")},
      {call("collections", "deque", {")", kTrue}), named("deque")},
      {builtin("list", {text("ab")}), named("list")},
      {builtin("list", {integer(1 << 30)}), named("list")},
      {builtin("tuple", {dict({kOne, kOne})}), named("tuple")},
      {builtin("set", {text("ab")}), named("set")},
      {builtin("frozenset", {kNone}), named("frozenset")},
      {builtin("dict", {text("ab")}), named("dict")},
      {builtin("dict", {list({text("ab")})}), named("dict")},
      {builtin("dict", {"}", "}"}), named("dict")},
  });
}

TEST(ValueForgeries, GiveASizeWhereDataIsExpected) {
  expect_complaints({
      {builtin("bytearray", {integer(1'000'000'000)}), named("bytearray")},
      {builtin("bytearray", {integer(0)}), named("bytearray")},
      {builtin("bytes", {integer(1'000'000'000)}), named("bytes")},
      {builtin("str", {integer(5)}), named("str")},
      {builtin("int", {text("5")}), named("int")},
      {builtin("int", {}), named("int")},
      {builtin("int", {kTrue}), named("int")},
      {builtin("float", {text("nan")}), named("float")},
      {builtin("bool", {integer(1)}), named("bool")},
  });
}

TEST(ValueForgeries, NameACodecOtherThanLatin1) {
  const auto encode = [](std::string_view value, std::string_view codec) {
    return call("_codecs", "encode", {value, codec});
  };
  const std::string codec = "corrupt: text in a codec other than Latin-1: ";
  const std::string x = text("x");
  expect_complaints({
      {encode(x, text("zip")), codec + "zip"},
      {encode(x, text("utf-8")), codec + "utf-8"},
      {encode(x, text("LATIN1")), codec + "LATIN1"},
      {encode(x, text("rot13")), codec + "rot13"},
      {encode(x, text("")), "corrupt: text in a codec other than Latin-1"},
      {encode(x, text("a\x1b[31m")), codec + "a\\x1b[31m"},
      {builtin("bytearray", {x, text("utf-16")}), codec + "utf-16"},
      {encode(text("\xc4\x80"), text("latin1")), "corrupt: text that is not Latin-1"},
      {encode(text("\xed\xa0\x80"), text("latin1")), "corrupt: text that is not Latin-1"},
      {builtin("bytearray", {text("\xe2\x82\xac"), text("latin-1")}),
       "corrupt: text that is not Latin-1"},
      {call("_codecs", "encode", {x}), named("encode")},
      {call("_codecs", "encode", {bytes("x"), text("latin1")}), named("encode")},
      {call("_codecs", "encode", {x, text("latin1"), text("strict")}), named("encode")},
  });
}

TEST(ValueForgeries, GiveBytesThatAreNone) {
  expect_complaints({
      {builtin("bytes", {list({integer(256)})}), "corrupt: a byte above 255"},
      {builtin("bytes", {list({integer(INT64_MAX)})}), "corrupt: a byte above 255"},
      {builtin("bytes", {list({integer(-1)})}), named("bytes")},
      {builtin("bytes", {list({kTrue})}), named("bytes")},
      {builtin("bytes", {list({kBig})}), named("bytes")},
      {builtin("bytes", {tuple({kOne})}), named("bytes")},
      {builtin("bytes", {text("a")}), named("bytes")},
      {builtin("bytes", {text("a"), text("latin1")}), named("bytes")},
      {builtin("bytes", {std::string("U\1a")}), "corrupt: bytes of a text without its codec"},
  });
}

TEST(ValueForgeries, GiveNumbersThatAreNone) {
  const std::string none = "corrupt: a Decimal or Fraction without a valid number";
  const auto decimal = [](const std::string& value) {
    return call("decimal", "Decimal", {text(value)});
  };
  const auto fraction = [](const std::string& value) {
    return call("fractions", "Fraction", {text(value)});
  };
  expect_complaints({
      {decimal(""), none},
      {decimal("."), none},
      {decimal("+"), none},
      {decimal("1e"), none},
      {decimal("1.5 "), none},
      {decimal(" 1"), none},
      {decimal("1_000"), none},
      {decimal("0x1"), none},
      {decimal("Infinit"), none},
      {decimal("NaNx"), none},
      {decimal("\xd9\xa1"), none},  // a digit of another script
      {call("decimal", "Decimal", {kOne}), named("Decimal")},
      {call("decimal", "Decimal", {}), named("Decimal")},
      {fraction(""), none},
      {fraction("/"), none},
      {fraction("1/0"), none},
      {fraction("1/00"), none},
      {fraction("1/-2"), none},
      {fraction("1/2/3"), none},
      {fraction("1.5"), none},
      {fraction(" 1/2"), none},
      {call("fractions", "Fraction", {kOne, integer(0)}), none},
      {call("fractions", "Fraction", {kOne}), named("Fraction")},
      {call("fractions", "Fraction", {kOne, real(2)}), named("Fraction")},
      {builtin("complex", {kOne, kOne}), named("complex")},
      {builtin("complex", {real(1)}), named("complex")},
      {builtin("complex", {text("1j")}), named("complex")},
      {builtin("range", {kOne, kOne, integer(0)}), "corrupt: a range without a step"},
      {builtin("range", {kOne, kOne}), named("range")},
      {builtin("range", {kOne, kOne, kTrue}), named("range")},
      {builtin("slice", {}), named("slice")},
      {builtin("slice", {kOne, kOne, kOne, kOne}), named("slice")},
  });
}

TEST(ValueForgeries, GiveUuidsAnImpossibleNumber) {
  const std::string uuid = newobj(symbol("uuid", "UUID"), {});
  const std::string impossible = "corrupt: a UUID with an impossible number";
  const auto with = [&](std::string_view state, const std::string& complaint) {
    return Forgery{build(uuid, state), complaint, uuid};
  };
  const std::string key = text("int");
  const std::string missing = "corrupt: a UUID without a number";
  const std::string odd = "corrupt: a known value is given a state it never gets: UUID";
  expect_complaints({
      with(dict({key, integer(-1)}), impossible),
      with(dict({key, real(5)}), impossible),
      with(dict({key, kTrue}), impossible),
      with(dict({key, text("5")}), impossible),
      with(dict({key, "\x8a\x11" + std::string(16, '\0') + "\1"}), impossible),    // 2^128
      with(dict({key, "\x8a\x10" + std::string(15, '\0') + "\x80"}), impossible),  // -2^127
      with(dict({key, "\x8a\x12" + std::string(17, '\0') + "\1"}), impossible),
      with("}", missing),
      with(dict({text("hex"), kOne}), missing),
      with(dict({bytes("int"), kOne}), odd),
      with(tuple({key, kOne}), odd),
      with(kNone, odd),
      {uuid, missing},
      {newobj(symbol("uuid", "UUID"), {text("00000000")}), named("UUID")},
  });
}

TEST(ValueForgeries, GiveImpossibleDates) {
  const std::string date = "corrupt: an impossible date";
  const std::string time = "corrupt: an impossible time";
  const std::string span = "corrupt: an impossible time span";
  const std::string good("\x07\xe8\x02\x1d\x0d\x25\x3b\x01\xe2\x40", 10);
  const auto delta = [](std::int64_t days, std::int64_t seconds, std::int64_t microseconds) {
    return call("datetime", "timedelta", {integer(days), integer(seconds), integer(microseconds)});
  };
  const auto zone = [](const std::string& offset) {
    return call("datetime", "timezone", {offset});
  };
  const std::string too_far = "corrupt: a time zone of a day or more";
  const std::string thirteen = "\x07\xe8\x0d\x1d" + std::string(6, '\0');
  expect_complaints({
      {call("datetime", "datetime", {bytes(thirteen)}), date},
      {call("datetime", "datetime", {bytes(good + "x")}), date},
      {call("datetime", "datetime", {bytes("")}), date},
      {call("datetime", "datetime", {text(good.substr(4, 3))}), named("datetime")},
      {call("datetime", "datetime", {bytes(good), text("UTC")}), named("datetime")},
      {call("datetime", "datetime", {bytes(good), kOne}), named("datetime")},
      {call("datetime", "datetime", {integer(2024), kOne, kOne}), named("datetime")},
      {call("datetime", "date", {bytes(good)}), date},
      {call("datetime", "date", {bytes("\x07\xe7\x02\x1d")}), date},
      {call("datetime", "time", {bytes("\x18" + std::string(5, '\0'))}), time},
      {call("datetime", "time", {bytes(good)}), time},
      {delta(1'000'000'000, 0, 0), span},
      {delta(0, 86'400, 0), span},
      {delta(0, 0, -1), span},
      {call("datetime", "timedelta", {kBig, kOne, kOne}), span},
      {call("datetime", "timedelta", {kOne}), named("timedelta")},
      {call("datetime", "timedelta", {kOne, kOne, real(1)}), named("timedelta")},
      {zone(delta(1, 0, 0)), too_far},
      {zone(delta(-1, 0, 0)), too_far},
      {zone(delta(-2, 86'399, 999'999)), too_far},
      {zone(kOne), named("timezone")},
      {call("datetime", "timezone", {delta(0, 60, 0), kOne}), named("timezone")},
  });
  EXPECT_EQ(complaint(CheckpointBuilder(zone(delta(0, 86'399, 999'999)))), "");
  EXPECT_EQ(complaint(CheckpointBuilder(zone(delta(-1, 0, 1)))), "");
}

TEST(ValueForgeries, GiveRecordsWhatTheyDoNotHold) {
  const std::string path = symbol("pathlib", "PosixPath");
  expect_complaints({
      {reduce(path, {kOne}), named("PosixPath")},
      {reduce(path, {text("a"), kNone}), named("PosixPath")},
      {reduce(path, {bytes("a")}), named("PosixPath")},
      {call("pathlib._local", "PureWindowsPath", {list({})}), named("PureWindowsPath")},
      {newobj(symbol("argparse", "Namespace"), {kOne}), named("Namespace")},
      {call("types", "SimpleNamespace", {"}"}), named("SimpleNamespace")},
      {builtin("object", {kOne}), named("object")},
      {builtin("type", {kOne}), named("type")},
      {builtin("type", {text("C"), ")", "}"}), named("type")},
      {builtin("getattr", {symbol("m", "C"), kOne}), named("getattr")},
      {builtin("getattr", {symbol("m", "C"), text("x"), kNone, kNone}), named("getattr")},
      {call("functools", "partial", {kOne}), named("partial")},
      {call("functools", "partial", {symbol("m", "f"), kOne}), named("partial")},
      {call("copyreg", "_reconstructor", {symbol("m", "C"), symbol("builtins", "object")}),
       named("_reconstructor")},
      {call("copyreg", "_reconstructor", {text("C"), symbol("builtins", "object"), kNone}),
       named("_reconstructor")},
      {call("copyreg", "__newobj__", {kOne}), named("__newobj__")},
      {call("copyreg", "__newobj_ex__", {symbol("m", "C"), list({}), "}"}), named("__newobj_ex__")},
      {call("copyreg", "_reconstructor",
            {symbol("torch", "Tensor"), symbol("builtins", "object"), kNone}),
       "corrupt: a class is made in a way that is not its own"},
      {call("copyreg", "_reconstructor",
            {symbol("copyreg", "_reconstructor"), symbol("builtins", "object"), kNone}),
       "corrupt: a class is made in a way that is not its own"},
  });
}

TEST(ValueForgeries, LeaveEverythingElseAsItIs) {
  const std::string bad = builtin("bytearray", {integer(7)});
  const auto opened = open(CheckpointBuilder(
      dict({text("a"), kOne, text("b"), list({bad, kOne}), text("c"), text("end")})));
  ASSERT_TRUE(opened);
  const auto root = opened->root();
  EXPECT_EQ(root["a"].get_or<int>(0), 1);
  EXPECT_EQ(root.at("b", 0).kind(), safe_load::ValueKind::kDamaged);
  EXPECT_EQ(root.at("b", 1).get_or<int>(0), 1);
  EXPECT_EQ(root["c"].get_or<std::string>(""), "end");
}

TEST(ValueForgeries, AmplifyNothing) {
  // One large value, asked for a thousand times: only the first few are paid for.
  const std::string mebibyte(1 << 20, '1');
  const std::string array_of_it = array({1 << 20}, fetched(2), fetched(1));
  const std::string many = "(" + std::string(1 << 18, 'N') + "t";
  for (const auto& [large, copy] :
       {std::pair(bytes(mebibyte), builtin("bytearray", {fetched(1)})),
        std::pair(text(mebibyte), reduce(symbol("decimal", "Decimal"), {fetched(1)})),
        std::pair(bytes(mebibyte), array_of_it),
        std::pair(many, symbol("m", "C") + fetched(1) + "R")}) {
    std::string value = "](" + memoized(2, dtype("u1")) + memoized(1, large);
    for (int i = 0; i < 1000; ++i) value += copy;
    const std::string wrong = complaint(CheckpointBuilder(value + "e"));
    EXPECT_EQ(wrong.substr(0, 5), "limit");
    EXPECT_NE(wrong.find("Limits::memory_per_byte"), std::string::npos) << wrong;
  }
}

TEST(ValueForgeries, RepeatNoWork) {
  // One list of a hundred thousand pairs, handed to a thousand dicts.
  std::string pairs = "](";
  for (int i = 0; i < 100'000; ++i) pairs += "))\x86";
  std::string value = "](" + memoized(1, pairs + "e");
  for (int i = 0; i < 1000; ++i) value += builtin("list", {fetched(1)});
  const std::string wrong = complaint(CheckpointBuilder(value + "e"));
  EXPECT_EQ(wrong.substr(0, 5), "limit");
  EXPECT_NE(wrong.find("Limits::work_per_byte"), std::string::npos) << wrong;
}

}  // namespace
