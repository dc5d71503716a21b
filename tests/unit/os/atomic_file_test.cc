// AtomicFile: the old file or the new one, whatever happens in between.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <safe_load/atomic_file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace {

namespace fs = std::filesystem;
using safe_load::AtomicFile;
using safe_load::ErrorCode;
using safe_load::Existing;
using safe_load::base::as_bytes;

class AtomicFiles : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "atomic_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }

  void put(const std::string& name, const std::string& content) const {
    std::ofstream(path(name)) << content;
  }

  std::string content(const std::string& name) const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::size_t count() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_), {}));
  }

  mode_t mode(const std::string& name) const {
    struct stat facts = {};
    EXPECT_EQ(::stat(path(name).c_str(), &facts), 0);
    return facts.st_mode & 07777;
  }

  fs::path folder_;
};

TEST_F(AtomicFiles, AppearWhole) {
  put("x", "old");
  auto file = AtomicFile::create(path("x"));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->reserve(1 << 20).ok());
  ASSERT_TRUE(file->write(as_bytes("ne")).ok());
  ASSERT_TRUE(file->write(as_bytes("w")).ok());
  EXPECT_EQ(content("x"), "old");
  EXPECT_EQ(count(), 2u);
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(content("x"), "new") << "and not as long as what was reserved";
  EXPECT_EQ(count(), 1u);
}

TEST_F(AtomicFiles, LeaveNothingWithoutCommit) {
  put("x", "old");
  for (const std::string name : {"x", "y"}) {
    auto file = AtomicFile::create(path(name));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write(as_bytes("new")).ok());
    AtomicFile moved = *std::move(file);
    EXPECT_EQ(count(), 2u);
  }
  EXPECT_EQ(content("x"), "old");
  EXPECT_EQ(count(), 1u);
}

TEST_F(AtomicFiles, TakeThePermissionsOfTheOldOne) {
  put("x", "old");
  ASSERT_EQ(::chmod(path("x").c_str(), 0640), 0);
  const mode_t before = ::umask(027);
  for (const std::string name : {"x", "y"}) {
    auto file = AtomicFile::create(path(name));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->commit().ok());
  }
  ::umask(before);
  EXPECT_EQ(mode("x"), 0640u);
  EXPECT_EQ(mode("y"), 0640u) << "0666 without what the umask takes";
}

TEST_F(AtomicFiles, FollowLinks) {
  fs::create_directory(path("deep"));
  put("deep/x", "old");
  fs::create_symlink("deep/x", path("link"));
  fs::create_symlink("link", path("link of link"));
  fs::create_symlink("deep/y", path("dangling"));
  for (const std::string name : {"link of link", "dangling"}) {
    auto file = AtomicFile::create(path(name));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(file->write(as_bytes("new")).ok());
    ASSERT_TRUE(file->commit().ok());
    EXPECT_TRUE(fs::is_symlink(path(name)));
  }
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(content("deep/x"), "new");
  EXPECT_EQ(content("deep/y"), "new");
  fs::create_symlink("circle", path("circle"));
  EXPECT_FALSE(AtomicFile::create(path("circle")).ok());
}

TEST_F(AtomicFiles, KnowWhatTheyReplace) {
  put("x", "old");
  put("z", "other");
  fs::create_symlink("x", path("link"));
  fs::create_hard_link(path("x"), path("hard"));
  const auto file = AtomicFile::create(path("link"));
  ASSERT_TRUE(file.ok());
  for (const std::string name : {"x", "link", "hard"}) EXPECT_TRUE(file->replaces(path(name)));
  for (const std::string name : {"z", "nothing", ""}) EXPECT_FALSE(file->replaces(path(name)));
  const auto fresh = AtomicFile::create(path("nothing"));
  ASSERT_TRUE(fresh.ok());
  EXPECT_FALSE(fresh->replaces(path("nothing")));
}

TEST_F(AtomicFiles, WriteToPipesAndDevicesAtOnce) {
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const int reader = ::open(path("pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(reader, 0);
  auto file = AtomicFile::create(path("pipe"));
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(file->reserve(100).ok());
  EXPECT_TRUE(file->write(as_bytes("new")).ok());
  EXPECT_FALSE(file->replaces(path("pipe")));
  EXPECT_TRUE(file->commit().ok());
  std::array<char, 8> got = {};
  EXPECT_EQ(::read(reader, got.data(), got.size()), 3);
  ::close(reader);
  EXPECT_TRUE(fs::is_fifo(path("pipe")));
  EXPECT_EQ(count(), 1u);
  auto full = AtomicFile::create("/dev/full");
  ASSERT_TRUE(full.ok());
  const auto done = full->write(as_bytes("new"));
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().system_number(), ENOSPC);
}

TEST_F(AtomicFiles, SayWhyTheyCannotBeCreated) {
  const auto refused = [&](const std::string& name) {
    const auto file = AtomicFile::create(name);
    EXPECT_FALSE(file.ok()) << name;
    return file.ok() ? ErrorCode::kStopped : file.error().code();
  };
  EXPECT_EQ(refused(folder_), ErrorCode::kUnsupported);
  EXPECT_EQ(refused(path("missing/x")), ErrorCode::kIo);
  EXPECT_EQ(refused(std::string("a\0b", 3)), ErrorCode::kIo);
  EXPECT_EQ(refused(path(std::string(300, 'n'))), ErrorCode::kIo);
  EXPECT_EQ(refused(""), ErrorCode::kIo);
  EXPECT_EQ(refused(path("missing/")), ErrorCode::kIo);
  EXPECT_EQ(count(), 0u);
}

TEST_F(AtomicFiles, MayHaveLongNames) {
  const std::string name(255, 'n');
  auto file = AtomicFile::create(path(name));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->commit().ok());
  EXPECT_TRUE(fs::exists(path(name)));
}

// A file may have no more bytes than the process is allowed.
TEST_F(AtomicFiles, LeaveTheOldOneWhereTheDiskEnds) {
  put("x", "old");
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit few = {1000, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &few), 0);
  {
    auto file = AtomicFile::create(path("x"));
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE(file->write(as_bytes(std::string(900, 'n'))).ok());
    EXPECT_TRUE(file->write(as_bytes(std::string(900, 'n'))).ok());  // it waits
    const auto done = file->commit();
    EXPECT_EQ(done.ok() ? 0 : done.error().system_number(), EFBIG);
  }
  {
    auto file = AtomicFile::create(path("x"));
    ASSERT_TRUE(file.ok());
    const auto done = file->write(as_bytes(std::string(1 << 20, 'n')));
    EXPECT_EQ(done.ok() ? 0 : done.error().system_number(), EFBIG);
  }
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(content("x"), "old");
  EXPECT_EQ(count(), 1u);
}

TEST_F(AtomicFiles, LeaveNothingWhereTheNameIsTaken) {
  auto file = AtomicFile::create(path("x"));
  ASSERT_TRUE(file.ok());
  fs::create_directory(path("x"));
  put("x/inside", "kept");
  EXPECT_FALSE(file->commit().ok());
  EXPECT_EQ(count(), 1u);
  EXPECT_EQ(content("x/inside"), "kept");
}

TEST_F(AtomicFiles, ReplaceOnlyWhatTheyMay) {
  put("x", "old");
  ASSERT_EQ(::mkfifo(path("pipe").c_str(), 0600), 0);
  const auto code = [&](const char* name, Existing existing) {
    const auto checked = AtomicFile::check(path(name), existing);
    const auto made = AtomicFile::create(path(name), existing);
    EXPECT_EQ(checked.ok(), made.ok()) << name;
    return made.ok() ? std::optional<ErrorCode>() : made.error().code();
  };
  EXPECT_EQ(code("x", Existing::kFile), std::nullopt);
  EXPECT_EQ(code("x", Existing::kNothing), ErrorCode::kMismatch);
  EXPECT_EQ(code("new", Existing::kNothing), std::nullopt);
  for (const Existing existing : {Existing::kFile, Existing::kNothing})
    EXPECT_EQ(code("pipe", existing), ErrorCode::kUnsupported);
  EXPECT_EQ(code("missing/x", Existing::kAny), ErrorCode::kIo);
  EXPECT_EQ(content("x"), "old");
}

TEST_F(AtomicFiles, LeaveWhatCameMeanwhile) {
  auto file = AtomicFile::create(path("x"), Existing::kNothing);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(file->write(as_bytes("new")).ok());
  put("x", "came meanwhile");
  const auto committed = file->commit();
  ASSERT_FALSE(committed.ok());
  EXPECT_EQ(committed.error().code(), ErrorCode::kMismatch);
  EXPECT_EQ(content("x"), "came meanwhile");
  EXPECT_EQ(count(), 1u);
}

TEST_F(AtomicFiles, StayInTheirFolder) {
  fs::create_directory(path("before"));
  auto file = AtomicFile::create(path("before/x"));
  ASSERT_TRUE(file.ok());
  fs::rename(path("before"), path("after"));
  ASSERT_TRUE(file->write(as_bytes("new")).ok());
  ASSERT_TRUE(file->commit().ok());
  EXPECT_EQ(content("after/x"), "new");
}

}  // namespace
