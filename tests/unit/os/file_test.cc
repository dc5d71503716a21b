// File and Memory: windows of files, mappings that stay private, and what is refused.
#include "os/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <string>

#include "os/memory.h"
#include "support/temporary_file.h"

namespace {

using safe_load::ErrorCode;
using safe_load::base::as_text;
using safe_load::os::File;
using safe_load::os::Memory;
using test_support::TemporaryFile;

TEST(File, OpensAndReadsByPosition) {
  const TemporaryFile kept("0123456789");
  const auto file = File::open(kept.path());
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->size(), 10u);
  std::array<std::byte, 3> three;
  ASSERT_TRUE(file->read_at(7, three).ok());
  EXPECT_EQ(as_text(three), "789");
  const auto beyond = file->read_at(8, three);
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().code(), ErrorCode::kTruncated);
  EXPECT_EQ(beyond.error().offset(), 8u);
  EXPECT_FALSE(file->read_at(~std::uint64_t{0}, three).ok());
}

TEST(File, SaysWhyAPathCannotBeOpened) {
  const TemporaryFile kept("");
  const std::string pipe = kept.path() + ".pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const struct {
    std::string path;
    ErrorCode code;
    std::string_view reason;
  } cases[] = {
      {kept.path() + ".missing", ErrorCode::kIo, "cannot open the file"},
      {std::string("a\0b", 3), ErrorCode::kIo, "a path cannot hold a NUL byte"},
      {"/", ErrorCode::kUnsupported, "a folder, not a file"},
      {"/dev/null", ErrorCode::kUnsupported, "not a regular file; read it into memory first"},
      {pipe, ErrorCode::kUnsupported, "not a regular file; read it into memory first"},
  };
  for (const auto& c : cases) {
    const auto file = File::open(c.path);
    ASSERT_FALSE(file.ok()) << c.path;
    EXPECT_EQ(file.error().code(), c.code) << c.path;
    EXPECT_EQ(file.error().reason(), c.reason) << c.path;
  }
  ::unlink(pipe.c_str());
}

TEST(File, ShowsAWindowOfADescriptorAndLeavesItsPositionAlone) {
  const TemporaryFile kept("0123456789");
  const int descriptor = ::open(kept.path().c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(::lseek(descriptor, 5, SEEK_SET), 5);
  const auto file = File::from_descriptor(descriptor, 4);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(file->size(), 6u);
  EXPECT_EQ(file->start(), 4u);
  std::array<std::byte, 2> two;
  ASSERT_TRUE(file->read_at(1, two).ok());
  EXPECT_EQ(as_text(two), "56");
  EXPECT_FALSE(file->read_at(5, two).ok());
  EXPECT_EQ(::lseek(descriptor, 0, SEEK_CUR), 5);
  ::close(descriptor);
  EXPECT_TRUE(file->read_at(0, two).ok());  // its own descriptor lives on
}

TEST(File, ShowsNothingBehindTheEndOfTheFile) {
  const TemporaryFile kept("0123");
  const int descriptor = ::open(kept.path().c_str(), O_RDONLY | O_CLOEXEC);
  for (const std::uint64_t start : {std::uint64_t{4}, std::uint64_t{5}, ~std::uint64_t{0}}) {
    const auto file = File::from_descriptor(descriptor, start);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(file->size(), 0u);
    const auto memory = Memory::map(*file);
    ASSERT_TRUE(memory.ok());
    EXPECT_TRUE(memory->bytes().empty());
  }
  ::close(descriptor);
  EXPECT_EQ(File::from_descriptor(-1, 0).error().code(), ErrorCode::kIo);
}

TEST(File, NoticesThatItBecameShorter) {
  const TemporaryFile kept("0123456789");
  const auto file = File::open(kept.path());
  ASSERT_TRUE(file.ok());
  ASSERT_EQ(::truncate(kept.path().c_str(), 4), 0);
  std::array<std::byte, 8> eight;
  const auto read = file->read_at(0, eight);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), ErrorCode::kTruncated);
  EXPECT_EQ(read.error().offset(), 4u);
}

TEST(Memory, MapsTheWindowAndKeepsWritesToItself) {
  const std::string content = std::string(10'000, 'a') + "window";
  const TemporaryFile kept(content);
  const int descriptor = ::open(kept.path().c_str(), O_RDONLY | O_CLOEXEC);
  const auto file = File::from_descriptor(descriptor, 10'000);  // in the middle of a page
  ::close(descriptor);
  auto memory = Memory::map(*file);
  ASSERT_TRUE(memory.ok());
  ASSERT_EQ(as_text(memory->bytes()), "window");
  memory->bytes()[0] = std::byte{'W'};
  EXPECT_EQ(as_text(memory->bytes()), "Window");
  EXPECT_EQ(kept.content(), content);
  std::array<std::byte, 6> read;
  ASSERT_TRUE(file->read_at(0, read).ok());
  EXPECT_EQ(as_text(read), "window");
}

TEST(Memory, AllocatesZeroedPages) {
  constexpr std::size_t kLarge = (std::size_t{4} << 20) + 1;  // with huge pages, if there are any
  for (const std::size_t size : {std::size_t{1}, std::size_t{4096}, kLarge}) {
    auto memory = Memory::allocate(size);
    ASSERT_TRUE(memory.ok());
    ASSERT_EQ(memory->bytes().size(), size);
    EXPECT_EQ(memory->bytes().front(), std::byte{0});
    EXPECT_EQ(memory->bytes().back(), std::byte{0});
    memory->bytes().back() = std::byte{1};
  }
  EXPECT_TRUE(Memory::allocate(0)->bytes().empty());
}

TEST(Memory, RefusesSizesThatNoMachineHas) {
  for (const std::uint64_t size :
       {std::uint64_t{1} << 62, ~std::uint64_t{0}, ~std::uint64_t{0} - (1u << 20)}) {
    const auto memory = Memory::allocate(size);
    ASSERT_FALSE(memory.ok()) << size;
    EXPECT_EQ(memory.error().code(), ErrorCode::kIo);
  }
}

TEST(Memory, HandsItsPagesOverWhenMoved) {
  auto first = Memory::allocate(10);
  ASSERT_TRUE(first.ok());
  first->bytes()[9] = std::byte{9};
  Memory second = *std::move(first);
  Memory third;
  third = std::move(second);
  EXPECT_EQ(third.bytes()[9], std::byte{9});
  EXPECT_TRUE(second.bytes().empty());  // NOLINT(*-use-after-move, *.Move)
}

}  // namespace
