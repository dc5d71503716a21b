#include "os/file_set.h"

#include <algorithm>

#include "base/checked.h"
#include "base/try.h"

namespace safe_load::os {
namespace {

constexpr std::size_t kMostOpen = 8;

}  // namespace

Status FileSet::add(std::string name, File file) {
  if (parts_.empty()) is_on_network_ = file.is_on_network();
  const std::uint64_t page = page_size();
  const std::uint64_t offset = (size() + page - 1) / page * page;
  Slot slot;
  slot.path = file.path();
  if (!parts_.empty() || !name.empty()) {  // one that may have to be closed
    SAFE_LOAD_TRY_ASSIGN(slot.identity, file.identity());
  }
  parts_.push_back({std::move(name), offset, file.size()});
  slot.file = std::make_shared<const File>(std::move(file));
  slots_.push_back(std::move(slot));
  opened_->order.insert(opened_->order.begin(), slots_.size() - 1);
  if (opened_->order.size() > kMostOpen) close_oldest();
  return {};
}

void FileSet::close_oldest() const {
  slots_[opened_->order.back()].file.reset();
  opened_->order.pop_back();
}

Result<FileSet::OpenFile> FileSet::use(std::size_t number) const {
  if (is_one_file()) return OpenFile(slots_.front().file);
  const std::scoped_lock lock(opened_->mutex);
  std::vector<std::size_t>& order = opened_->order;
  Slot& slot = slots_[number];
  if (slot.file != nullptr) {
    const auto place = std::find(order.begin(), order.end(), number);
    std::rotate(order.begin(), place, place + 1);
    return OpenFile(slot.file);
  }
  if (order.size() >= kMostOpen) close_oldest();
  for (;;) {
    auto again = File::open(slot.path);
    if (!again && (!has_no_descriptors(again.error()) || order.empty())) return again.error();
    if (!again) {
      close_oldest();
      continue;
    }
    SAFE_LOAD_TRY_ASSIGN(const FileIdentity identity, again->identity());
    if (identity != slot.identity)
      return Error(ErrorCode::kIo, "a file of the set changed after it was opened")
          .about(parts_[number].name);
    slot.file = std::make_shared<const File>(*std::move(again));
    order.insert(order.begin(), number);
    return OpenFile(slot.file);
  }
}

std::uint64_t FileSet::byte_count() const {
  std::uint64_t count = 0;
  for (const Part& part : parts_) count += part.size;
  return count;
}

std::uint64_t FileSet::size() const {
  return parts_.empty() ? 0 : parts_.back().offset + parts_.back().size;
}

Status FileSet::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  if (!base::fits(offset, into.size(), size()))
    return Error(ErrorCode::kTruncated, "the file ends before the bytes that were asked for",
                 offset);
  const auto behind =
      std::upper_bound(parts_.begin(), parts_.end(), offset,
                       [](std::uint64_t at, const Part& part) { return at < part.offset; });
  auto next = static_cast<std::size_t>(behind - parts_.begin());
  while (!into.empty()) {
    const Part& part = parts_[next - 1];
    const std::uint64_t inside = offset - part.offset;
    const std::uint64_t end = next < parts_.size() ? parts_[next].offset - part.offset : part.size;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end - inside));
    const auto own = static_cast<std::size_t>(
        std::min<std::uint64_t>(count, part.size - std::min(part.size, inside)));
    if (own != 0) {
      SAFE_LOAD_TRY_ASSIGN(const OpenFile file, use(next - 1));
      SAFE_LOAD_TRY(file->read_at(inside, into.first(own)));
    }
    std::fill_n(into.begin() + static_cast<std::ptrdiff_t>(own), count - own, std::byte{0});
    into = into.subspan(count);
    offset += count;
    ++next;
  }
  return {};
}

Result<Memory> FileSet::map() const {
  if (is_one_file()) return Memory::map(*slots_[0].file);
  SAFE_LOAD_TRY_ASSIGN(Memory block, Memory::reserve(size()));
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    SAFE_LOAD_TRY_ASSIGN(const OpenFile file, use(i));
    SAFE_LOAD_TRY(block.map_at(parts_[i].offset, *file));
  }
  return block;
}

}  // namespace safe_load::os
