#include "api/storage_bytes.h"

#include <algorithm>

#include "base/try.h"

namespace safe_load::api {
namespace {

constexpr std::uint64_t kAlignment = 64;

}  // namespace

const std::size_t StorageBytes::kRecordSize = sizeof(Record);

Status StorageBytes::map() {
  SAFE_LOAD_TRY_ASSIGN(mapping_, files_->map());
  return {};
}

void StorageBytes::add(const Origin& origin) {
  Record record{origin};
  if (origin.size == 0) record.origin.whole.reset();
  if (record.origin.whole) {  // it has no place of its own
    records_.push_back(record);
    return;
  }
  record.is_mapped = origin.memory == nullptr && origin.deflated == nullptr &&
                     (is_borrowed_ || is_aligned(origin.offset));
  if (!record.is_mapped) {
    record.place = arena_size_;
    arena_size_ += (origin.size + kAlignment - 1) / kAlignment * kAlignment;
  }
  records_.push_back(record);
}

// Old files and repacked archives lack torch's alignment; a misaligned element costs more at each
// use than the copy.
bool StorageBytes::is_aligned(std::uint64_t data_offset) {
  if (own_bytes().empty()) return false;
  void* address = own_bytes().data() + data_offset;
  void* const before = address;
  std::size_t space = alignof(std::max_align_t);
  return std::align(alignof(double), 1, address, space) == before;
}

Result<std::span<std::byte>> StorageBytes::writable(std::uint32_t id, std::size_t unit) {
  if (is_borrowed_)
    return Error(ErrorCode::kMismatch,
                 "the checkpoint borrows its bytes, which may not be written");
  SAFE_LOAD_TRY_ASSIGN(const base::Bytes bytes, readable(id, unit));
  if (bytes.empty()) return std::span<std::byte>();
  for (const std::span<std::byte> block : {own_bytes(), arena_.bytes()})
    if (!block.empty() && bytes.data() >= block.data() &&
        bytes.data() < block.data() + block.size())
      return block.subspan(static_cast<std::size_t>(bytes.data() - block.data()), bytes.size());
  const std::scoped_lock lock(mutex_);
  return swapped_.at({id, unit}).bytes();
}

Result<base::Bytes> StorageBytes::readable(std::uint32_t id, std::size_t unit) {
  const Origin& origin = records_[id].origin;
  if (!spoiled_.empty() && spoiled_.contains(id)) return spoiled_.at(id);
  if (origin.size == 0) return base::Bytes();
  if (!origin.is_foreign || unit < 2) return in_file_order(id);
  SAFE_LOAD_TRY_ASSIGN(const std::span<std::byte> bytes, swapped(id, unit));
  return base::Bytes(bytes);
}

std::uint64_t StorageBytes::offset_in_whole(const Origin& part) const {
  const Origin& whole = records_[*part.whole].origin;
  return part.memory == nullptr ? part.offset - whole.offset
                                : static_cast<std::uint64_t>(part.memory - whole.memory);
}

Result<base::Bytes> StorageBytes::in_file_order(std::uint32_t id) {
  const Origin& origin = records_[id].origin;
  if (!origin.whole) return whole_in_file_order(id);
  SAFE_LOAD_TRY_ASSIGN(const base::Bytes whole, whole_in_file_order(*origin.whole));
  return whole.subspan(static_cast<std::size_t>(offset_in_whole(origin)),
                       static_cast<std::size_t>(origin.size));
}

Result<base::Bytes> StorageBytes::whole_in_file_order(std::uint32_t id) {
  Record& record = records_[id];
  const Origin& origin = record.origin;
  const auto size = static_cast<std::size_t>(origin.size);
  if (record.is_mapped) {
    const auto offset = static_cast<std::size_t>(origin.offset);
    if (is_borrowed_) return memory_source_->bytes().subspan(offset, size);
    return base::Bytes(own_bytes().subspan(offset, size));
  }
  const std::scoped_lock lock(mutex_);
  if (arena_.bytes().empty()) {
    SAFE_LOAD_TRY_ASSIGN(arena_, os::Memory::allocate(arena_size_));
  }
  const auto place = arena_.bytes().subspan(static_cast<std::size_t>(record.place), size);
  if (!record.is_loaded) {
    if (origin.memory != nullptr) {
      std::copy_n(origin.memory, size, place.begin());
    } else if (origin.deflated != nullptr) {
      SAFE_LOAD_TRY(archive::read_member(source(), {origin.deflated, origin.offset}, place));
    } else {
      SAFE_LOAD_TRY(source().read_at(origin.offset, place));
    }
    record.is_loaded = true;
  }
  return base::Bytes(place);
}

Result<std::span<std::byte>> StorageBytes::swapped(std::uint32_t id, std::size_t unit) {
  SAFE_LOAD_TRY_ASSIGN(const base::Bytes bytes, in_file_order(id));
  const std::scoped_lock lock(mutex_);
  const auto known = swapped_.find({id, unit});
  if (known != swapped_.end()) return known->second.bytes();
  SAFE_LOAD_TRY_ASSIGN(os::Memory copy, os::Memory::allocate(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), copy.bytes().begin());
  // A storage that is no whole number of elements keeps its last bytes as they are.
  for (auto element = copy.bytes(); element.size() >= unit; element = element.subspan(unit))
    std::reverse(element.begin(), element.begin() + static_cast<std::ptrdiff_t>(unit));
  return swapped_.emplace(std::pair(id, unit), std::move(copy)).first->second.bytes();
}

}  // namespace safe_load::api
