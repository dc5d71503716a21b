// The fuzzers' mutators: what they give is other bytes, and mostly still well-formed.
#include "mutators.h"

#include <gtest/gtest.h>

#include "archive/zip_directory.h"
#include "base/bytes.h"
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

TEST(Mutators, TakeAPickleOfNoInstructions) {
  fuzz::Chance chance(1);
  for (int i = 0; i < 100; ++i) static_cast<void>(fuzz::mutate_pickle("", chance).size());
}

}  // namespace
