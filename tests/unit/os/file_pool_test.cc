// FilePool and JoinedSource: the files of a set, side by side.
#include "os/file_pool.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>

#include "base/bytes.h"
#include "support/temporary_folder.h"

namespace {

using namespace safe_load;
using base::JoinedSource;
using test_support::TemporaryFolder;

JoinedSource three_files(TemporaryFolder& folder) {
  folder.file("a", "first").file("b", "").file("c", std::string(10'000, 'x') + "end");
  const auto pool = std::make_shared<os::FilePool>();
  JoinedSource files(os::page_size());
  for (const char* name : {"a", "b", "c"}) files.add(*pool->open(folder.path(name)));
  return files;
}

TEST(FilePool, PlacesEachFileAtAPage) {
  TemporaryFolder folder;
  const JoinedSource files = three_files(folder);
  ASSERT_EQ(files.parts().size(), 3u);
  EXPECT_EQ(files.byte_count(), 10'008u);
  for (const JoinedSource::Part& part : files.parts()) EXPECT_EQ(part.offset % os::page_size(), 0u);
  EXPECT_EQ(files.parts()[0].source->name(), "a");
  EXPECT_EQ(files.parts()[2].size, 10'003u);
  EXPECT_EQ(files.size(), files.parts()[2].offset + 10'003u);
}

TEST(FilePool, ReadsZerosBetweenFiles) {
  TemporaryFolder folder;
  const JoinedSource files = three_files(folder);
  std::array<std::byte, 3> three;
  ASSERT_TRUE(files.read_at(3, three).ok());
  EXPECT_EQ(base::as_text(three), std::string("st\0", 3));
  ASSERT_TRUE(files.read_at(100, three).ok());
  EXPECT_EQ(base::as_text(three), std::string(3, '\0'));
  ASSERT_TRUE(files.read_at(files.size() - 3, three).ok());
  EXPECT_EQ(base::as_text(three), "end");
  std::string whole(static_cast<std::size_t>(files.size()), '?');
  ASSERT_TRUE(files.read_at(0, base::as_writable_bytes(whole)).ok());
  const auto last = static_cast<std::size_t>(files.parts()[2].offset);
  EXPECT_EQ(whole, "first" + std::string(last - 5, '\0') + std::string(10'000, 'x') + "end");
  for (const std::uint64_t offset : {files.size() - 2, files.size(), ~std::uint64_t{0}}) {
    const auto beyond = files.read_at(offset, three);
    ASSERT_FALSE(beyond.ok()) << offset;
    EXPECT_EQ(beyond.error().code(), ErrorCode::kTruncated);
  }
  EXPECT_FALSE(JoinedSource(1).read_at(0, three).ok());
}

TEST(FilePool, MapsAllFilesIntoOneBlock) {
  TemporaryFolder folder;
  const JoinedSource files = three_files(folder);
  const auto memory = os::map(files);
  ASSERT_TRUE(memory.ok()) << memory.error().reason();
  ASSERT_EQ(memory->bytes.size(), files.size());
  EXPECT_EQ(base::as_text(memory->bytes.first(5)), "first");
  EXPECT_EQ(base::as_text(memory->bytes.last(4)), "xend");
  memory->bytes[0] = std::byte{'F'};  // stays in this process
  std::array<std::byte, 1> one;
  ASSERT_TRUE(files.read_at(0, one).ok());
  EXPECT_EQ(base::as_text(one), "f");
}

TEST(FilePool, OpensAgainWhatItHadToClose) {
  TemporaryFolder folder;
  const auto pool = std::make_shared<os::FilePool>();
  std::vector<std::shared_ptr<const os::PooledFile>> files;
  for (int i = 0; i < 20; ++i) {
    const std::string name = std::to_string(i);
    folder.file(name, name);
    files.push_back(*pool->open(folder.path(name)));
  }
  for (int i = 0; i < 20; ++i) {
    std::string text(files[static_cast<std::size_t>(i)]->size(), '?');
    ASSERT_TRUE(files[static_cast<std::size_t>(i)]->read_at(0, base::as_writable_bytes(text)).ok());
    EXPECT_EQ(text, std::to_string(i));
  }
  folder.file("0", "changed");
  std::array<std::byte, 1> one;
  const auto changed = files[0]->read_at(0, one);
  ASSERT_FALSE(changed.ok());
  EXPECT_EQ(changed.error().reason(), "a file of the set changed after it was opened");
}

TEST(JoinedSource, TellsEachPartWhatWillBeReadOfIt) {
  class Told final : public Source {
   public:
    explicit Told(std::uint64_t size) : size_(size) {}
    std::uint64_t size() const override { return size_; }
    Status read_at(std::uint64_t, std::span<std::byte>) const override { return {}; }
    void will_read(std::span<const ByteRange> ranges) const override {
      told.insert(told.end(), ranges.begin(), ranges.end());
    }
    mutable std::vector<ByteRange> told;

   private:
    std::uint64_t size_;
  };
  const auto first = std::make_shared<Told>(10);
  const auto second = std::make_shared<Told>(20);
  JoinedSource files(16);
  files.add(first);
  files.add(second);
  const ByteRange ranges[] = {{8, 12}, {17, 3}, {10, 6}, {0, 1}};
  files.will_read(ranges);
  EXPECT_EQ(first->told, (std::vector<ByteRange>{{8, 2}, {0, 1}}));
  EXPECT_EQ(second->told, (std::vector<ByteRange>{{0, 4}, {1, 3}}));
}

TEST(Folder, ListsItsNamesInOrder) {
  TemporaryFolder folder;
  folder.file("b", "").file("a", "").file(".c", "");
  EXPECT_EQ(*os::list_folder(folder.path(), 3), (std::vector<std::string>{".c", "a", "b"}));
  EXPECT_EQ(os::list_folder(folder.path(), 2).error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(os::list_folder(folder.path("none"), 2).error().code(), ErrorCode::kIo);
  EXPECT_TRUE(os::is_folder(folder.path()));
  EXPECT_FALSE(os::is_folder(folder.path("a")));
  EXPECT_FALSE(os::is_folder(folder.path("none")));
}

}  // namespace
