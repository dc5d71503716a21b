// What Python would hash, compare or free by recursion: how large and how deep it may be.
#include <gtest/gtest.h>

#include <string>

#include "support/array_builder.h"
#include "support/checkpoint_builder.h"

namespace {

using namespace test_support;

const std::string kOne = integer(1);

std::string slice(std::string_view value) { return reduce(symbol("builtins", "slice"), {value}); }
std::string deque(std::string_view value) {
  return reduce(symbol("collections", "deque"), {list({value})});
}
std::string objects(std::string_view value) {
  return array({1}, dtype("O8", {.order = "|", .flags = 63}), list({value}));
}

std::string nested(std::string (*around)(std::string_view), int levels) {
  std::string value = kOne;
  for (int i = 0; i < levels; ++i) value = around(value);
  return value;
}

// The code and the first words.
std::string told_of(const std::string& value, const safe_load::OpenOptions& options = {}) {
  const std::string all = complaint(CheckpointBuilder(list({value})), options);
  return all.substr(0, all.find(" at "));
}

TEST(Chains, OfWhatIsFreedByRecursionAreBounded) {
  const safe_load::OpenOptions options{.limits = {.max_levels = 3}};
  for (const auto around : {slice, deque, objects}) {
    EXPECT_EQ(told_of(nested(around, 3), options), "");
    EXPECT_EQ(told_of(nested(around, 4), options), "limit");
  }
  EXPECT_EQ(told_of(objects(slice(deque(objects(kOne)))), options), "limit");
  EXPECT_EQ(told_of(slice(slice(list({slice(slice(kOne))}))), options), "");  // a list has a guard
}

TEST(Chains, MayBeRings) {
  const safe_load::OpenOptions options{.limits = {.max_levels = 3}};
  // A deque that holds deques that hold it: freed one by one they are a chain.
  const auto ring = [](int others) {
    const std::string empty = reduce(symbol("collections", "deque"), {});
    std::string value = memoized(1, empty);
    for (int i = 0; i < others; ++i) value += empty + fetched(1) + "aa";
    return value;
  };
  EXPECT_EQ(told_of(ring(2), options), "");
  EXPECT_EQ(told_of(ring(3), options), "limit");
}

TEST(Weights, OfKeysAreBounded) {
  const auto key = [](const std::string& value) { return dict({slice(value), kOne}); };
  const auto doubled = [](int times) {
    std::string value = kOne + "\x85";
    for (int i = 0; i < times; ++i) value += "2\x86";
    return value;
  };
  EXPECT_EQ(told_of(key(doubled(11))), "");
  EXPECT_EQ(told_of(key(doubled(14))), "limit");
  EXPECT_EQ(told_of(key(nested(slice, 20))), "");
  EXPECT_EQ(told_of(key(nested(slice, 70))), "limit");
}

TEST(Weights, OfKeysCountWhatIsKnownAlready) {
  const std::string first = memoized(1, nested(slice, 40));
  std::string second = fetched(1);
  for (int i = 0; i < 40; ++i) second = slice(second);
  EXPECT_EQ(told_of(list({dict({first, kOne}), dict({second, kOne})})), "limit");
}

TEST(Keys, OfRecordsAreKeysOfADict) {
  const std::string record = newobj(symbol("m", "C"), {});
  EXPECT_EQ(told_of(record + text("k") + kOne + "s"), "");
  EXPECT_EQ(told_of(record + list({}) + kOne + "s"), "corrupt");
}

}  // namespace
