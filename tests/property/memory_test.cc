// MemoryBound: opening never takes more than 16 MiB + 64 bytes per byte of pickle and directory.
//
// Measured as bytes that operator new has given out, which sanitizers do not change. The files here
// are written so that a few bytes ask for as much as possible, again and again.
#include <gtest/gtest.h>
#include <safe_load/checkpoint.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "property/attack_size.h"
#include "support/allocation_meter.h"
#include "support/checkpoint_builder.h"
#include "support/zip_builder.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::Checkpoint;

std::string repeated(std::string_view what, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += what;
  return out;
}

struct Opened {
  std::string outcome;  // "opens", or the code of the error
  std::size_t peak;
  std::chrono::steady_clock::duration time;
};

Opened measure(std::string_view file) {
  const auto start = std::chrono::steady_clock::now();
  const AllocationMeter meter;
  const auto opened = Checkpoint::open(safe_load::base::as_bytes(file));
  return {opened ? "opens" : std::string(to_text(opened.error().code)), meter.peak(),
          std::chrono::steady_clock::now() - start};
}

void expect_bounded(const std::string& what, const ZipBuilder& zip, std::size_t pickle_bytes) {
  const Opened opened = measure(zip.build());
  const std::size_t paid = pickle_bytes + static_cast<std::size_t>(zip.directory_size());
  EXPECT_LE(opened.peak, (std::size_t{16} << 20) + 64 * paid)
      << what << ": " << opened.outcome << ", " << opened.peak / paid << " bytes per byte";
  EXPECT_LT(opened.time, std::chrono::seconds(60)) << what;  // it hangs; not a measurement
  EXPECT_TRUE(opened.outcome == "opens" || opened.outcome == "limit") << what << opened.outcome;
}

void expect_bounded(const std::string& what, const std::string& pickle) {
  expect_bounded(what, ZipBuilder().stored("a/data.pkl", pickle), pickle.size());
}

// A pickle of `start`, then `step` as often as it fits, then `end`.
struct Stream {
  std::string what;
  std::string start;
  std::string step;
  std::string end = ".";
  std::size_t size = kAttackSize;
};

void expect_bounded(const std::vector<Stream>& streams) {
  for (const Stream& s : streams)
    expect_bounded(s.what, "\x80\2" + s.start + repeated(s.step, s.size) + s.end);
}

TEST(MemoryBound, OfOneByteOpcodesIsBounded) {
  for (const char* step : {"N", "\x88", ")", "]", "}", "\x8f", "("})
    expect_bounded({{"many "s + step, "", step, "N."}});
  expect_bounded({
      {"dicts in a list", "](", "}", "e."},
      {"Nones in a list", "](", "N", "e."},
      {"tuples of tuples", "N", "\x85"},
      {"lists of lists", "", "]", std::string(kAttackSize - 1, 'a') + "."},
      {"DUP", "N", "2", "0."},
  });
}

TEST(MemoryBound, OfMemosIsBounded) {
  expect_bounded({
      {"MEMOIZE", "", "]\x94"},
      {"MEMOIZE of one", "]", "\x94"},
      {"BINPUT", "]", "q\1"},
      {"BINGET", "]q\1(", "h\1", "e."},
  });
  std::string scattered = "\x80\2]";
  for (std::uint32_t place = 0; scattered.size() < kAttackSize; place += 2654435761u)
    scattered += "r" + little(place, 4);
  expect_bounded("scattered LONG_BINPUT", scattered + ".");
  std::string gaps = "\x80\2]";
  for (std::uint32_t i = 0; gaps.size() < kAttackSize; ++i) gaps += "r" + little(2 * i + 1000, 4);
  expect_bounded("LONG_BINPUT with gaps", gaps + ".");
}

TEST(MemoryBound, OfSharedValuesIsBounded) {
  expect_bounded({
      {"DUP TUPLE2", "]", "2\x86"},
      {"DUP DUP TUPLE3", "]", "22\x87"},
      {"a list in itself", "]", "2a"},
      {"APPEND", "]", "Na"},
      {"APPENDS of one", "]", "(Ne"},
      {"SETITEM of one key", "}", "NNs"},
  });
}

TEST(MemoryBound, OfCallsIsBounded) {
  expect_bounded({
      {"calls of calls", "cm\nC\n", ")R"},
      {"NEWOBJ of calls", "cm\nC\n", ")\x81"},
      {"calls with a state", "cm\nC\n", ")R}b"},
      {"states", "cm\nC\n)R", "Nb"},
      {"OBJ", "cm\nC\nq\1", "(h\1o"},
      {"sets made by calls", "cbuiltins\nset\nq\1](", "h\1)R", "e."},
  });
  std::string symbols = "\x80\2";
  for (int i = 0; symbols.size() < kAttackSize; ++i) symbols += "ca\n" + std::to_string(i) + "\n";
  expect_bounded("symbols", symbols + ".");
}

TEST(MemoryBound, OfKeysIsBounded) {
  constexpr std::size_t kSmall = kAttackSize / 16;  // these spend all the work they may
  const std::string long_text = text(std::string(30'000, 'k'));
  expect_bounded({
      {"one long key", long_text + "q\1}(", "h\1N", "u.", kSmall},
      {"a long key in a tuple", long_text + "q\1}(", "h\1\x85N", "u.", kSmall},
      {"a large tuple as key", "(" + std::string(30'000, 'N') + "tq\1}(", "h\1N", "u.", kSmall},
      {"sets of a long text", long_text + "q\1](", "\x8f(h\1h\1\x90", "e.", kSmall},
      {"one key in one dict", "}(", "NN", "u."},
  });
}

// Arguments for one call, made once: q\3 is the function, q\2 the tuple.
std::string once(std::string_view function, std::initializer_list<std::string_view> arguments) {
  return std::string(function) + "q\3" + tuple(arguments) + "q\2";
}
constexpr const char* kCall = "h\3h\2R";

std::string bytes(std::size_t count) { return "B" + little(count, 4) + std::string(count, 'x'); }

TEST(MemoryBound, OfReusedArgumentsIsBounded) {
  const std::string dtype =
      build(reduce(symbol("numpy", "dtype"), {text("u1"), "\x89", "\x88"}),
            tuple({integer(3), text("|"), "N", "N", "N", integer(-1), integer(-1), integer(0)}));
  const std::string from_buffer = symbol("numpy._core.numeric", "_frombuffer");
  const std::string large =
      once(from_buffer, {bytes(1'000'000), dtype, integers({1'000'000}), text("C")});
  const std::string empty = once(from_buffer, {bytes(0), dtype, integers({0}), text("C")});
  const std::string encode =
      once(symbol("_codecs", "encode"), {text(std::string(100'000, 'x')), text("latin1")});
  const std::string set = once(symbol("builtins", "set"), {"](" + std::string(100'000, 'N') + "e"});
  expect_bounded({
      {"one buffer, many arrays", large + "](", kCall, "e."},
      {"many empty arrays", empty + "](", kCall, "e."},
      {"many dtypes", once(symbol("numpy", "dtype"), {text("u1"), "\x89", "\x88"}) + "](", kCall,
       "e."},
      {"one text, many encodings", encode + "](", kCall, "e."},
      {"one list, many sets", set + "](", kCall, "e."},
  });
}

TEST(MemoryBound, OfTensorsIsBounded) {
  std::string ones = "(";
  for (int i = 0; i < 64; ++i) ones += integer(1);
  ones += "t";
  const std::string rebuild = symbol("torch._utils", "_rebuild_tensor_v2");
  const std::string hooks = reduce(symbol("collections", "OrderedDict"), {});
  const std::string empty =
      once(rebuild, {storage("0", 0), integer(0), integers({0}), integers({1}), "\x89", hooks});
  const std::string wide = once(
      rebuild, {storage("0", 1, "FloatStorage", "meta"), integer(0), ones, ones, "\x89", hooks});
  expect_bounded({
      {"one storage, many tensors", empty + "](", kCall, "e."},
      {"tensors of 64 dimensions", wide + "](", kCall, "e."},
  });
  std::string storages = "\x80\2" + text("storage") + "q\1" + symbol("torch", "FloatStorage") +
                         "q\2" + text("cpu") + "q\3](";
  for (int i = 0; storages.size() < kAttackSize; ++i) {
    const std::string key = std::to_string(i);
    storages += "(h\1h\2\x8c" + little(key.size(), 1) + key + "h\3" + integer(0) + "tQ";
  }
  expect_bounded("storages", storages + "e.");
}

TEST(MemoryBound, OfTablesAndDamageIsBounded) {
  const std::string set = once(symbol("builtins", "set"), {"](" + std::string(100'000, 'N') + "e"});
  expect_bounded({
      {"one member in one set", "\x8f(", "N", "\x90."},
      {"one list, many sets with members", set + "](", kCall + "(N\x90"s, "e."},
      {"calls that cannot be", "cbuiltins\nset\nq\1N\x85q\2](", "h\1h\2R", "e."},
      {"persistent ids that are none", "](", "NQ", "e."},
      {"unhashable members", "](", "\x8f(]\x90", "e."},
  });
}

TEST(MemoryBound, OfTheDirectoryIsBounded) {
  const std::string pickle = "\x80\2N.";
  for (const std::string suffix : {"", "X", "UPPER", " of a rather long name, as some have it"}) {
    ZipBuilder zip = ZipBuilder().zip64().lie_about_end([](auto& end) { end.saturate = true; });
    zip.stored("a/data.pkl", pickle);
    for (int i = 0; i < 100'000; ++i) zip.stored(std::to_string(i) + suffix, "");
    expect_bounded("100,000 entries" + suffix, zip, pickle.size());
  }
}

}  // namespace
