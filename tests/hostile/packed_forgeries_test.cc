// Files that are compressed as a whole: what is inside is opened and judged as if it were the file.
#include <gtest/gtest.h>
#include <safe_load/scan_report.h>

#include <algorithm>

#include "base/bytes.h"
#include "property/fixtures.h"
#include "support/allocation_meter.h"
#include "support/guarded_buffer.h"
#include "support/packer.h"
#include "support/scanned.h"
#include "support/value_text.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::Checkpoint;
using safe_load::ErrorCode;
using safe_load::FileReport;
using safe_load::Issue;
using safe_load::OpenOptions;
using safe_load::Verdict;

safe_load::Result<Checkpoint, Issue> open_bytes(std::string_view file,
                                                const OpenOptions& options = {}) {
  const GuardedBuffer buffer(file);
  auto opened = Checkpoint::open(buffer.bytes(), options);
  return opened;
}

// All values, and all bytes of tensors.
std::string everything(const Checkpoint& checkpoint) {
  std::string all = value_text(checkpoint.root());
  for (const auto& row : checkpoint.tensors()) {
    std::vector<std::byte> bytes(static_cast<std::size_t>(*row.tensor.copy_size()));
    EXPECT_TRUE(row.tensor.copy_bytes_to(bytes).ok());
    all.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return all;
}

std::vector<Fixture> fixtures() {
  std::vector<Fixture> all = small_fixtures();
  for (Fixture& fixture : container_fixtures()) all.push_back(std::move(fixture));
  return all;
}

const std::string kPickle = "\x80\2}X\1\0\0\0aK\1s."s;
const std::string kEvil = "\x80\2cos\nsystem\nX\4\0\0\0true\x85R."s;

TEST(PackedFiles, HoldWhatIsInside) {
  for (const Fixture& fixture : fixtures()) {
    const GuardedBuffer plain(fixture.file);
    const auto expected = Checkpoint::open(plain.bytes());
    ASSERT_TRUE(expected.ok()) << fixture.name;
    for (const Coding coding : codings()) {
      const std::string packed = pack(coding, fixture.file);
      const GuardedBuffer buffer(packed);
      const auto opened = Checkpoint::open(buffer.bytes());
      ASSERT_TRUE(opened.ok()) << fixture.name << to_text(coding) << opened.error();
      EXPECT_EQ(everything(*opened), everything(*expected)) << fixture.name << to_text(coding);
      EXPECT_EQ(opened->container().format, expected->container().format);
      EXPECT_EQ(opened->container().file_size, packed.size());
      EXPECT_EQ(opened->container().notes.back(),
                "unpacked from " + std::string(to_text(coding)) + " data, " +
                    std::to_string(fixture.file.size()) + " bytes");
    }
  }
}

TEST(PackedFiles, MayBePackedAgain) {
  std::string file = kPickle;
  for (int depth = 1; depth <= 9; ++depth) {
    file = pack(Coding::kGzip, file);
    const auto opened = open_bytes(file);
    ASSERT_EQ(opened.ok(), depth <= 8) << depth;
    if (opened) {
      EXPECT_EQ(value_text(opened->root()), "{\"a\": 1}") << depth;
    } else {
      EXPECT_EQ(opened.error().code, ErrorCode::kLimit);
    }
  }
}

TEST(PackedFiles, AreRefusedWhereverTheyEnd) {
  for (const Coding coding : codings()) {
    const std::string packed = pack(coding, kPickle);
    for (std::size_t size = 0; size < packed.size(); ++size) {
      const auto opened = open_bytes(packed.substr(0, size));
      ASSERT_FALSE(opened.ok()) << to_text(coding) << " cut at " << size;
      EXPECT_NE(opened.error().message, "");
      EXPECT_LE(opened.error().offset, size);
    }
  }
}

TEST(PackedFiles, EndWellWhateverBitIsFlipped) {
  for (const Coding coding : codings()) {
    const std::string packed = pack(coding, kPickle);
    for (std::size_t bit = 0; bit < 8 * packed.size(); ++bit) {
      std::string flipped = packed;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ 1 << bit % 8);
      const GuardedBuffer buffer(flipped);
      const auto opened = Checkpoint::open(buffer.bytes());
      if (!opened) {
        EXPECT_NE(opened.error().message, "");
      } else if (coding != Coding::kLzma) {
        EXPECT_EQ(value_text(opened->root()), "{\"a\": 1}") << to_text(coding) << bit;
      }
      EXPECT_TRUE(safe_load::scan(buffer.bytes()).ok());
    }
  }
}

TEST(PackedFiles, AreNamedInErrors) {
  const auto foreign = open_bytes(pack(Coding::kGzip, "an ordinary text\n"));
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().member, "gzip data");
  EXPECT_NE(foreign.error().message.find("this is plain text"), std::string::npos);

  const auto inner =
      open_bytes(pack(Coding::kGzip, CheckpointBuilder::around("\x80\2oops").build()));
  ASSERT_FALSE(inner.ok());
  EXPECT_EQ(inner.error().member, "gzip data/archive/data.pkl");

  std::string wrong = pack(Coding::kGzip, kPickle);
  wrong[wrong.size() - 8] ^= 1;
  const auto damaged = open_bytes(wrong);
  ASSERT_FALSE(damaged.ok());
  EXPECT_EQ(damaged.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(damaged.error().offset, wrong.size() - 8);
  EXPECT_EQ(damaged.error().message,
            "this is gzip-compressed data (" + std::to_string(wrong.size()) +
                " bytes) that cannot be unpacked: the checksum of the compressed data is wrong");
}

TEST(PackedFiles, ThatAreNotReadAreNamed) {
  for (const auto& [file, name] : {std::pair{"\x04\x22\x4d\x18rest"s, "lz4-compressed data"},
                                   std::pair{"\x5a\x2a\x4d\x18rest"s, "zstd- or lz4-compressed"}}) {
    const auto opened = open_bytes(file);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
    EXPECT_NE(opened.error().message.find(name), std::string::npos) << opened.error();
    EXPECT_EQ(opened.error().hint, "unpack it first, then open what was inside");
  }
}

// A file shows what it may unpack to: a thousand times its size, and 16 MiB in any case.
TEST(PackedFiles, AreNoBombs) {
  const std::string zeros(std::size_t{1} << 26, '\0');
  for (const Coding coding : codings()) {
    const std::string packed = pack(coding, kPickle + zeros);
    OpenOptions options;
    options.limits.max_inflated_bytes = 1'000'000;
    options.limits.max_inflated_ratio = 1;
    const auto opened = open_bytes(packed, options);
    ASSERT_FALSE(opened.ok()) << to_text(coding);
    EXPECT_EQ(opened.error().code, ErrorCode::kLimit) << opened.error();
    const auto report =
        safe_load::scan(safe_load::base::as_bytes(packed), {.limits = options.limits});
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->verdict, Verdict::kIncomplete) << to_text(coding);
  }
  const std::vector<Coding> all = codings();
  if (std::find(all.begin(), all.end(), Coding::kBzip2) == all.end()) return;
  const auto opened = open_bytes(pack(Coding::kBzip2, kPickle + zeros));
  ASSERT_FALSE(opened.ok()) << "by its ratio alone";
  EXPECT_EQ(opened.error().code, ErrorCode::kLimit) << opened.error();
}

TEST(PackedFiles, ShareTheBudgetWithWhatTheyHold) {
  const std::string inner =
      ZipBuilder().deflated("a.pkl", kPickle + std::string(6000, '\0')).build();
  OpenOptions options;
  options.limits.max_inflated_ratio = 0;
  options.limits.max_inflated_bytes = inner.size() + 6000;
  const std::string packed = pack(Coding::kGzip, inner);
  EXPECT_FALSE(open_bytes(packed, options).ok());
  options.limits.max_inflated_bytes += kPickle.size();
  const auto opened = open_bytes(packed, options);
  EXPECT_TRUE(opened.ok()) << opened.error();
}

// ---- scan

TEST(ScanOfPackedFiles, JudgesWhatIsInside) {
  for (const Coding coding : codings()) {
    const FileReport good = scan_bytes(pack(coding, kPickle));
    EXPECT_EQ(good.verdict, Verdict::kSafe) << to_text(coding);
    EXPECT_TRUE(good.coverage.complete);
    EXPECT_EQ(good.format, "pickle in " + std::string(to_text(coding)) + "-compressed data");
    const FileReport evil = scan_bytes(pack(coding, kEvil));
    EXPECT_EQ(evil.verdict, Verdict::kDangerous) << to_text(coding);
    EXPECT_EQ(evil.findings.front().member, std::string(to_text(coding)) + " data");
    EXPECT_EQ(scan_bytes(ZipBuilder().stored("a.pkl", pack(coding, kEvil)).build()).verdict,
              Verdict::kDangerous);
    EXPECT_EQ(scan_bytes(pack(coding, pack(coding, kEvil))).verdict, Verdict::kDangerous);
    EXPECT_FALSE(scan_bytes(pack(coding, "an ordinary text\n")).is_checkpoint);
  }
}

// A reader runs what it has before it sees that something is wrong with the rest.
TEST(ScanOfPackedFiles, JudgesWhatComesBeforeDamage) {
  std::string wrong = pack(Coding::kGzip, kEvil);
  wrong[wrong.size() - 8] ^= 1;
  const FileReport report = scan_bytes(wrong);
  EXPECT_EQ(report.verdict, Verdict::kDangerous);
  EXPECT_TRUE(has_rule(report, "SL-C13"));
  EXPECT_FALSE(report.coverage.complete);
  std::string good = pack(Coding::kGzip, kPickle);
  good[good.size() - 8] ^= 1;
  EXPECT_EQ(scan_bytes(good).verdict, Verdict::kIncomplete);
}

TEST(ScanOfPackedFiles, TellsWhatSomeProgramsLeaveOut) {
  for (const Coding coding : codings()) {
    const std::string two = pack(coding, kPickle.substr(0, 5)) + pack(coding, kPickle.substr(5));
    EXPECT_NE(scan_bytes(two).verdict, Verdict::kSafe) << to_text(coding);
    const std::string behind = pack(coding, kPickle) + "behind";
    EXPECT_EQ(scan_bytes(behind).verdict, Verdict::kUnknown) << to_text(coding);
    EXPECT_TRUE(has_rule(scan_bytes(behind), "SL-C06")) << to_text(coding);
    EXPECT_EQ(scan_bytes(pack(coding, kPickle) + kEvil).verdict, Verdict::kDangerous);
  }
  // Of two streams of zlib most programs see the first alone.
  const std::string two = pack(Coding::kZlib, kPickle) + pack(Coding::kZlib, kEvil);
  EXPECT_EQ(scan_bytes(two).verdict, Verdict::kDangerous);
}

}  // namespace
