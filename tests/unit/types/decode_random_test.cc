// NumPy's random generators, as NumPy 1.26 and as NumPy 2 write them, and what else is NumPy's.
#include <gtest/gtest.h>

#include <string>

#include "support/array_builder.h"
#include "support/value_cases.h"

namespace {

using namespace test_support;
using safe_load::types::Known;
using safe_load::types::Meaning;

const std::string kZero = integer(0);
const std::string kFour = array({4}, dtype("u4"), bytes("aaaabbbbccccdddd"));
const std::string kFourText = "<u4 [4] by [4] \"aaaabbbbccccdddd\"";

std::string random(std::string_view name, std::initializer_list<std::string_view> arguments) {
  return reduce(symbol("numpy.random._pickle", name), arguments);
}

std::string wide(std::string_view name, std::int64_t count) {
  return text(name) +
         array({count}, dtype("u8"), bytes(std::string(static_cast<std::size_t>(8 * count), 'a')));
}
std::string wide_text(std::string_view name, std::int64_t count) {
  return '"' + std::string(name) + "\": <u8 [" + std::to_string(count) + "] by [8] \"" +
         std::string(static_cast<std::size_t>(8 * count), 'a') + '"';
}

// The state dict of a generator that counts on 128 bits.
const std::string kMost = "\x8a\x11" + std::string(16, '\xff') + std::string(1, '\0');
std::string pcg_state(std::string_view name) {
  return dict({text("bit_generator"), text(name), text("state"),
               dict({text("state"), kMost, text("inc"), integer(3)}), text("has_uint32"), kZero,
               text("uinteger"), integer(UINT32_MAX)});
}
std::string pcg_text(const std::string& name) {
  return "{\"bit_generator\": \"" + name +
         "\", \"state\": {\"state\": an integer of 136 bits, \"inc\": 3}, \"has_uint32\": 0, "
         "\"uinteger\": 4294967295}";
}

const std::string kTable(2496, 'a');
const std::string kKey = array({624}, dtype("u4"), bytes(kTable));
const std::string kTwister = dict({text("bit_generator"), text("MT19937"), text("state"),
                                   dict({text("key"), kKey, text("pos"), integer(624)})});
const std::string kKeyText = "<u4 [624] by [4] \"" + kTable + '"';
const std::string kTwisterText =
    "{\"bit_generator\": \"MT19937\", \"state\": {\"key\": " + kKeyText + ", \"pos\": 624}}";

ValueCases seed_sequences() {
  const std::string shell =
      reduce(symbol("numpy.random.bit_generator", "__pyx_unpickle_SeedSequence"),
             {symbol("numpy.random.bit_generator", "SeedSequence"), integer(65708578), kNone});
  const std::string shown =
      "numpy.random.SeedSequence(numpy.random.bit_generator.SeedSequence, 65708578, None)";
  const auto state = [](std::string_view entropy, std::string_view spawn_key) {
    return tuple({entropy, kZero, kFour, integer(4), spawn_key});
  };
  return {
      {build(shell, state(integer(5), ")")), shown + ".build((5, 0, " + kFourText + ", 4, ()))"},
      {build(shell, state(list({integer(1), kMost}), integers({7}))),
       shown + ".build(([1, an integer of 136 bits], 0, " + kFourText + ", 4, (7)))"},
  };
}

ValueCases bit_generators() {
  const std::string words = text("has_uint32") + kZero + text("uinteger") + kZero;
  const std::string words_text = "\"has_uint32\": 0, \"uinteger\": 0}";
  const auto made = [](std::string_view module, std::string_view name, std::string_view state) {
    return build(random("__bit_generator_ctor", {symbol(module, name)}), tuple({state, kNone}));
  };
  const auto shown = [](const std::string& name, const std::string& state) {
    return "numpy.random.BitGenerator(numpy.random." + name + ").build((" + state + ", None))";
  };
  return {
      {made("numpy.random._pcg64", "PCG64", pcg_state("PCG64")),
       shown("_pcg64.PCG64", pcg_text("PCG64"))},
      {made("numpy.random._pcg64", "PCG64DXSM", pcg_state("PCG64DXSM")),
       shown("_pcg64.PCG64DXSM", pcg_text("PCG64DXSM"))},
      {made("numpy.random._mt19937", "MT19937", kTwister), shown("_mt19937.MT19937", kTwisterText)},
      {made("numpy.random._sfc64", "SFC64",
            dict({text("bit_generator"), text("SFC64"), text("state"), dict({wide("state", 4)}),
                  words})),
       shown("_sfc64.SFC64", "{\"bit_generator\": \"SFC64\", \"state\": {" + wide_text("state", 4) +
                                 "}, " + words_text)},
      {made("numpy.random._philox", "Philox",
            dict({text("bit_generator"), text("Philox"), text("state"),
                  dict({wide("counter", 4), wide("key", 2)}), wide("buffer", 4), text("buffer_pos"),
                  integer(4), words})),
       shown("_philox.Philox", "{\"bit_generator\": \"Philox\", \"state\": {" +
                                   wide_text("counter", 4) + ", " + wide_text("key", 2) + "}, " +
                                   wide_text("buffer", 4) + ", \"buffer_pos\": 4, " + words_text)},
      // NumPy 1.26
      {build(random("__bit_generator_ctor", {text("PCG64")}), pcg_state("PCG64")),
       "numpy.random.BitGenerator(\"PCG64\").build(" + pcg_text("PCG64") + ")"},
  };
}

ValueCases generators() {
  const std::string twister =
      build(random("__bit_generator_ctor", {symbol("numpy.random._mt19937", "MT19937")}), kTwister);
  const std::string twister_text =
      "numpy.random.BitGenerator(numpy.random._mt19937.MT19937).build(" + kTwisterText + ")";
  const std::string maker = symbol("numpy.random._pickle", "__bit_generator_ctor");
  const std::string old_state = tuple({text("MT19937"), kKey, integer(1), kZero, real(0)});
  const std::string by_name = dict({text("bit_generator"), text("MT19937"), text("state"),
                                    dict({text("key"), kKey, text("pos"), integer(624)}),
                                    text("has_gauss"), kZero, text("gauss"), real(0.5)});
  const std::string by_name_text =
      kTwisterText.substr(0, kTwisterText.size() - 1) + ", \"has_gauss\": 0, \"gauss\": 0.5}";
  const std::string old_text = "((\"MT19937\", " + kKeyText + ", 1, 0, 0.0))";
  return {
      {random("__generator_ctor", {twister}), "numpy.random.Generator(" + twister_text + ")"},
      {build(random("__generator_ctor", {text("PCG64"), maker}), pcg_state("PCG64")),
       "numpy.random.Generator(\"PCG64\", numpy.random._pickle.__bit_generator_ctor).build(" +
           pcg_text("PCG64") + ")"},
      {build(random("__randomstate_ctor", {twister}), by_name),
       "numpy.random.RandomState(" + twister_text + ").build(" + by_name_text + ")"},
      {build(random("__randomstate_ctor", {text("MT19937"), maker}), by_name),
       "numpy.random.RandomState(\"MT19937\", numpy.random._pickle.__bit_generator_ctor).build(" +
           by_name_text + ")"},
      {build(reduce(symbol("numpy.random", "__RandomState_ctor"), {}), old_state),
       "numpy.random.RandomState().build" + old_text},
  };
}

ValueCases all_cases() {
  ValueCases all;
  for (const ValueCases& some : {seed_sequences(), bit_generators(), generators()})
    all.insert(all.end(), some.begin(), some.end());
  return all;
}

TEST(DecodeRandom, ReadsEverySpelling) { expect_texts(all_cases()); }

TEST(DecodeRandom, CoversEveryKnownName) {
  expect_all_names(all_cases(), [](const Known& row) {
    return row.meaning >= Meaning::kSeedSequence && row.meaning <= Meaning::kRandomState;
  });
}

}  // namespace
