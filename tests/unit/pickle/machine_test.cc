// The machine: every opcode, and every way in which a pickle can be wrong.
#include "pickle/machine.h"

#include <gtest/gtest.h>

#include <string>

#include "base/bytes.h"
#include "pickle/opcodes.h"
#include "support/tape_text.h"

namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using test_support::run_to_text;

struct Case {
  std::string_view pickle;
  std::string_view text;
};

void expect_all(std::initializer_list<Case> cases) {
  for (const Case& c : cases)
    EXPECT_EQ(run_to_text(c.pickle), c.text) << testing::PrintToString(std::string(c.pickle));
}

TEST(PickleMachine, PushesConstantsAndNumbers) {
  expect_all({
      {"N."sv, "None"},
      {"\x88."sv, "True"},
      {"\x89."sv, "False"},
      {"K\xff."sv, "255"},
      {"M\xff\xff."sv, "65535"},
      {"J\xff\xff\xff\xff."sv, "-1"},
      {"J\0\0\0\x80."sv, "-2147483648"},
      {"I42\n."sv, "42"},
      {"I-7\n."sv, "-7"},
      {"I00\n."sv, "False"},
      {"I01\n."sv, "True"},
      {"I1099511627776\n."sv, "1099511627776"},
      {"L5L\n."sv, "5"},
      {"L5\n."sv, "5"},
      {"\x8a\0."sv, "0"},
      {"\x8a\1\xff."sv, "-1"},
      {"\x8a\1\x80."sv, "-128"},
      {"\x8a\2\xff\0."sv, "255"},
      {"\x8a\6\0\0\0\0\0\1."sv, "1099511627776"},
      {"\x8a\x08\0\0\0\0\0\0\0\x80."sv, "-9223372036854775808"},
      {"\x8b\1\0\0\0\x7f."sv, "127"},
      {"F0.5\n."sv, "0.5"},
      {"F-inf\n."sv, "-inf"},
      {"Fnan\n."sv, "nan"},
      {"G?\xe0\0\0\0\0\0\0."sv, "0.5"},
  });
}

TEST(PickleMachine, KeepsIntegersBeyond64BitsAsTwosComplement) {
  expect_all({
      {"\x8a\x09\0\0\0\0\0\0\0\0\1."sv, "int9'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01'"},
      {"L18446744073709551616L\n."sv, "int9'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01'"},
      {"L-9223372036854775809L\n."sv, "int9'\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f\\xff'"},
      {"L9223372036854775808L\n."sv, "int9'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x80\\x00'"},
  });
}

TEST(PickleMachine, ReadsEverySpellingOfTextAndBytes) {
  expect_all({
      {"X\2\0\0\0hi."sv, "'hi'"},
      {"\x8c\2hi."sv, "'hi'"},
      {"\x8d\2\0\0\0\0\0\0\0hi."sv, "'hi'"},
      {"V\\u00e9t\xe9\n."sv, "'\xc3\xa9t\xc3\xa9'"},
      {"V\\U0001f600\n."sv, "'\xf0\x9f\x98\x80'"},
      {"X\3\0\0\0\xed\xa0\x80."sv, "'\\ud800'"},
      {"U\2hi."sv, "py2'hi'"},
      {"T\2\0\0\0hi."sv, "py2'hi'"},
      {"S'a\\'b\\x41\\n\\101'\n."sv, "py2'a'bA\\nA'"},
      {"C\2hi."sv, "b'hi'"},
      {"B\2\0\0\0hi."sv, "b'hi'"},
      {"\x8e\2\0\0\0\0\0\0\0hi."sv, "b'hi'"},
      {"\x96\2\0\0\0\0\0\0\0hi."sv, "bytearray'hi'"},
  });
}

TEST(PickleMachine, BuildsContainers) {
  expect_all({
      {")."sv, "()"},
      {"K\1\x85."sv, "(1)"},
      {"K\1K\2\x86."sv, "(1, 2)"},
      {"K\1K\2K\3\x87."sv, "(1, 2, 3)"},
      {"(K\1K\2t."sv, "(1, 2)"},
      {"]."sv, "[]"},
      {"]K\1a."sv, "[1]"},
      {"](K\1K\2e."sv, "[1, 2]"},
      {"]K\1aK\2a(K\3K\4eK\5a."sv, "[1, 2, 3, 4, 5]"},
      {"(K\1K\2l."sv, "[1, 2]"},
      {"(lK\1a."sv, "[1]"},
      {"}."sv, "{}"},
      {"}K\1K\2s."sv, "{1: 2}"},
      {"}(K\1K\2K\3K\4u."sv, "{1: 2, 3: 4}"},
      {"(K\1K\2dK\3K\4s."sv, "{1: 2, 3: 4}"},
      {"\x8f(K\1K\2\x90."sv, "set(1, 2)"},
      {"(K\1K\2\x91."sv, "frozenset(1, 2)"},
  });
}

TEST(PickleMachine, RecordsCallsWithoutMakingThem) {
  expect_all({
      {"cos\nsystem\nX\2\0\0\0ls\x85R."sv, "os.system('ls')"},
      {"\x8c\2os\x8c\6system\x93)R."sv, "os.system()"},
      {"(K\1ios\nsystem\n."sv, "os.system(1)"},
      {"(cos\nsystem\nK\1o."sv, "os.system(1)"},
      {"cm\nC\n)\x81}b."sv, "m.C().build({})"},
      {"cm\nC\n)}X\1\0\0\0kK\1s\x92."sv, "m.C()**{'k': 1}"},
      {"cm\nC\n)RK\1a}b."sv, "m.C()+[1].build({})"},
      {"cm\nC\n)R(K\1K\2u(K\3\x90."sv, "m.C()+{1: 2}+set(3)"},
      {"cm\nC\n)R)R."sv, "m.C()()"},
      {"cm\nC\n)R}bNb."sv, "m.C().build({}).build(None)"},
  });
}

TEST(PickleMachine, MapsNamesOfPython2) {
  expect_all({
      {"c__builtin__\nset\n."sv, "builtins.set"},
      {"c__builtin__\nxrange\n."sv, "builtins.range"},
      {"ccopy_reg\n_reconstructor\n."sv, "copyreg._reconstructor"},
      {"cUserDict\nIterableUserDict\n."sv, "collections.UserDict"},
      {"cexceptions\nValueError\n."sv, "builtins.ValueError"},
      {"c__builtin__\nno_such_name\n."sv, "builtins.no_such_name"},
      {"cmodule\nname\r\n."sv, "module.name\r"},
  });
}

TEST(PickleMachine, KeepsIdentityThroughTheMemo) {
  expect_all({
      // The dict is filled after it was stored: the memo holds the object, not a copy.
      {"]q\0(}q\1h\1e(K\1K\2d0h\1K\7K\x08s0."sv, "[{7: 8}, &1]"},
      {"]q\0h\0a."sv, "[&0]"},
      {"](2e."sv, "error corrupt at 2: not enough values on the stack"},
      {"]2\x86."sv, "([], &1)"},
      {"]\x94K\1\x94h\1\x86."sv, "(1, 1)"},
      {"]r\xff\xff\xff\xffj\xff\xff\xff\xff\x86."sv, "([], &1)"},
      {"]p5\ng5\n\x86."sv, "([], &1)"},
      // MEMOIZE takes the number of entries, not the highest index plus one.
      {"]p5\n}\x94h\1\x86."sv, "({}, &1)"},
      // A recursive tuple as CPython writes it.
      {"](h\0e."sv, "error corrupt at 2: a memo entry that was never set"},
  });
}

TEST(PickleMachine, TakesMarksOffTheStack) {
  expect_all({
      {"(0N."sv, "None"},
      {"K\1(K\2K\3"
       "1."sv,
       "1"},
      {"NK\1"
       "0."sv,
       "None"},
  });
}

TEST(PickleMachine, PutsPersistentIdsAside) {
  expect_all({
      {"X\1\0\0\0aQ."sv, "persistent<'a'>"},
      {"P17\n."sv, "persistent<py2'17'>"},
  });
}

TEST(PickleMachine, RefusesWhatReachesBelowTheMark) {
  expect_all({
      {"0."sv, "error corrupt at 0: not enough values on the stack"},
      {"K\1(0"
       "0"
       "0."sv,
       "error corrupt at 5: not enough values on the stack"},
      {"K\1(2."sv, "error corrupt at 3: not enough values on the stack"},
      {"K\1(\x85."sv, "error corrupt at 3: not enough values on the stack"},
      {"t."sv, "error corrupt at 0: no mark on the stack"},
      {"(K\1e."sv, "error corrupt at 3: no container below the mark"},
      {"](](K\1u."sv, "error corrupt at 6: a key without a value"},
      {"(K\1d."sv, "error corrupt at 3: a dict with a key and no value"},
      {"(o."sv, "error corrupt at 1: no class above the mark"},
      {"q\0."sv, "error corrupt at 0: not enough values on the stack"},
      {"h\0."sv, "error corrupt at 0: a memo entry that was never set"},
      {"."sv, "error corrupt at 0: not enough values on the stack"},
      {"K\1(."sv, "error corrupt at 3: not enough values on the stack"},
  });
}

TEST(PickleMachine, RefusesItemsAndStatesOnWrongKinds) {
  expect_all({
      {"}K\1a."sv, "error corrupt at 3: items are added to a value that cannot hold them"},
      {"]K\1K\2s."sv, "error corrupt at 5: items are added to a value that cannot hold them"},
      {")(K\1e."sv, "error corrupt at 4: items are added to a value that cannot hold them"},
      {"](K\1\x90."sv, "error corrupt at 4: items are added to a value that cannot hold them"},
      {"cm\nC\n}b."sv, "error corrupt at 6: a state is given to a value that cannot take one"},
      {"}}b."sv, "error corrupt at 2: a state is given to a value that cannot take one"},
      {"K\1)R."sv, "error corrupt at 3: a call of something that is not a class or function"},
      {"cm\nC\n]R."sv, "error corrupt at 6: call arguments that are not a tuple"},
      {"cm\nC\n)]\x92."sv, "error corrupt at 7: keyword arguments that are not a dict"},
      {"C\1aC\1b\x93."sv, "error corrupt at 6: a global whose names are not text"},
  });
}

TEST(PickleMachine, RefusesWhatNoPicklerWrites) {
  expect_all({
      {"I010\n."sv, "error corrupt at 0: a number in no form that a pickler writes"},
      {"I+1\n."sv, "error corrupt at 0: a number in no form that a pickler writes"},
      {"I5\0\n."sv, "error corrupt at 0: a number in no form that a pickler writes"},
      {"I5L\n."sv, "error corrupt at 0: a number in no form that a pickler writes"},
      {"L5LL\n."sv, "error corrupt at 0: a number in no form that a pickler writes"},
      {"F1e999\n."sv, "error corrupt at 0: a float in no form that a pickler writes"},
      {"F0x1p3\n."sv, "error corrupt at 0: a float in no form that a pickler writes"},
      {"F1,5\n."sv, "error corrupt at 0: a float in no form that a pickler writes"},
      {"S'abc\n."sv, "error corrupt at 0: a quoted string in no form that a pickler writes"},
      {"S'\\x0'\n."sv, "error corrupt at 0: a quoted string in no form that a pickler writes"},
      {"V\\u12\n."sv, "error corrupt at 0: a broken \\u escape"},
      {"X\1\0\0\0\xff."sv, "error corrupt at 0: text that is not UTF-8"},
      {"X\2\0\0\0\xc0\x80."sv, "error corrupt at 0: text that is not UTF-8"},
      {"]p-1\n."sv, "error corrupt at 1: a memo index that is not a plain number"},
      {"NNK\1b."sv, "error corrupt at 4: a state is given to a value that cannot take one"},
      {"NK\1a."sv, "error corrupt at 3: items are added to a value that cannot hold them"},
      {"]p4294967296\n."sv, "error corrupt at 1: a memo index that is not a plain number"},
      {"cmodule\n\n."sv, "error corrupt at 0: a GLOBAL with an impossible name"},
      {"\xff."sv, "error corrupt at 0: a byte that is not an opcode"},
      {"\x80\6N."sv, "error unsupported at 0: a pickle protocol above 5"},
      {"\x8b\xff\xff\xff\xff."sv, "error corrupt at 0: a negative length"},
      {"T\xff\xff\xff\xff."sv, "error corrupt at 0: a negative length"},
  });
}

// attacks/small_world.py asks the unpicklers themselves.
TEST(PickleMachine, ReadsOddFormsThatAllReadersTakeAlike) {
  expect_all({
      {"I0x10\n."sv, "16"},
      {"I 5\n."sv, "5"},
      {"I1_0\n."sv, "10"},
      {"L+5L\n."sv, "5"},
      {"F1e-999\n."sv, "0.0"},
      {"S'\\q'\n."sv, "py2'\\\\q'"},
      {"]p 5\n."sv, "[]"},
      {"NNb."sv, "None"},
      {"N(u."sv, "None"},
      {"C\1m\x98."sv, "b'm'"},
  });
}

TEST(PickleMachine, NamesExtensionsAndBuffersAsUnsupported) {
  for (const std::string_view pickle :
       {"\x82\1."sv, "\x83\1\0."sv, "\x84\1\0\0\0."sv, "\x97."sv, "\x96\0\0\0\0\0\0\0\0\x98."sv})
    EXPECT_EQ(run_to_text(pickle).substr(0, 17), "error unsupported") << pickle;
}

TEST(PickleMachine, HoldsFramesStrictly) {
  expect_all({
      {"\x80\4\x95\2\0\0\0\0\0\0\0N."sv, "None"},
      {"\x95\1\0\0\0\0\0\0\0N\x95\1\0\0\0\0\0\0\0."sv, "None"},
      {"\x95\0\0\0\0\0\0\0\0N."sv, "None"},
      {"\x95\1\0\0\0\0\0\0\0K\1."sv, "error corrupt at 9: an opcode crosses the end of its frame"},
      {"\x95\x0c\0\0\0\0\0\0\0\x95\1\0\0\0\0\0\0\0N.."sv,
       "error corrupt at 9: a frame inside a frame"},
      {"\x95\xff\xff\xff\xff\xff\xff\xff\x7fN."sv,
       "error truncated at 0: the pickle ends before its STOP"},
  });
}

TEST(PickleMachine, SaysWhereATruncatedPickleEnds) {
  const std::string whole =
      "\x80\2}q\0(X\1\0\0\0aK\1X\1\0\0\0b]q\1(G?\xe0\0\0\0\0\0\0U\2xyMgB\x8a\1\5eu."s;
  EXPECT_EQ(run_to_text(whole), "{'a': 1, 'b': [0.5, py2'xy', 16999, 5]}");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::string text = run_to_text(whole.substr(0, size));
    EXPECT_EQ(text.substr(0, 15), "error truncated") << size;
  }
}

TEST(PickleMachine, ChecksLengthsBeforeItAllocates) {
  for (const std::string_view pickle :
       {"X\xff\xff\xff\xff"sv, "B\xff\xff\xff\xff"sv, "\x8e\xff\xff\xff\xff\xff\xff\xff\x7f"sv,
        "\x8d\xff\xff\xff\xff\xff\xff\xff\xff"sv, "\x96\0\0\0\0\0\0\0\x80"sv,
        "\x8b\xff\xff\xff\x7f"sv, "T\xff\xff\xff\x7f"sv})
    EXPECT_EQ(run_to_text(pickle).substr(0, 15), "error truncated");
}

TEST(PickleMachine, RunsAMillionLevelsDeep) {
  constexpr std::size_t kDepth = 1'000'000;
  for (const auto& [open, close] : {std::pair("]"s, "a"s), std::pair("("s, "t"s)}) {
    std::string pickle;
    for (std::size_t i = 0; i < kDepth; ++i) pickle += open;
    pickle += "N";
    for (std::size_t i = 0; i < kDepth; ++i) pickle += close;
    pickle += ".";
    safe_load::pickle::Tape tape(safe_load::base::as_bytes(pickle), {});
    const auto end = safe_load::pickle::run(tape);
    ASSERT_TRUE(end.ok()) << end.error().reason();
    EXPECT_EQ(tape.size(), kDepth + 1);
  }
}

TEST(PickleMachine, MakesOneNodeOfASharedOne) {
  std::string pickle = "]";
  for (int i = 0; i < 60; ++i) pickle += "2\x86";  // t = (t, t), sixty times
  pickle += ".";
  safe_load::pickle::Tape tape(safe_load::base::as_bytes(pickle), {});
  ASSERT_TRUE(safe_load::pickle::run(tape).ok());
  EXPECT_EQ(tape.size(), 61u);
}

TEST(PickleMachine, NotesWhatIsLegalButOdd) {
  const std::string pickle = "N\x80\2K\1.";
  safe_load::pickle::Tape tape(safe_load::base::as_bytes(pickle), {});
  ASSERT_TRUE(safe_load::pickle::run(tape).ok());
  ASSERT_EQ(tape.notes().size(), 2u);
  EXPECT_EQ(tape.notes()[0].offset, 1u);
  EXPECT_EQ(tape.notes()[1].oddity, safe_load::pickle::Oddity::kValuesLeft);
}

TEST(Opcodes, AreSixtyEight) {
  int count = 0;
  for (int byte = 0; byte < 256; ++byte)
    count += safe_load::pickle::name(static_cast<safe_load::pickle::Opcode>(byte)).empty() ? 0 : 1;
  EXPECT_EQ(count, 68);
}

}  // namespace
