// Random states of NumPy that lie. NumPy 2.4.6 does not look at the position of a Mersenne twister,
// and reads foreign memory where it points out of the table.
#include <gtest/gtest.h>

#include <string>

#include "support/array_builder.h"
#include "support/forgery.h"

namespace {

using namespace test_support;

const std::string kForm = "corrupt: a random state in no known form";
const std::string kZero = integer(0);
const std::string kTooWide = "\x8a\x11" + std::string(16, '\0') + "\1";  // 2^128

std::string named(const std::string& function) {
  return "corrupt: a known name is called with arguments it never gets: " + function;
}

// A one-dimensional array of so many words.
std::string words(std::string_view type, std::int64_t count) {
  const auto size = static_cast<std::size_t>(count * (type == "u8" ? 8 : 4));
  return array({count}, dtype(type), bytes(std::string(size, '\1')));
}

std::string bit_generator(std::string_view module, std::string_view name) {
  return reduce(symbol("numpy.random._pickle", "__bit_generator_ctor"), {symbol(module, name)});
}
const std::string kTwister = bit_generator("numpy.random._mt19937", "MT19937");
const std::string kPcg = bit_generator("numpy.random._pcg64", "PCG64");

Forgery bad_state(const std::string& shell, std::string_view state,
                  const std::string& complaint = kForm) {
  return {build(shell, state), complaint, shell};
}

std::string twister_state(std::string_view key, std::string_view position,
                          std::string_view more = "") {
  return dict({text("bit_generator"), text("MT19937"), text("state"),
               dict({text("key"), key, text("pos"), position, more})});
}

TEST(RandomForgeries, KeepTheMersenneTwisterInItsTable) {
  const std::string key = words("u4", 624);
  const auto state = [&](std::string_view table, std::string_view position,
                         std::string_view more = "") {
    return bad_state(kTwister, twister_state(table, position, more));
  };
  expect_complaints({
      state(key, integer(1'000'000)),
      state(key, integer(625)),
      state(key, integer(-1000)),
      state(key, kTooWide),
      state(key, real(1)),
      state(key, kNone),
      // Of equal keys the last one counts.
      state(key, integer(1), text("pos") + integer(1'000'000)),
      state(key, integer(1), text("key") + words("u4", 1)),
      state(words("u4", 623), integer(1)),
      state(words("u4", 625), integer(1)),
      state(words("u8", 312), integer(1)),
      state(words("f4", 624), integer(1)),
      state(array({312, 2}, dtype("u4"), bytes(std::string(2496, '\1'))), integer(1)),
      state(scalar(dtype("u4"), bytes("abcd")), integer(1)),
      state(list({}), integer(1)),
      state(bytes(std::string(2496, '\1')), integer(1)),
  });
  EXPECT_EQ(complaint(CheckpointBuilder(build(kTwister, twister_state(key, integer(624))))), "");
}

TEST(RandomForgeries, ChangeNoStateAfterwards) {
  const std::string inner = dict({text("key"), words("u4", 624), text("pos"), integer(1)});
  const std::string outer =
      dict({text("bit_generator"), text("MT19937"), text("state"), memoized(9, inner)});
  const std::string late = fetched(9) + text("pos") + integer(1'000'000) + "s";
  expect_complaints({
      {tuple({build(kTwister, outer), late}), kForm, kTwister},
  });
}

TEST(RandomForgeries, HaveTheNumbersOfTheirKind) {
  const auto pcg = [&](std::string_view name, std::string_view state, std::string_view increment,
                       std::string_view has_more, std::string_view more) {
    return bad_state(kPcg, dict({text("bit_generator"), text(name), text("state"),
                                 dict({text("state"), state, text("inc"), increment}),
                                 text("has_uint32"), has_more, text("uinteger"), more}));
  };
  expect_complaints({
      pcg("PCG64", integer(-1), kZero, kZero, kZero),
      pcg("PCG64", kTooWide, kZero, kZero, kZero),
      pcg("PCG64", kZero, kTooWide, kZero, kZero),
      pcg("PCG64", kZero, text("1"), kZero, kZero),
      pcg("PCG64", kZero, kZero, integer(2), kZero),
      pcg("PCG64", kZero, kZero, kZero, integer(std::int64_t{1} << 32)),
      pcg("PCG64", kZero, kZero, kNone, kZero),
      pcg("MT19937", kZero, kZero, kZero, kZero),
      pcg("PCG64DXSM", kZero, kZero, kZero, kZero),
      bad_state(kPcg, "}"),
      bad_state(kPcg, dict({text("bit_generator"), text("PCG64")})),
      bad_state(kPcg, dict({text("bit_generator"), text("PCG64"), text("state"), kNone})),
      bad_state(kPcg, ")"),
      bad_state(kPcg, tuple({"}", kNone})),
      bad_state(kPcg, tuple({"}", kZero})),
      bad_state(kPcg, kNone,
                "corrupt: a known value is given a state it never gets: __bit_generator_ctor"),
  });
}

TEST(RandomForgeries, HaveTheTablesOfTheirKind) {
  const std::string philox = bit_generator("numpy.random._philox", "Philox");
  const std::string sfc = bit_generator("numpy.random._sfc64", "SFC64");
  const auto rest = [](std::string_view position) {
    return text("buffer_pos").append(position) + text("has_uint32") + kZero + text("uinteger") +
           kZero;
  };
  const auto of_philox = [&](std::int64_t counters, std::int64_t keys, std::int64_t buffers,
                             std::string_view position) {
    return bad_state(
        philox,
        dict({text("bit_generator"), text("Philox"), text("state"),
              dict({text("counter"), words("u8", counters), text("key"), words("u8", keys)}),
              text("buffer"), words("u8", buffers), rest(position)}));
  };
  const auto of_sfc = [&](std::string_view table) {
    return bad_state(sfc, dict({text("bit_generator"), text("SFC64"), text("state"),
                                dict({text("state"), table}), rest(kZero)}));
  };
  expect_complaints({
      of_philox(3, 2, 4, kZero),
      of_philox(4, 3, 4, kZero),
      of_philox(4, 2, 5, kZero),
      of_philox(4, 2, 4, integer(5)),
      of_philox(4, 2, 4, integer(-1)),
      of_sfc(words("u8", 3)),
      of_sfc(words("u4", 8)),
      of_sfc(kNone),
  });
}

TEST(RandomForgeries, HaveSeedsThatAreNumbers) {
  const std::string shell =
      reduce(symbol("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"),
             {symbol("numpy.random.bit_generator", "SeedSequence"), integer(65708578), kNone});
  const std::string pool = words("u4", 4);
  const std::string size = integer(4);
  const auto seed = [&](std::string_view entropy, std::string_view children, std::string_view table,
                        std::string_view table_size, std::string_view spawn_key) {
    return bad_state(shell, tuple({entropy, children, table, table_size, spawn_key}));
  };
  const std::string of_other =
      reduce(symbol("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"),
             {symbol("m", "Seed"), integer(1), kNone});
  expect_complaints({
      seed(integer(-1), kZero, pool, size, ")"),
      seed(real(1), kZero, pool, size, ")"),
      seed(kNone, kZero, pool, size, ")"),
      seed(list({text("a")}), kZero, pool, size, ")"),
      seed(integer(5), integer(-1), pool, size, ")"),
      seed(integer(5), integer(std::int64_t{1} << 32), pool, size, ")"),
      seed(integer(5), kZero, words("u4", 5), size, ")"),
      seed(integer(5), kZero, words("u4", 3), integer(3), ")"),
      seed(integer(5), kZero, pool, integer(std::int64_t{1} << 40), ")"),
      seed(integer(5), kZero, list({}), size, ")"),
      seed(integer(5), kZero, pool, size, kNone),
      seed(integer(5), kZero, pool, size, integers({-1})),
      bad_state(shell, ")"),
      bad_state(shell, tuple({integer(5), kZero, pool, size})),
      {shell, "corrupt: a value that is never filled: __pyx_unpickle_SeedSequence"},
      {build(of_other, tuple({integer(5), kZero, pool, size, ")"})), kForm, of_other},
  });
}

TEST(RandomForgeries, AreNoGeneratorOfNothing) {
  const std::string generator = symbol("numpy.random._pickle", "__generator_ctor");
  const std::string state = symbol("numpy.random._pickle", "__randomstate_ctor");
  const std::string filled = build(kTwister, twister_state(words("u4", 624), integer(1)));
  const std::string old = reduce(symbol("numpy.random", "__RandomState_ctor"), {});
  const std::string key = words("u4", 624);
  const std::string over_pcg = reduce(state, {text("PCG64")});
  const auto of_old = [&](std::initializer_list<std::string_view> parts) {
    return bad_state(old, tuple(parts));
  };
  const std::string name = text("MT19937");
  expect_complaints({
      {reduce(generator, {text("PCG64")}), kForm},
      {reduce(generator, {}), kForm},
      {reduce(generator, {kNone}), named("__generator_ctor")},
      {reduce(generator, {symbol("os", "system")}), named("__generator_ctor")},
      {reduce(symbol("numpy.random._pickle", "__bit_generator_ctor"), {symbol("os", "system")}),
       named("__bit_generator_ctor")},
      {kTwister, "corrupt: a value that is never filled: __bit_generator_ctor"},
      {reduce(state, {filled}), "corrupt: a value that is never filled: __randomstate_ctor"},
      bad_state(over_pcg, twister_state(key, integer(1))),
      of_old({name, key, integer(1'000'000), kZero, real(0)}),
      of_old({name, key, integer(-1), kZero, real(0)}),
      of_old({name, words("u4", 623), kZero, kZero, real(0)}),
      of_old({name, key, kZero, integer(2), real(0)}),
      of_old({name, key, kZero, kZero, kNone}),
      of_old({name, key, kZero, kZero}),
      of_old({text("PCG64"), key, kZero, kZero, real(0)}),
      bad_state(old, twister_state(key, integer(1))),  // without the second normal number
  });
}

}  // namespace
