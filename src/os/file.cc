#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <sys/vfs.h>
#endif
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <utility>

#include "base/checked.h"
#include "base/try.h"
#include "os/system_error.h"

namespace safe_load::os {
namespace {

// fstat. The C library asks by newfstatat, which can look at any path, so a process that has given
// up its rights may not call it.
bool look_at(int descriptor, struct stat& status) {
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
  return ::syscall(SYS_fstat, descriptor, &status) == 0;
#else
  return ::fstat(descriptor, &status) == 0;
#endif
}

Result<std::uint64_t> regular_size(int descriptor) {
  struct stat status = {};
  if (!look_at(descriptor, status)) return system_error("cannot look at the file");
  if (S_ISDIR(status.st_mode)) return Error(ErrorCode::kUnsupported, "a folder, not a file");
  if (!S_ISREG(status.st_mode))
    return Error(ErrorCode::kUnsupported, "not a regular file; read it into memory first");
  return static_cast<std::uint64_t>(status.st_size);
}

FileIdentity identity_in(const struct stat& facts) {
  const auto nanoseconds = [](const timespec& time) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    return static_cast<std::int64_t>(time.tv_sec) * kSecond + time.tv_nsec;
  };
  return {static_cast<std::uint64_t>(facts.st_dev), static_cast<std::uint64_t>(facts.st_ino),
          static_cast<std::uint64_t>(facts.st_size), nanoseconds(facts.st_mtim),
          nanoseconds(facts.st_ctim)};
}

}  // namespace

std::uint64_t page_size() { return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)); }

bool is_folder(std::string_view path) {
  struct stat status = {};
  return ::stat(std::string(path).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

std::optional<FileIdentity> identity_of(std::string_view path) {
  struct stat facts = {};
  if (::stat(std::string(path).c_str(), &facts) != 0) return std::nullopt;
  return identity_in(facts);
}

bool leaves_folder(std::string_view folder, std::string_view path) {
  namespace fs = std::filesystem;
  std::error_code failed;
  const fs::path top = fs::canonical(fs::path(folder.empty() ? "." : folder), failed);
  if (failed) return false;
  const fs::path real = fs::canonical(top / fs::path(path), failed);
  if (failed) return false;
  return std::mismatch(top.begin(), top.end(), real.begin(), real.end()).first != top.end();
}

Result<std::vector<std::string>> list_folder(std::string_view path, std::size_t most) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(std::string(path).c_str()),
                                                   [](DIR* open) { return ::closedir(open); });
  if (folder == nullptr) return system_error("cannot open the folder");
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (names.size() == most)
      return Error(ErrorCode::kUnsupported, "a folder with too many files to be a checkpoint");
    names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<File> File::open(std::string_view path) {
  const std::string terminated(path);
  if (terminated.find('\0') != std::string::npos)
    return Error(ErrorCode::kIo, "a path cannot hold a NUL byte");
  int descriptor = -1;
  do {
    // Non-blocking, so that a named pipe is refused below instead of waited for.
    descriptor = ::open(terminated.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0) return system_error("cannot open the file");
  File file(descriptor, 0, 0);
  SAFE_LOAD_TRY_ASSIGN(file.size_, regular_size(descriptor));
  file.path_ = terminated;
  return file;
}

Result<File> File::from_descriptor(int descriptor, std::uint64_t start) {
  const int own = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return system_error("cannot use the file descriptor");
  File file(own, start, 0);
  SAFE_LOAD_TRY_ASSIGN(const std::uint64_t size, regular_size(own));
  file.size_ = size - std::min(size, start);
  return file;
}

File::File(File&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      start_(other.start_),
      size_(other.size_),
      path_(std::move(other.path_)) {}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<FileIdentity> File::identity() const {
  struct stat facts = {};
  if (!look_at(descriptor_, facts)) return system_error("cannot look at the file");
  return identity_in(facts);
}

Status File::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  if (!base::fits(offset, into.size(), size_))
    return Error(ErrorCode::kTruncated, "the file ends before the bytes that were asked for",
                 offset);
  while (!into.empty()) {
    const ssize_t got =
        ::pread(descriptor_, into.data(), into.size(), static_cast<off_t>(start_ + offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read the file", offset);
    if (got == 0) return Error(ErrorCode::kTruncated, "the file became shorter", offset);
    into = into.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return {};
}

bool File::is_on_network() const {
#ifdef __linux__
  struct statfs status = {};
  if (::fstatfs(descriptor_, &status) != 0) return false;
  // Numbers of statfs(2): NFS, SMB, SMB2, CIFS, FUSE, Lustre, Ceph, 9P, AFS, GPFS, BeeGFS.
  constexpr std::uint32_t kNetwork[] = {0x6969,     0x517B,     0xFE534D42, 0xFF534D42,
                                        0x65735546, 0x0BD00BD0, 0x00C36400, 0x01021997,
                                        0x5346414F, 0x47504653, 0x19830326};
  const auto type = static_cast<std::uint32_t>(status.f_type);
  return std::find(std::begin(kNetwork), std::end(kNetwork), type) != std::end(kNetwork);
#else
  return false;
#endif
}

}  // namespace safe_load::os
