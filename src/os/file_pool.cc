#include "os/file_pool.h"

#include <algorithm>
#include <utility>

#include "base/system_error.h"
#include "base/try.h"
#include "os/memory.h"

namespace safe_load::os {
namespace {

constexpr std::size_t kMostOpen = 8;

std::string_view name_in(std::string_view path) { return path.substr(path.rfind('/') + 1); }

SharedBytes share(Memory memory) {
  const auto kept = std::make_shared<Memory>(std::move(memory));
  return {kept->bytes(), kept};
}

}  // namespace

PooledFile::PooledFile(std::shared_ptr<FilePool> pool, std::size_t number, const File& file)
    : pool_(std::move(pool)), number_(number), size_(file.size()), name_(name_in(file.path())) {}

Result<std::shared_ptr<const File>> PooledFile::use() const { return pool_->use(number_); }

FileIdentity PooledFile::first_identity() const { return pool_->first_identity(number_); }

Status PooledFile::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  SAFE_LOAD_TRY_ASSIGN(const std::shared_ptr<const File> file, use());
  return file->read_at(offset, into);
}

Result<std::shared_ptr<const PooledFile>> FilePool::open(std::string_view path) {
  SAFE_LOAD_TRY_ASSIGN(File file, File::open(path));
  return add(std::move(file));
}

Result<std::shared_ptr<const PooledFile>> FilePool::add(File file) {
  const base::Lock lock(mutex_);
  Slot slot;
  slot.path = file.path();
  SAFE_LOAD_TRY_ASSIGN(slot.identity, file.identity());
  slot.file = std::make_shared<const File>(std::move(file));
  const auto pooled =
      std::make_shared<const PooledFile>(shared_from_this(), slots_.size(), *slot.file);
  slots_.push_back(std::move(slot));
  order_.insert(order_.begin(), slots_.size() - 1);
  if (order_.size() > kMostOpen) close_oldest();
  return pooled;
}

void FilePool::close_oldest() {
  slots_[order_.back()].file.reset();
  order_.pop_back();
}

Result<FilePool::OpenFile> FilePool::use(std::size_t number) {
  const base::Lock lock(mutex_);
  Slot& slot = slots_[number];
  if (slot.file != nullptr) {
    const auto place = std::find(order_.begin(), order_.end(), number);
    std::rotate(order_.begin(), place, place + 1);
    return OpenFile(slot.file);
  }
  if (order_.size() >= kMostOpen) close_oldest();
  for (;;) {
    auto again = File::open(slot.path);
    if (!again && (!base::has_no_descriptors(again.error()) || order_.empty()))
      return again.error();
    if (!again) {
      close_oldest();
      continue;
    }
    SAFE_LOAD_TRY_ASSIGN(const FileIdentity identity, again->identity());
    if (identity != slot.identity)
      return Error(ErrorCode::kIo, "a file of the set changed after it was opened")
          .about(name_in(slot.path));
    slot.file = std::make_shared<const File>(*std::move(again));
    order_.insert(order_.begin(), number);
    return OpenFile(slot.file);
  }
}

FileIdentity FilePool::first_identity(std::size_t number) {
  const base::Lock lock(mutex_);
  return slots_[number].identity;
}

Result<SharedBytes> map(const PooledFile& file) {
  SAFE_LOAD_TRY_ASSIGN(const std::shared_ptr<const File> open, file.use());
  SAFE_LOAD_TRY_ASSIGN(Memory memory, Memory::map(*open));
  return share(std::move(memory));
}

Result<SharedBytes> map(const base::JoinedSource& files) {
  SAFE_LOAD_TRY_ASSIGN(Memory block, Memory::reserve(files.size()));
  for (const base::JoinedSource::Part& part : files.parts()) {
    const auto& file = static_cast<const PooledFile&>(*part.source);
    SAFE_LOAD_TRY_ASSIGN(const std::shared_ptr<const File> open, file.use());
    SAFE_LOAD_TRY(block.map_at(part.offset, *open));
  }
  return share(std::move(block));
}

}  // namespace safe_load::os
