// Files of joblib: arrays stand in the stream between the opcodes, and the pickle goes on behind
// them.
#include <gtest/gtest.h>
#include <safe_load/scan_report.h>

#include <algorithm>

#include "support/array_builder.h"
#include "support/checkpoint_builder.h"
#include "support/guarded_buffer.h"
#include "support/legacy_builder.h"
#include "support/scanned.h"
#include "support/value_text.h"

namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using namespace test_support;
using safe_load::Checkpoint;
using safe_load::FileReport;
using safe_load::Verdict;

std::string call(std::string_view module, std::string_view name,
                 std::initializer_list<std::string_view> arguments) {
  return reduce(symbol(module, name), arguments);
}

const std::string kClass = symbol("joblib.numpy_pickle", "NumpyArrayWrapper");
const std::string kEvil = "cos\nsystem\nX\4\0\0\0true\x85R"s;
// What fills up in front of the elements.
const std::string kPadding = "\2\xff\xff"s;

std::string state(std::string_view shape, std::string_view type, std::string_view order = "C",
                  std::string_view alignment = "K\x10") {
  return dict({text("subclass"), symbol("numpy", "ndarray"), text("shape"), shape, text("order"),
               text(order), text("dtype"), type, text("allow_mmap"), kTrue,
               text("numpy_array_alignment_bytes"), alignment});
}

std::string described(std::string_view shape, std::string_view type, std::string_view order = "C",
                      std::string_view alignment = "K\x10") {
  return build(newobj(kClass, {}), state(shape, type, order, alignment));
}

std::string two_bytes(std::string_view bytes) {
  return described(integers({2}), dtype("u1"), "C", kNone) + std::string(bytes);
}

std::string opened(std::string_view file) {
  const GuardedBuffer buffer(file);
  const auto checkpoint = Checkpoint::open(buffer.bytes());
  if (!checkpoint)
    return std::string(to_text(checkpoint.error().code)) + ": " + checkpoint.error().message;
  if (!checkpoint->issues().empty()) return "issue: " + checkpoint->issues()[0].message;
  return value_text(checkpoint->root());
}

const std::string kFile =
    pickled(list({integer(1), described(integers({2}), dtype("f4")) + kPadding + raw<float>({1, 2}),
                  integer(3)}));

TEST(FilesOfJoblib, HaveArraysInThePlacesOfTheirDescriptions) {
  EXPECT_EQ(opened(kFile), "[1, <f4 [2] by [4] \"\\x00\\x00\\x80?\\x00\\x00\\x00@\", 3]");
  EXPECT_EQ(opened(pickled(list({two_bytes("ab"), two_bytes("cd")}))),
            "[|u1 [2] by [1] \"ab\", |u1 [2] by [1] \"cd\"]");
}

TEST(FilesOfJoblib, AreReadWhateverJoblibWroteThem) {
  const std::string old = build(
      newobj(kClass, {}),
      dict({text("shape"), integers({2}), text("order"), text("C"), text("dtype"), dtype("u1")}));
  EXPECT_EQ(opened(pickled(list({old + "ab"}))), "[|u1 [2] by [1] \"ab\"]")
      << "without an alignment";
  const std::string module = "sklearn.externals.joblib.numpy_pickle";
  const std::string brought = build(newobj(symbol(module, "NumpyArrayWrapper"), {}),
                                    state(integers({2}), dtype("u1"), "C", kNone));
  EXPECT_EQ(opened(pickled(list({brought + "ab"}))), "[|u1 [2] by [1] \"ab\"]") << "by sklearn";
  const std::string first = build(
      reduce(symbol("copyreg", "_reconstructor"), {kClass, symbol("builtins", "object"), kNone}),
      state(integers({2}), dtype("u1"), "C", kNone));
  EXPECT_EQ(opened(pickled(list({first + "ab"}))), "[|u1 [2] by [1] \"ab\"]") << "in protocol 0";
}

TEST(FilesOfJoblib, HaveArraysOfEveryOrderAndSize) {
  EXPECT_EQ(opened(pickled(described(integers({2, 2}), dtype("u1"), "F") + "\0abcd"s)),
            "|u1 [2, 2] by [1, 2] \"abcd\"");
  EXPECT_EQ(opened(pickled(list({described(integers({0, 5}), dtype("f8")) + "\0"s}))),
            "[<f8 [0, 5] by [40, 8] \"\"]");
  EXPECT_EQ(opened(pickled(described(integers({}), dtype("u1"), "C", kNone) + "a")),
            "|u1 [] by [] \"a\"");
}

TEST(FilesOfJoblib, HaveObjectsInAPickleOfTheirOwn) {
  const std::string objects = dtype("O8", {.order = "|", .flags = 63});
  const std::string inner = pickled(list({memoized(0, text("a")), fetched(0)}));
  const std::string file = pickled(
      list({memoized(0, text("x")), described(integers({2}), objects) + inner, fetched(0)}));
  EXPECT_EQ(opened(file), "[\"x\", [\"a\", \"a\"], \"x\"]");
  // pickle.load would read on in the inner pickle, with the memo of the outer one.
  const FileReport report = scan_bytes(file);
  EXPECT_EQ(report.verdict, Verdict::kUnknown);
  const std::string evil = "\x80\2" + kEvil + ".";
  EXPECT_EQ(scan_bytes(pickled(list({described(integers({2}), objects) + evil}))).verdict,
            Verdict::kDangerous);
}

TEST(FilesOfJoblib, AreRefusedWhereverTheyEnd) {
  for (std::size_t size = 2; size < kFile.size(); ++size) {
    const std::string found = opened(std::string_view(kFile).substr(0, size));
    EXPECT_EQ(found.substr(0, 11), "truncated: ") << size << found;
  }
}

TEST(FilesOfJoblib, EndWellWhateverBitIsFlipped) {
  for (std::size_t bit = 0; bit < 8 * kFile.size(); ++bit) {
    std::string flipped = kFile;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
    EXPECT_NE(opened(flipped), "") << bit;
    static_cast<void>(scan_bytes(flipped));
  }
}

TEST(FilesOfJoblib, AreRefusedIfAnArrayIsOdd) {
  const std::string object = newobj(kClass, {});
  const std::string good = state(integers({2}), dtype("u1"), "C", kNone);
  const auto damaged = [&](std::string_view attributes) {
    return opened(pickled(list({build(object, attributes) + "ab"})));
  };
  EXPECT_EQ(damaged(dict({text("shape"), integers({2})})),
            "corrupt: an array of joblib without a shape, an order or a dtype: NumpyArrayWrapper");
  const std::string changed = "an array of joblib with an attribute that joblib does not write";
  const std::string parts =
      text("shape") + integers({2}) + text("order") + text("C") + text("dtype") + dtype("u1");
  for (const std::string& odd :
       {text("read") + kClass, text("shape") + integers({3}), text("__class__") + kClass,
        call("builtins", "str", {text("shape")}) + integers({3}), integer(1) + integer(1)})
    EXPECT_EQ(damaged("}(" + parts + odd + "u"), "corrupt: " + changed + ": NumpyArrayWrapper");
  EXPECT_EQ(damaged(state(integers({2}), dtype("u1"), "C", list({}))),
            "corrupt: an array of joblib whose alignment is no number: NumpyArrayWrapper");
  EXPECT_EQ(damaged(state(integers({2}), dtype("u1"), "C", call("builtins", "bool", {}))),
            "corrupt: an array of joblib whose alignment is no number: NumpyArrayWrapper");
  EXPECT_EQ(damaged(state("K\2", dtype("u1"))),
            "corrupt: an array of joblib without a shape, an order or a dtype: NumpyArrayWrapper");
  EXPECT_EQ(damaged(state(integers({-1}), dtype("u1"))),
            "corrupt: an array of joblib of an impossible size: NumpyArrayWrapper");
  EXPECT_EQ(damaged(state(integers({1LL << 62, 1LL << 62}), dtype("f8"))),
            "corrupt: an array of joblib of an impossible size: NumpyArrayWrapper");
  EXPECT_EQ(damaged(state(integers({2}), call("m", "dtype", {}))).substr(0, 65),
            "unsupported: an array of joblib whose type does not tell its size");
  EXPECT_EQ(damaged(state(integers({1LL << 40}), dtype("u1"))).substr(0, 11), "truncated: ");
  EXPECT_EQ(opened(pickled(list({memoized(0, object) + good + "bab" + fetched(0) + good + "bab"}))),
            "corrupt: an array of joblib that is built twice: NumpyArrayWrapper");
  EXPECT_EQ(opened(pickled(list({build(newobj(kClass, {integer(1)}), good) + "ab"}))),
            "corrupt: an array of joblib in no form that joblib writes: NumpyArrayWrapper");
}

// The unpickler holds a frame as a whole, and so the stream stands behind it.
TEST(FilesOfJoblib, HaveArraysBehindFrames) {
  const std::string body = described(integers({2}), dtype("u1"), "C", kNone);
  const auto framed = [](std::string_view content) {
    return "\x95" + raw<std::uint64_t>({content.size()}) + std::string(content);
  };
  EXPECT_EQ(opened("\x80\4" + framed("]" + body) + "ab" + framed("a.")), "[|u1 [2] by [1] \"ab\"]");
  EXPECT_EQ(opened("\x80\4" + framed("]" + body + "aba.")),
            "corrupt: the bytes of an array in the middle of a frame: BUILD");
}

TEST(FilesOfJoblib, BeforeItKeptArraysInTheFileAreNamed) {
  const std::string old = build(newobj(symbol("joblib.numpy_pickle", "NDArrayWrapper"), {}),
                                dict({text("filename"), text("x_01.npy")}));
  EXPECT_EQ(opened(pickled(list({old}))).substr(0, 43),
            "unsupported: a file of joblib before 0.10: ");
}

// ---- scan

// joblib before 1.2 would take the byte that says how much fills up for an element, and the last
// elements for opcodes.
TEST(ScanOfJoblib, GoesOnBehindArrays) {
  const FileReport report = scan_bytes(kFile);
  EXPECT_EQ(report.verdict, Verdict::kUnknown);
  ASSERT_EQ(report.findings.size(), 1u);
  EXPECT_EQ(report.findings[0].rule->id, "SL-C06");
  EXPECT_EQ(scan_bytes(pickled(list({two_bytes("ab"), kEvil}))).verdict, Verdict::kDangerous);
}

// To pickle the bytes of the array begin a text that hides what joblib sees.
TEST(ScanOfJoblib, SeesWhatOnlyJoblibWouldRun) {
  const std::string hidden = "0" + kEvil;
  const std::string bytes = "B" + raw<std::uint32_t>({static_cast<std::uint32_t>(hidden.size())});
  const std::string file =
      pickled(described(integers({5}), dtype("u1"), "C", kNone) + bytes + hidden);
  EXPECT_EQ(scan_bytes(file).verdict, Verdict::kDangerous);
}

// To joblib they are the elements of an array.
TEST(ScanOfJoblib, SeesWhatOnlyPickleWouldRun) {
  const auto size = static_cast<std::int64_t>(kEvil.size() + 1);
  const std::string file =
      pickled(described(integers({size}), dtype("u1"), "C", kNone) + kEvil + ".");
  EXPECT_EQ(opened(file).substr(0, 4), "|u1 ");
  const FileReport report = scan_bytes(file);
  EXPECT_EQ(report.verdict, Verdict::kDangerous);
  EXPECT_TRUE(has_rule(report, "SL-C06"));
}

TEST(ScanOfJoblib, TellsOfDescriptionsThatNoArrayReplaces) {
  const std::string good = state(integers({2}), dtype("u1"), "C", kNone);
  for (const std::string& odd :
       {list({newobj(kClass, {})}), list({kClass}), call("m", "f", {kClass}),
        list({memoized(0, newobj(kClass, {})) + good + "bab", fetched(0)})}) {
    const FileReport report = scan_bytes(pickled(odd));
    EXPECT_NE(report.verdict, Verdict::kSafe);
    EXPECT_TRUE(has_rule(report, "SL-C06"));
  }
}

TEST(ScanOfJoblib, TellsThatPickleReadsAPickleOfObjectsOtherwise) {
  const std::string objects = dtype("O8", {.order = "|", .flags = 63});
  const std::string inner =
      pickled(list({memoized(0, text("m")), call("collections", "OrderedDict", {}),
                    fetched(0) + text("f") + "\x93"}));
  const std::string file =
      pickled(list({memoized(0, text("x")), described(integers({3}), objects) + inner}));
  const FileReport report = scan_bytes(file);
  EXPECT_EQ(report.verdict, Verdict::kUnknown);
  EXPECT_TRUE(has_rule(report, "SL-C06"));
  // The name that only pickle would make: it overwrites the memo, and so finds another module.
  const std::string os = pickled(list({fetched(1) + text("system") + "\x93"}));
  const std::string both =
      pickled(list({memoized(1, text("os")), described(integers({1}), objects) + os}));
  EXPECT_EQ(scan_bytes(both).verdict, Verdict::kDangerous);
}

// Where joblib may read what torch reads from an archive as a file of its own.
TEST(ScanOfJoblib, TellsOfArraysInOtherPickles) {
  const FileReport report = scan_bytes(CheckpointBuilder(list({two_bytes("K\1")})).build());
  EXPECT_EQ(report.verdict, Verdict::kUnknown);
  EXPECT_TRUE(has_rule(report, "SL-C06"));
}

}  // namespace
