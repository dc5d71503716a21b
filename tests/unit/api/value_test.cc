// ValueView: reading values and their parts.
#include <gtest/gtest.h>
#include <safe_load/safe_load.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <ranges>
#include <string>

#include "base/bytes.h"
#include "support/array_builder.h"
#include "support/checkpoint_builder.h"

namespace {

using namespace test_support;
using safe_load::Checkpoint;
using safe_load::ErrorCode;
using safe_load::ValueKind;
using safe_load::ValueView;

Checkpoint file(const std::string& value) {
  auto opened = open(CheckpointBuilder(value).storage("0", raw<float>({1, 2})));
  EXPECT_TRUE(opened) << (opened ? "" : opened.error().text());
  return *std::move(opened);
}

// What get<T> gives, "-" for a mismatch.
template <class T>
std::string got(const std::string& pickle) {
  const Checkpoint checkpoint = file(pickle);
  const auto value = checkpoint.root().get<T>();
  if (value) return std::to_string(*value);
  EXPECT_EQ(value.error().code(), ErrorCode::kMismatch);
  return "-";
}

const std::string kOne = integer(1);
const std::string kTensor = tensor(storage("0", 2), 0, {2}, {1});

TEST(Value, GivesIntegersThatFit) {
  EXPECT_EQ(got<std::int8_t>(integer(127)), "127");
  EXPECT_EQ(got<std::int8_t>(integer(128)), "-");
  EXPECT_EQ(got<std::int8_t>(integer(-128)), "-128");
  EXPECT_EQ(got<std::int8_t>(integer(-129)), "-");
  EXPECT_EQ(got<std::uint8_t>(integer(255)), "255");
  EXPECT_EQ(got<std::uint8_t>(integer(256)), "-");
  EXPECT_EQ(got<std::uint8_t>(integer(-1)), "-");
  EXPECT_EQ(got<int>(integer(1LL << 31)), "-");
  EXPECT_EQ(got<std::int64_t>(integer(INT64_MIN)), "-9223372036854775808");
  EXPECT_EQ(got<std::uint64_t>(integer(INT64_MAX)), "9223372036854775807");
  const std::string most = "\x8a\x09" + std::string(8, '\xff') + std::string(1, '\0');
  EXPECT_EQ(got<std::uint64_t>(most), "18446744073709551615");
  EXPECT_EQ(got<std::int64_t>(most), "-");
  EXPECT_EQ(got<std::uint64_t>("L18446744073709551616L\n"), "-");
  EXPECT_EQ(got<int>(std::string(kTrue)), "-");
  EXPECT_EQ(got<int>(real(1)), "-");
  EXPECT_EQ(got<int>(text("1")), "-");
  EXPECT_EQ(got<int>(std::string(kNone)), "-");
}

TEST(Value, GivesTheNearestFloat) {
  const auto number = [](const std::string& pickle) {
    const Checkpoint checkpoint = file(pickle);
    return *checkpoint.root().get<float>();
  };
  EXPECT_EQ(number(real(0.1)), 0.1F);
  EXPECT_EQ(number(real(-3.4028234663852886e38)), std::numeric_limits<float>::lowest());
  EXPECT_EQ(number(real(std::numeric_limits<double>::infinity())),
            std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(number(real(std::numeric_limits<double>::quiet_NaN()))));
  EXPECT_EQ(number(integer(1 << 24)), 16777216.0F);
  EXPECT_EQ(got<float>(integer((1 << 24) + 1)), "-");
  EXPECT_EQ(got<float>(real(3.5e38)), "-");
  EXPECT_EQ(got<float>(text("1")), "-");
}

TEST(Value, IsFoundByIntegersOfEveryType) {
  const std::string beyond = "\x8a\x09" + std::string(8, '\xff') + std::string(1, '\0');
  const Checkpoint numbers = file(dict({integer(2), text("two"), beyond, text("beyond")}));
  const ValueView root = numbers.root();
  EXPECT_EQ(*root[2].get<std::string>(), "two");
  EXPECT_EQ(root[2], root[2U]);
  EXPECT_EQ(root[2], root[std::size_t{2}]);
  EXPECT_EQ(root[2], root[std::int8_t{2}]);
  EXPECT_EQ(root.at(2U), root[2]);
  EXPECT_EQ(*root[UINT64_MAX].get<std::string>(), "beyond");
  EXPECT_TRUE(root[UINT64_MAX - 1].is_missing());
  EXPECT_TRUE(root[-1].is_missing());
  const Checkpoint row = file(list({text("a"), text("b")}));
  EXPECT_EQ(*row.root()[std::size_t{1}].get<std::string>(), "b");
  EXPECT_TRUE(row.root()[UINT64_MAX].is_missing());
}

TEST(Value, EqualsWhatIsTheSameObject) {
  const Checkpoint twice = file(list({text("a"), text("a"), memoized(0, list({})), fetched(0)}));
  const auto items = twice.root().items();
  EXPECT_NE(items[0], items[1]);
  EXPECT_EQ(items[2], items[3]);
  EXPECT_EQ(ValueView(), twice.root()["none"]);
  const Checkpoint other = file(list({text("a")}));
  EXPECT_NE(twice.value(0), other.value(0));
}

TEST(Value, IteratesOverValues) {
  static_assert(std::forward_iterator<safe_load::Values::Iterator>);
  static_assert(std::ranges::forward_range<safe_load::Values>);
  const Checkpoint three = file(list({integer(3), integer(4), integer(5)}));
  std::string seen;
  for (const ValueView value : three.root().items()) seen += std::to_string(*value.get<int>());
  EXPECT_EQ(seen, "345");
  const auto items = three.root().items();
  const auto four = std::ranges::find(items, 4, [](ValueView v) { return v.get_or(0); });
  EXPECT_EQ((*four).id(), items[1].id());
  for (const ValueView value : ValueView().items()) ADD_FAILURE() << value.id();
}

TEST(Value, GivesNumbersAndTruths) {
  EXPECT_EQ(got<double>(real(0.5)), "0.500000");
  EXPECT_EQ(got<double>(integer(-3)), "-3.000000");
  EXPECT_EQ(got<double>(integer(1LL << 53)), "9007199254740992.000000");
  EXPECT_EQ(got<double>(integer(INT64_MAX)), "-");
  EXPECT_EQ(got<double>(std::string(kTrue)), "-");
  EXPECT_EQ(got<double>(text("0.5")), "-");
  EXPECT_EQ(got<bool>(std::string(kTrue)), "1");
  EXPECT_EQ(got<bool>(kOne), "-");
}

TEST(Value, GivesNumPyScalarsAsNumbers) {
  EXPECT_EQ(got<double>(scalar(dtype("f8"), bytes(raw<double>({0.5})))), "0.500000");
  EXPECT_EQ(got<double>(scalar(dtype("i4"), bytes(raw<std::int32_t>({-5})))), "-5.000000");
  EXPECT_EQ(got<int>(scalar(dtype("i8", {.order = ">"}), bytes(std::string(7, '\0') + "\7"))), "7");
  EXPECT_EQ(got<int>(scalar(dtype("f8"), bytes(raw<double>({1})))), "-");
  EXPECT_EQ(got<bool>(scalar(dtype("b1", {.order = "|"}), bytes("\1"))), "1");
}

TEST(Value, GivesTextAndBytes) {
  const Checkpoint checkpoint = file(list({text("h\xc3\xa9"), bytes("ab"), python2("\xe9")}));
  const ValueView root = checkpoint.root();
  EXPECT_EQ(*root[0].get<std::string>(), "h\xc3\xa9");
  EXPECT_EQ(*root[0].get<std::string_view>(), "h\xc3\xa9");
  EXPECT_FALSE(root[1].get<std::string>());
  const auto raw_bytes = root[1].get<std::span<const std::byte>>();
  ASSERT_TRUE(raw_bytes);
  EXPECT_EQ(safe_load::base::as_text(*raw_bytes), "ab");
  EXPECT_FALSE(root[0].get<std::span<const std::byte>>());
  EXPECT_EQ(root[0].get_or<std::string>("no"), "h\xc3\xa9");
  EXPECT_EQ(root[1].get_or<std::string>("no"), "no");

  const auto latin =
      open(CheckpointBuilder(python2("\xe9")), {.encoding = safe_load::TextEncoding::kLatin1});
  EXPECT_TRUE(latin->root().is_latin1());
  EXPECT_EQ(*latin->root().get<std::string>(), "\xc3\xa9");
  EXPECT_FALSE(latin->root().get<std::string_view>());
}

TEST(Value, IsFoundByKeyIndexAndAttribute) {
  const std::string object =
      build(newobj(symbol("m", "C"), {}) + text("k") + kOne + "s" + text("item") + "a",
            dict({text("k"), integer(2), text("lr"), real(0.5)}));
  const Checkpoint checkpoint =
      file(dict({text("list"), list({kOne, tuple({integer(2)})}), integer(-3), text("minus"),
                 bytes("b"), text("bytes"), text("object"), object, text("w"),
                 rebuild("_rebuild_parameter_with_state",
                         {kTensor, kTrue, ordered_dict(), dict({text("tag"), integer(7)})})}));
  const ValueView root = checkpoint.root();
  EXPECT_EQ(root.at("list", 1, 0).get_or<int>(0), 2);
  EXPECT_EQ(root[-3].get_or<std::string>(""), "minus");
  EXPECT_EQ(root["b"].get_or<std::string>(""), "bytes");
  EXPECT_EQ(root.at("object", "k").get_or<int>(0), 1);  // an item before an attribute
  EXPECT_EQ(root["object"].attribute("k").get_or<int>(0), 2);
  EXPECT_EQ(root.at("object", "lr").get_or<double>(0), 0.5);
  EXPECT_EQ(root.at("object", 0).get_or<std::string>(""), "item");
  EXPECT_EQ(root.at("w", "tag").get_or<int>(0), 7);
  for (const ValueView& missing :
       {root["nothing"], root[0], root.at("list", 2), root.at("list", -1), root.at("list", "x"),
        root.at("nothing", 1, "deep")})
    EXPECT_TRUE(missing.is_missing());
}

TEST(Value, ReadsTheSlotsFormOfAState) {
  const std::string both = tuple({dict({text("a"), kOne, text("b"), kOne}),
                                  dict({text("b"), integer(2), text("c"), integer(3)})});
  const Checkpoint checkpoint = file(build(newobj(symbol("m", "C"), {}), both));
  EXPECT_EQ(checkpoint.root()["a"].get_or<int>(0), 1);
  EXPECT_EQ(checkpoint.root()["b"].get_or<int>(0), 2);  // slots come last
  EXPECT_EQ(checkpoint.root()["c"].get_or<int>(0), 3);
  const Checkpoint slots =
      file(build(newobj(symbol("m", "C"), {}), tuple({kNone, dict({text("c"), kOne})})));
  EXPECT_EQ(slots.root()["c"].get_or<int>(0), 1);
}

TEST(Value, MayBeAskedAnythingIfItIsMissing) {
  const ValueView none;
  EXPECT_EQ(none.kind(), ValueKind::kMissing);
  EXPECT_EQ(none.size(), 0u);
  EXPECT_TRUE(none.items().empty());
  EXPECT_TRUE(none.arguments().empty());
  EXPECT_TRUE(none.states().empty());
  EXPECT_TRUE(none.fields().empty());
  EXPECT_TRUE(none.raw().empty());
  EXPECT_TRUE(none["x"].is_missing());
  EXPECT_TRUE(none[0].is_missing());
  EXPECT_TRUE(none.attribute("x").is_missing());
  EXPECT_TRUE(none.callee().is_missing());
  EXPECT_FALSE(none.get<int>());
  EXPECT_FALSE(none.get<std::string>());
  EXPECT_FALSE(none.get<bool>());
  EXPECT_FALSE(none.tensor());
  EXPECT_FALSE(none.storage());
  EXPECT_FALSE(none.array());
  EXPECT_FALSE(none.is_dict());
  EXPECT_FALSE(none.is_known());
  EXPECT_EQ(none.module(), "");
  EXPECT_EQ(none.how(), "");
  EXPECT_EQ(none.class_name(), "missing");
}

TEST(Value, NamesTheClassOfAnObject) {
  const std::string c = symbol("m", "C");
  const auto name = [](const std::string& value) {
    const Checkpoint checkpoint = file(value);
    return checkpoint.root().class_name();
  };
  EXPECT_EQ(name(newobj(c, {})), "m.C");
  EXPECT_EQ(
      name(reduce(symbol("copyreg", "_reconstructor"), {c, symbol("builtins", "object"), kNone})),
      "m.C");
  EXPECT_EQ(name(reduce(symbol("copyreg", "__newobj__"), {c})), "m.C");
  EXPECT_EQ(name(newobj(symbol("m\x1b[2J", "C\""), {})), "m\\x1b[2J.C\\\"");
  EXPECT_EQ(name(ordered_dict()), "collections.OrderedDict");
  EXPECT_EQ(name(kTensor), "tensor");
  EXPECT_EQ(name(")"), "tuple");
}

TEST(Value, SaysHowAnObjectWasMade) {
  const auto how = [](const std::string& value) {
    const Checkpoint checkpoint = file(value);
    return std::string(checkpoint.root().how());
  };
  const std::string c = symbol("m", "C");
  EXPECT_EQ(how(reduce(c, {})), "reduce");
  EXPECT_EQ(how(newobj(c, {})), "newobj");
  EXPECT_EQ(how(c + ")}\x92"), "newobj_ex");
  EXPECT_EQ(how("(im\nC\n"), "inst");
  EXPECT_EQ(how("(" + c + "o"), "obj");
}

}  // namespace
