// FileSet: files side by side.
#include "os/file_set.h"

#include <gtest/gtest.h>

#include <array>

#include "base/bytes.h"
#include "support/temporary_folder.h"

namespace {

using namespace safe_load;
using os::File;
using os::FileSet;
using test_support::TemporaryFolder;

FileSet three_files(TemporaryFolder& folder) {
  folder.file("a", "first").file("b", "").file("c", std::string(10'000, 'x') + "end");
  FileSet files;
  for (const char* name : {"a", "b", "c"})
    EXPECT_TRUE(files.add(name, *File::open(folder.path(name))).ok());
  return files;
}

TEST(FileSet, PlacesEachFileAtAPage) {
  TemporaryFolder folder;
  const FileSet files = three_files(folder);
  ASSERT_EQ(files.parts().size(), 3u);
  EXPECT_EQ(files.byte_count(), 10'008u);
  EXPECT_FALSE(files.is_one_file());
  for (const FileSet::Part& part : files.parts()) EXPECT_EQ(part.offset % os::page_size(), 0u);
  EXPECT_EQ(files.parts()[0].name, "a");
  EXPECT_EQ(files.parts()[2].size, 10'003u);
  EXPECT_EQ(files.size(), files.parts()[2].offset + 10'003u);
}

TEST(FileSet, ReadsZerosBetweenFiles) {
  TemporaryFolder folder;
  const FileSet files = three_files(folder);
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
  EXPECT_FALSE(FileSet().read_at(0, three).ok());
}

TEST(FileSet, MapsAllFilesIntoOneBlock) {
  TemporaryFolder folder;
  const FileSet files = three_files(folder);
  const auto memory = files.map();
  ASSERT_TRUE(memory.ok()) << memory.error().reason();
  ASSERT_EQ(memory->bytes().size(), files.size());
  EXPECT_EQ(base::as_text(memory->bytes().first(5)), "first");
  EXPECT_EQ(base::as_text(memory->bytes().last(4)), "xend");
  memory->bytes()[0] = std::byte{'F'};  // stays in this process
  std::array<std::byte, 1> one;
  ASSERT_TRUE(files.read_at(0, one).ok());
  EXPECT_EQ(base::as_text(one), "f");
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
