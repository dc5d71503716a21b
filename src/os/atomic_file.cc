#include "safe_load/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
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

int open_again(const char* path, int flags, mode_t mode = 0, int folder = AT_FDCWD) {
  int descriptor = -1;
  do {
    descriptor = ::openat(folder, path, flags | O_CLOEXEC, mode);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

// Of one that nobody may list, only names can be changed.
int open_folder(const fs::path& folder) {
  const char* const path = folder.empty() ? "." : folder.c_str();
  const int descriptor = open_again(path, O_RDONLY | O_DIRECTORY);
#ifdef O_PATH
  if (descriptor < 0 && errno == EACCES) return open_again(path, O_PATH | O_DIRECTORY);
#endif
  return descriptor;
}

Status sync_folder(int folder) {
  // Some file systems cannot be asked for that, and then have no way to lose it; one that may not
  // be listed cannot be either.
  if (::fsync(folder) == 0 || errno == EINVAL || errno == EBADF) return {};
  return system_error("cannot keep the name of the file");
}

// Gives a file another name that nothing has: 0, or an errno.
int rename_to_free(int folder, const char* from, const char* to) {
#ifdef SYS_renameat2
  constexpr unsigned kNoReplace = 1;  // RENAME_NOREPLACE, which old headers do not have
  if (::syscall(SYS_renameat2, folder, from, folder, to, kNoReplace) == 0) return 0;
  if (errno != ENOSYS && errno != EINVAL) return errno;
#endif
  if (::linkat(folder, from, folder, to, 0) != 0) return errno;
  return ::unlinkat(folder, from, 0) == 0 ? 0 : errno;
}

Error is_there_already() { return Error(ErrorCode::kMismatch, "the file is there already"); }

}  // namespace

struct AtomicFile::Place {
  fs::path target;
  bool is_there = false;
  struct stat old = {};

  bool is_streamed() const { return is_there && !S_ISREG(old.st_mode); }
};

AtomicFile::AtomicFile(int folder, int descriptor, Existing existing, std::string name,
                       std::string beside)
    : folder_(folder),
      descriptor_(descriptor),
      existing_(existing),
      name_(std::move(name)),
      beside_(std::move(beside)) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : folder_(std::exchange(other.folder_, -1)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      existing_(other.existing_),
      name_(std::move(other.name_)),
      beside_(std::move(other.beside_)),
      waiting_(std::move(other.waiting_)),
      size_(other.size_),
      on_its_way_(other.on_its_way_) {}

AtomicFile::~AtomicFile() {
  abandon();
  if (folder_ >= 0) ::close(folder_);
}

Result<AtomicFile::Place> AtomicFile::look_at(std::string_view path, Existing existing) {
  if (path.find('\0') != std::string_view::npos)
    return Error(ErrorCode::kIo, "a path cannot hold a NUL byte");
  Place place;
  place.target = behind_links(fs::path(path));
  if (!place.target.has_filename()) return Error(ErrorCode::kIo, "a path that names no file");
  place.is_there = ::stat(place.target.c_str(), &place.old) == 0;
  if (!place.is_there && errno != ENOENT) return system_error("cannot look at the file");
  if (!place.is_there) return place;
  if (S_ISDIR(place.old.st_mode)) return Error(ErrorCode::kUnsupported, "a folder, not a file");
  if (!S_ISREG(place.old.st_mode) && existing != Existing::kAny)
    return Error(ErrorCode::kUnsupported, "a device or a pipe, not a file");
  if (existing == Existing::kNothing) return is_there_already();
  return place;
}

Status AtomicFile::check(std::string_view path, Existing existing) {
  SAFE_LOAD_TRY_ASSIGN(const Place place, look_at(path, existing));
  const fs::path folder = place.target.parent_path();
  const char* const asked = place.is_streamed() ? place.target.c_str()
                            : folder.empty()    ? "."
                                                : folder.c_str();
  if (::access(asked, place.is_streamed() ? W_OK : W_OK | X_OK) == 0) return {};
  return system_error(place.is_streamed() ? Reason("cannot open the file")
                                          : Reason("cannot write to the folder"));
}

Result<AtomicFile> AtomicFile::create(std::string_view path, Existing existing) {
  constexpr std::size_t kMostOfName = 100;  // bytes; names have at most 255
  constexpr int kMostTries = 100;
  SAFE_LOAD_TRY_ASSIGN(const Place place, look_at(path, existing));
  if (place.is_streamed()) {
    const int descriptor = open_again(place.target.c_str(), O_WRONLY | O_NOCTTY);
    if (descriptor < 0) return system_error("cannot open the file");
    return AtomicFile(-1, descriptor, existing, "", "");
  }
  const int folder = open_folder(place.target.parent_path());
  if (folder < 0) return system_error("cannot open the folder");
  const std::string name = place.target.filename().string();
  AtomicFile file(folder, -1, existing, name, "");
  std::string start = ".";
  start.append(name, 0, kMostOfName).append(".");
  for (int i = 0; i < kMostTries; ++i) {
    const std::string beside = start + some_letters() + ".part";
    // Until it has the permissions of the old one nobody else may open it.
    const mode_t mode = place.is_there ? 0600 : 0666;
    file.descriptor_ = open_again(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL, mode, folder);
    if (file.descriptor_ < 0 && errno == EEXIST) continue;
    if (file.descriptor_ < 0) return system_error("cannot create a file beside the target");
    file.beside_ = beside;
    if (place.is_there) {
      // Only root may give files away; what the file lets others do counts.
      static_cast<void>(::fchown(file.descriptor_, place.old.st_uid, place.old.st_gid) == 0);
      if (::fchmod(file.descriptor_, place.old.st_mode & 07777) != 0)
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

// Few large calls instead of many small ones; a device or a pipe gets everything at once.
Status AtomicFile::write(std::span<const std::byte> bytes) {
  constexpr std::size_t kMuch = std::size_t{1} << 18;
  if (!is_streamed() && waiting_.size() + bytes.size() < kMuch) {
    waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
    return {};
  }
  SAFE_LOAD_TRY(flush());
  return write_now(bytes);
}

Status AtomicFile::flush() {
  const Status written = write_now(waiting_);
  waiting_.clear();
  return written;
}

Status AtomicFile::write_now(std::span<const std::byte> bytes) {
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
  SAFE_LOAD_TRY(flush());
  const bool is_kept = is_streamed() || ::fdatasync(descriptor_) == 0;
  if (!is_kept) return system_error("cannot write the file");
  // The descriptor is gone whatever close() says.
  if (::close(std::exchange(descriptor_, -1)) != 0) {
    const Error error = system_error("cannot write the file");
    abandon();
    return error;
  }
  if (is_streamed()) return {};
  const Status named = give_name();
  if (!named) {
    abandon();
    return named;
  }
  beside_.clear();
  return sync_folder(folder_);
}

Status AtomicFile::give_name() {
  if (existing_ != Existing::kNothing)
    return ::renameat(folder_, beside_.c_str(), folder_, name_.c_str()) == 0
               ? Status()
               : system_error("cannot give the file its name");
  const int failed = rename_to_free(folder_, beside_.c_str(), name_.c_str());
  if (failed == 0) return {};
  if (failed == EEXIST) return is_there_already();
  errno = failed;
  return system_error("cannot give the file its name");
}

bool AtomicFile::is_new() const {
  struct stat facts = {};
  return is_streamed() || ::fstatat(folder_, name_.c_str(), &facts, 0) != 0;
}

bool AtomicFile::replaces(std::string_view path) const {
  struct stat mine = {};
  struct stat other = {};
  return !is_streamed() && ::fstatat(folder_, name_.c_str(), &mine, 0) == 0 &&
         ::stat(std::string(path).c_str(), &other) == 0 && mine.st_dev == other.st_dev &&
         mine.st_ino == other.st_ino;
}

void AtomicFile::abandon() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
  if (!beside_.empty()) ::unlinkat(folder_, std::exchange(beside_, {}).c_str(), 0);
}

}  // namespace v0
}  // namespace safe_load
