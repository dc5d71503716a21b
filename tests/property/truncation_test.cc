// Truncation: a file that ends too early is refused, wherever it ends, and the reader stays inside.
#include <gtest/gtest.h>

#include "property/fixtures.h"
#include "support/guarded_buffer.h"

namespace {

using namespace test_support;
using safe_load::Checkpoint;
using safe_load::ErrorCode;
using safe_load::Issue;

void expect_every_truncation_refused(const Fixture& fixture) {
  for (std::size_t size = 0; size < fixture.file.size(); ++size) {
    const GuardedBuffer cut(std::string_view(fixture.file).substr(0, size));
    const auto opened = Checkpoint::open(cut.bytes());
    ASSERT_FALSE(opened.ok()) << fixture.name << " cut at " << size;
    const Issue& issue = opened.error();
    // Three bytes are not enough to know a zip file by.
    ASSERT_EQ(issue.code, size < 4 ? ErrorCode::kUnsupported : ErrorCode::kTruncated)
        << fixture.name << " cut at " << size << ": " << issue;
    ASSERT_NE(issue.message, "") << size;
    ASSERT_NE(issue.hint, "") << size;
  }
  const GuardedBuffer whole(fixture.file);
  const auto opened = Checkpoint::open(whole.bytes());
  ASSERT_TRUE(opened.ok()) << fixture.name << ": " << opened.error();
  EXPECT_TRUE(opened->issues().empty()) << fixture.name << ": " << opened->issues()[0];
}

TEST(Truncation, OfSmallFilesIsAlwaysNoticed) {
  for (const Fixture& fixture : small_fixtures()) expect_every_truncation_refused(fixture);
}

// What begins such a file tells less than four bytes do of a zip file; and a tar archive may end
// behind each member, but is not a checkpoint then.
TEST(Truncation, OfOtherContainersIsAlwaysNoticed) {
  for (const Fixture& fixture : container_fixtures()) {
    bool is_known = false;
    for (std::size_t size = 0; size < fixture.file.size(); ++size) {
      const GuardedBuffer cut(std::string_view(fixture.file).substr(0, size));
      const auto opened = Checkpoint::open(cut.bytes());
      ASSERT_FALSE(opened.ok()) << fixture.name << " cut at " << size;
      const Issue& issue = opened.error();
      const bool is_unknown = issue.code == ErrorCode::kUnsupported;
      is_known = is_known || (!is_unknown && fixture.name != "tar");
      ASSERT_TRUE(issue.code == ErrorCode::kTruncated || (is_unknown && !is_known))
          << fixture.name << " cut at " << size << ": " << issue;
      ASSERT_NE(issue.message, "") << size;
      ASSERT_NE(issue.hint, "") << fixture.name << " cut at " << size << ": " << issue;
    }
    const GuardedBuffer whole(fixture.file);
    const auto opened = Checkpoint::open(whole.bytes());
    ASSERT_TRUE(opened.ok()) << fixture.name << ": " << opened.error();
    EXPECT_TRUE(opened->issues().empty()) << fixture.name << ": " << opened->issues()[0];
  }
}

TEST(Truncation, OfAFileOfTorchIsAlwaysNoticed) { expect_every_truncation_refused(example()); }

TEST(Truncation, OfTrailingBytesLosesNothing) {
  const std::string whole = small_fixtures()[0].file;
  const std::string file = whole + std::string(50, 'x');
  for (std::size_t size = whole.size(); size <= file.size(); ++size) {
    const GuardedBuffer cut(std::string_view(file).substr(0, size));
    const auto opened = Checkpoint::open(cut.bytes());
    ASSERT_TRUE(opened.ok()) << size << ": " << opened.error();
    EXPECT_EQ(opened->container().notes.empty(), size == whole.size()) << size;
    EXPECT_EQ(opened->root().size(), 5u);
  }
}

// The container is whole, the pickle in it is not.
TEST(Truncation, OfThePickleNamesThePickleAndThePlace) {
  for (const std::string& pickle : {values_pickle(), tensors_pickle()})
    for (std::size_t size = 0; size < pickle.size(); ++size) {
      const GuardedBuffer file(CheckpointBuilder::around(pickle.substr(0, size)).build());
      const auto opened = Checkpoint::open(file.bytes());
      ASSERT_FALSE(opened.ok()) << size;
      const Issue& issue = opened.error();
      ASSERT_EQ(issue.code, ErrorCode::kTruncated) << size << ": " << issue;
      ASSERT_EQ(issue.member, "archive/data.pkl") << size;
      ASSERT_LE(issue.offset, size) << issue;
      ASSERT_NE(issue.hint, "") << size;
    }
}

}  // namespace
