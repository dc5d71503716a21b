#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <sys/vfs.h>
#endif
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <memory>
#include <new>
#include <utility>

#include "base/checked.h"
#include "base/try.h"

namespace safe_load::os {
namespace {

Error system_error(Reason reason, std::uint64_t offset = 0) {
  const int number = errno;
  return Error(ErrorCode::kIo, reason, offset).about(std::strerror(number)).from_system(number);
}

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

// What is smaller comes from the heap: a mapping of its own would cost more than it holds.
constexpr std::uint64_t kLeastMapped = std::uint64_t{128} << 10;
constexpr std::align_val_t kHeapAlignment{64};

}  // namespace

std::uint64_t page_size() { return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)); }

bool is_folder(std::string_view path) {
  struct stat status = {};
  return ::stat(std::string(path).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

bool is_missing(const Error& error) { return error.system_number() == ENOENT; }

bool has_no_descriptors(const Error& error) {
  return error.system_number() == EMFILE || error.system_number() == ENFILE;
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
  const auto nanoseconds = [](const timespec& time) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    return static_cast<std::int64_t>(time.tv_sec) * kSecond + time.tv_nsec;
  };
  return FileIdentity{static_cast<std::uint64_t>(facts.st_dev),
                      static_cast<std::uint64_t>(facts.st_ino),
                      static_cast<std::uint64_t>(facts.st_size), nanoseconds(facts.st_mtim),
                      nanoseconds(facts.st_ctim)};
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

Result<Memory> Memory::map(const File& file) {
  if (file.size() == 0) return Memory();
  const std::uint64_t lead = file.start() % page_size();
  const auto length = static_cast<std::size_t>(file.size() + lead);
  void* address = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE, file.descriptor(),
                         static_cast<off_t>(file.start() - lead));
  if (address == MAP_FAILED) return system_error("cannot map the file");
  const std::span<std::byte> pages(static_cast<std::byte*>(address), length);
  return Memory(pages, pages.subspan(static_cast<std::size_t>(lead)));
}

Result<Memory> Memory::reserve(std::uint64_t size) {
  const auto length = static_cast<std::size_t>(size);
  void* address =
      ::mmap(nullptr, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) return system_error("cannot reserve addresses");
  const std::span<std::byte> pages(static_cast<std::byte*>(address), length);
  return Memory(pages, pages);
}

Status Memory::map_at(std::uint64_t offset, const File& file) {
  if (file.size() == 0) return {};
  void* const address =
      ::mmap(pages_.data() + offset, static_cast<std::size_t>(file.size()), PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_FIXED, file.descriptor(), static_cast<off_t>(file.start()));
  if (address == MAP_FAILED) return system_error("cannot map the file");
  return {};
}

Result<Memory> Memory::allocate(std::uint64_t size) {
  if (size == 0) return Memory();
  if (size < kLeastMapped) {
    auto* const block = static_cast<std::byte*>(
        ::operator new(static_cast<std::size_t>(size), kHeapAlignment, std::nothrow));
    if (block == nullptr) return Error(ErrorCode::kIo, "cannot get memory");
    std::memset(block, 0, static_cast<std::size_t>(size));
    return Memory({}, {block, static_cast<std::size_t>(size)});
  }
  // One huge page of room lets the block start on a huge-page boundary.
  const std::uint64_t room = size >= kHugePage ? kHugePage : 0;
  const auto whole = base::checked_add(size, room);
  if (!whole) return Error(ErrorCode::kIo, "cannot get memory");
  const auto length = static_cast<std::size_t>(*whole);
  void* address =
      ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) return system_error("cannot get memory");
  const std::span<std::byte> pages(static_cast<std::byte*>(address), length);
  std::size_t lead = 0;
  if (room != 0) {
    void* aligned = address;
    std::size_t left = length;
    std::align(kHugePage, static_cast<std::size_t>(size), aligned, left);
    lead = length - left;
#ifdef MADV_HUGEPAGE
    // Advice only: without huge pages the block is slower, not wrong.
    static_cast<void>(::madvise(aligned, static_cast<std::size_t>(size), MADV_HUGEPAGE));
#endif
  }
  return Memory(pages, pages.subspan(lead, static_cast<std::size_t>(size)));
}

std::byte* HugeBlocks::take(std::size_t bytes) {
  auto block = Memory::allocate(bytes);
  if (!block) return heap_.take(bytes);
  blocks_.push_back(*std::move(block));
  return blocks_.back().bytes().data();
}

Memory::Memory(Memory&& other) noexcept
    : pages_(std::exchange(other.pages_, {})), bytes_(std::exchange(other.bytes_, {})) {}

Memory& Memory::operator=(Memory&& other) noexcept {
  if (this != &other) {
    release();
    pages_ = std::exchange(other.pages_, {});
    bytes_ = std::exchange(other.bytes_, {});
  }
  return *this;
}

Memory::~Memory() { release(); }

void Memory::release() {
  if (!pages_.empty()) ::munmap(pages_.data(), pages_.size());
  if (pages_.empty() && !bytes_.empty()) ::operator delete(bytes_.data(), kHeapAlignment);
}

void PagePreparer::prepare(std::span<std::byte> part) {
#if defined(__linux__) && defined(MADV_POPULATE_WRITE)
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::microseconds kSlow(1500);  // about twice as long as with small pages
  constexpr int kMostSlow = 3;
  if (part.size() < kLeastMapped) return;
  const std::uint64_t page = page_size();
  void* first = part.data();
  std::size_t room = part.size();
  if (std::align(page, page, first, room) == nullptr) return;
  const std::size_t length = room / page * page;
  // All of this is advice: where the kernel does not take it, reading is slower, not wrong.
  const bool is_huge = slow_pages_ < kMostSlow;
  if (!is_huge) static_cast<void>(::madvise(first, length, MADV_NOHUGEPAGE));
  const auto begin = Clock::now();
  static_cast<void>(::madvise(first, length, MADV_POPULATE_WRITE));
  if (is_huge && Clock::now() - begin > kSlow) ++slow_pages_;
#else
  static_cast<void>(part);
#endif
}

}  // namespace safe_load::os
