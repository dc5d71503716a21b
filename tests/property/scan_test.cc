// Scanning damaged files: whatever is cut off or turned, a scan ends within its limits in a verdict
// that can be printed. A file that is not whole is never SAFE.
#include <gtest/gtest.h>
#include <safe_load/scan_report.h>

#include <algorithm>
#include <chrono>

#include "property/fixtures.h"
#include "support/allocation_meter.h"
#include "support/guarded_buffer.h"

namespace {

using namespace test_support;
using safe_load::FileReport;
using safe_load::Verdict;

FileReport scan(std::string_view file) {
  const GuardedBuffer buffer(file);
  const AllocationMeter meter;
  const auto report = safe_load::scan(buffer.bytes());
  EXPECT_TRUE(report.ok());
  EXPECT_LE(meter.peak(), (std::size_t{48} << 20) + 64 * file.size());
  const std::string text = to_text(*report, "x", {.verbose = true}) + to_json(*report, "x");
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\n' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7f');
  })) << testing::PrintToString(text);
  return *report;
}

std::vector<Fixture> all_fixtures() {
  std::vector<Fixture> fixtures = small_fixtures();
  const std::vector<Fixture> others = container_fixtures();
  fixtures.insert(fixtures.end(), others.begin(), others.end());
  return fixtures;
}

TEST(ScanProperty, NothingThatIsCutOffIsSafe) {
  for (const Fixture& fixture : all_fixtures())
    for (std::size_t size = 0; size < fixture.file.size(); ++size)
      ASSERT_NE(scan(std::string_view(fixture.file).substr(0, size)).verdict, Verdict::kSafe)
          << fixture.name << " cut at " << size;
}

TEST(ScanProperty, HonestFilesAreNeverDangerous) {
  for (const Fixture& fixture : all_fixtures()) {
    const FileReport report = scan(fixture.file);
    EXPECT_NE(report.verdict, Verdict::kDangerous) << fixture.name;
    EXPECT_TRUE(report.coverage.complete) << fixture.name;
  }
}

// Of every file some bits, spread over all of it; each test run looks at the same ones.
TEST(ScanProperty, BitFlipsEndInAVerdict) {
  for (const Fixture& fixture : all_fixtures()) {
    const std::size_t bits = 8 * fixture.file.size();
    const std::size_t step = std::max<std::size_t>(bits / 2000, 1) | 1;
    for (std::size_t bit = 0; bit < bits; bit += step) {
      std::string flipped = fixture.file;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
      static_cast<void>(scan(flipped));
    }
  }
}

// What takes time is in proportion to the bytes.
TEST(ScanProperty, ManySmallThingsTakeNoLongerThanOneLargeOne) {
  const auto begin = std::chrono::steady_clock::now();
  std::string pickles;
  for (int i = 0; i < 50'000; ++i) pickles += "N.";
  EXPECT_EQ(scan(pickles).verdict, Verdict::kSafe);
  std::string symbols = "\x80\2";
  for (int i = 0; i < 20'000; ++i) symbols += "cm" + std::to_string(i) + "\nx\n0";
  EXPECT_EQ(scan(symbols + "N.").verdict, Verdict::kUnknown);
  EXPECT_EQ(scan("\x80\2" + std::string(1'000'000, ']') + std::string(999'999, 'a') + ".").verdict,
            Verdict::kSafe);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
}

}  // namespace
