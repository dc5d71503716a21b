// The fuzzers' mutators: what they give is other bytes, and mostly still well-formed.
#include "mutators.h"

#include <gtest/gtest.h>

#include "archive/zip_directory.h"
#include "base/bytes.h"
#include "same_tape.h"
#include "support/checkpoint_builder.h"

namespace {

using namespace safe_load;
using namespace std::string_view_literals;

TEST(Mutators, SplitAPickleIntoItsInstructions) {
  const auto parts = fuzz::split_pickle("\x80\2cm\nx\nI1\nX\2\0\0\0ab\x8c\1aU\xff."sv);
  const std::vector<std::string_view> expected = {"\x80\2"sv,      "cm\nx\n"sv, "I1\n"sv,
                                                  "X\2\0\0\0ab"sv, "\x8c\1a"sv, "U\xff."sv};
  EXPECT_EQ(parts, expected);
  EXPECT_TRUE(fuzz::split_pickle("").empty());
  for (const auto cut : {"c"sv, "cm"sv, "cm\n"sv, "X\1"sv, "\x8d\1\0"sv, "J"sv, "I"sv})
    EXPECT_EQ(fuzz::split_pickle(cut).size(), 1u) << testing::PrintToString(cut);
}

TEST(Mutators, KeepMostZipFilesReadable) {
  const std::string file = test_support::CheckpointBuilder("N").storage("0", "1234").build();
  fuzz::Chance chance(1);
  int readable = 0;
  int changed = 0;
  constexpr int kTimes = 200;
  for (int i = 0; i < kTimes; ++i) {
    const std::string mutant = fuzz::mutate_zip(
        file, chance, [](std::string_view bytes) { return std::string(bytes) + "x"; });
    const base::MemorySource source(base::as_bytes(mutant));
    readable += archive::ZipDirectory::read(source, {}).ok() ? 1 : 0;
    changed += mutant != file ? 1 : 0;
  }
  EXPECT_GT(readable, kTimes / 2);
  EXPECT_GT(changed, kTimes / 2);
  EXPECT_EQ(fuzz::mutate_zip("PK no zip", chance, nullptr), "PK no zip");
}

// What most pickles consist of, and then what mutation makes of it, also where memory runs out.
TEST(Machine, WritesTheSameTapeByStepsAndInItsLoop) {
  constexpr std::string_view kPrograms[] = {
      "\x80\2}q\0(X\1\0\0\0aq\1ctorch._utils\n_rebuild_tensor_v2\nq\2((X\7\0\0\0storageq\3"
      "ctorch\nFloatStorage\nq\4X\1\0\0\0000q\5X\3\0\0\0cpuq\6K\x40tq\7QK\0K\x40\x85q\x08K\1\x85q"
      "\x09"
      "\x89"
      "ccollections\nOrderedDict\nq\n)Rq\13tq\14Rq\15X\1\0\0\0bq\16h\15X\2\0\0\0\xc3\xa9K\1u."sv,
      "\x80\4\x95\x2a\0\0\0\0\0\0\0(]\x94(K\1M\0\1J\xff\xff\xff\xffG?"
      "\xf0\0\0\0\0\0\0\x88\x89Ne\x8c\4"
      "text\x94h\1h\0\x86\x94h\2N\x87t."sv,
      "NNNNNNNNr\x88\x13\0\0q\5q\0q\1q\2q\3q\4q\5h\5h\4j\x88\x13\0\0t0000000000."sv,
      "X\x40\0\0\0fewer bytes than that.NNN"sv,
      "((lp0\nI1\naN(dp1\nS'x'\nF1.5\nsr\2\0\0\0j\2\0\0\0\x85\x85)1(tt."sv,
  };
  fuzz::Chance chance(1);
  Limits narrow;
  narrow.memory_base = 20'000;
  narrow.memory_per_byte = 1;
  constexpr int kTimes = 60'000;
  for (const std::string_view program : kPrograms) {
    std::string pickle(program);
    for (int i = 0; i < kTimes; ++i) {
      for (const bool is_lenient : {false, true})
        for (const Limits& limits : {Limits(), narrow})
          ASSERT_EQ(fuzz::difference_by_steps(base::as_bytes(pickle), is_lenient, limits), "")
              << testing::PrintToString(pickle);
      pickle = fuzz::mutate_pickle(i % 20 == 0 ? program : pickle, chance);
    }
  }
}

TEST(Mutators, TakeAPickleOfNoInstructions) {
  fuzz::Chance chance(1);
  for (int i = 0; i < 100; ++i) static_cast<void>(fuzz::mutate_pickle("", chance).size());
}

}  // namespace
