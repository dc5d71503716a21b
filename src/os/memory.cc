#include "os/memory.h"

#include <sys/mman.h>

#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "base/checked.h"
#include "os/system_error.h"

namespace safe_load::os {
namespace {

constexpr std::align_val_t kHeapAlignment{64};

}  // namespace

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

}  // namespace safe_load::os
