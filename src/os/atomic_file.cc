#include "safe_load/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/try.h"
#include "os/system_error.h"

namespace safe_load {
inline namespace v0 {
namespace {

namespace fs = std::filesystem;
using os::system_error;

// The end of a chain of links, which need not exist. A chain without an end is refused when it is
// looked at.
fs::path behind_links(fs::path path) {
  constexpr int kMostLinks = 40;  // as many as Linux follows
  std::error_code failed;
  for (int i = 0; i < kMostLinks && fs::is_symlink(path, failed); ++i) {
    const fs::path next = fs::read_symlink(path, failed);
    if (failed) break;
    path = path.parent_path() / next;
  }
  return path;
}

std::string some_letters() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  const auto mixed =
      (static_cast<std::uint64_t>(now) ^ static_cast<std::uint64_t>(::getpid()) << 40) *
      0x9E3779B97F4A7C15;
  std::array<char, 16> digits = {};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), mixed, 16).ptr;
  return std::string(digits.data(), end);
}

int open_again(const char* path, int flags, mode_t mode = 0) {
  int descriptor = -1;
  do {
    descriptor = ::open(path, flags | O_CLOEXEC, mode);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

Status sync_folder(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const int descriptor = open_again(folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (descriptor < 0) return system_error("cannot open the folder");
  // Some file systems cannot be asked for that, and then have no way to lose it.
  const bool is_synced = ::fsync(descriptor) == 0 || errno == EINVAL;
  const Status done = is_synced ? Status() : system_error("cannot keep the name of the file");
  ::close(descriptor);
  return done;
}

}  // namespace

AtomicFile::AtomicFile(int descriptor, std::string target, std::string beside)
    : descriptor_(descriptor), target_(std::move(target)), beside_(std::move(beside)) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      target_(std::move(other.target_)),
      beside_(std::move(other.beside_)),
      size_(other.size_),
      on_its_way_(other.on_its_way_) {}

AtomicFile::~AtomicFile() { abandon(); }

Result<AtomicFile> AtomicFile::create(std::string_view path) {
  constexpr std::size_t kMostOfName = 100;  // bytes; names have at most 255
  constexpr int kMostTries = 100;
  if (path.find('\0') != std::string_view::npos)
    return Error(ErrorCode::kIo, "a path cannot hold a NUL byte");
  const fs::path target = behind_links(fs::path(path));
  if (!target.has_filename()) return Error(ErrorCode::kIo, "a path that names no file");
  struct stat old = {};
  const bool is_there = ::stat(target.c_str(), &old) == 0;
  if (!is_there && errno != ENOENT) return system_error("cannot look at the file");
  if (is_there && S_ISDIR(old.st_mode))
    return Error(ErrorCode::kUnsupported, "a folder, not a file");
  if (is_there && !S_ISREG(old.st_mode)) {
    const int descriptor = open_again(target.c_str(), O_WRONLY | O_NOCTTY);
    if (descriptor < 0) return system_error("cannot open the file");
    return AtomicFile(descriptor, target.string(), "");
  }
  std::string start = ".";
  start.append(target.filename().string(), 0, kMostOfName).append(".");
  for (int i = 0; i < kMostTries; ++i) {
    const std::string beside = target.parent_path() / (start + some_letters() + ".part");
    // Until it has the permissions of the old one nobody else may open it.
    const mode_t mode = is_there ? 0600 : 0666;
    const int descriptor = open_again(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL, mode);
    if (descriptor < 0 && errno == EEXIST) continue;
    if (descriptor < 0) return system_error("cannot create a file beside the target");
    AtomicFile file(descriptor, target.string(), beside);
    if (is_there) {
      // Only root may give files away; what the file lets others do counts.
      static_cast<void>(::fchown(descriptor, old.st_uid, old.st_gid) == 0);
      if (::fchmod(descriptor, old.st_mode & 07777) != 0)
        return system_error("cannot set the permissions of the file");
    }
    return file;
  }
  return Error(ErrorCode::kIo, "cannot find a free name beside the target");
}

Status AtomicFile::reserve(std::uint64_t size) {
  if (is_streamed() || size == 0) return {};
#ifdef __linux__
  int failed = 0;
  do {
    failed =
        ::fallocate(descriptor_, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size)) == 0 ? 0 : errno;
  } while (failed == EINTR);
  if (failed != 0 && failed != EOPNOTSUPP && failed != ENOSYS)
    return system_error("cannot reserve the space");
#endif
  return {};
}

Status AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("cannot write the file");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    size_ += static_cast<std::uint64_t>(written);
  }
  begin_writing_back();
  return {};
}

// The disk works while the rest is made, so that commit() has less to wait for.
void AtomicFile::begin_writing_back() {
#ifdef __linux__
  constexpr std::uint64_t kMuch = std::uint64_t{8} << 20;
  if (is_streamed() || size_ - on_its_way_ < kMuch) return;
  // Advice: what fails here commit() will tell.
  static_cast<void>(::sync_file_range(descriptor_, static_cast<off_t>(on_its_way_),
                                      static_cast<off_t>(size_ - on_its_way_),
                                      SYNC_FILE_RANGE_WRITE));
  on_its_way_ = size_;
#endif
}

Status AtomicFile::commit() {
  const bool is_kept = is_streamed() || ::fdatasync(descriptor_) == 0;
  if (!is_kept) return system_error("cannot write the file");
  // The descriptor is gone whatever close() says.
  if (::close(std::exchange(descriptor_, -1)) != 0) {
    const Error error = system_error("cannot write the file");
    abandon();
    return error;
  }
  if (is_streamed()) return {};
  if (std::rename(beside_.c_str(), target_.c_str()) != 0) {
    const Error error = system_error("cannot give the file its name");
    abandon();
    return error;
  }
  beside_.clear();
  return sync_folder(target_);
}

bool AtomicFile::is_new() const {
  struct stat facts = {};
  return is_streamed() || ::stat(target_.c_str(), &facts) != 0;
}

bool AtomicFile::replaces(std::string_view path) const {
  struct stat mine = {};
  struct stat other = {};
  return !is_streamed() && ::stat(target_.c_str(), &mine) == 0 &&
         ::stat(std::string(path).c_str(), &other) == 0 && mine.st_dev == other.st_dev &&
         mine.st_ino == other.st_ino;
}

void AtomicFile::abandon() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  if (!beside_.empty()) ::unlink(std::exchange(beside_, {}).c_str());
}

}  // namespace v0
}  // namespace safe_load
