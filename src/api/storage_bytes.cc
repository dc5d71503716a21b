#include "api/storage_bytes.h"

#include <algorithm>

#include "base/try.h"

namespace safe_load::api {
namespace {

constexpr std::uint64_t kAlignment = 64;

// What is no whole number of elements keeps its last bytes as they are.
void swap(std::span<std::byte> bytes, std::size_t unit) {
  for (; bytes.size() >= unit; bytes = bytes.subspan(unit))
    std::reverse(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(unit));
}

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
  record.is_mapped = origin.is_in_file() && (is_borrowed_ || is_aligned(origin.offset));
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
  return part.memory() == nullptr ? part.offset - whole.offset
                                  : static_cast<std::uint64_t>(part.memory() - whole.memory());
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
    const Status read = origin.assembly() != nullptr ? put_together(*origin.assembly(), place)
                                                     : read_whole(origin, place);
    SAFE_LOAD_TRY(read);
    record.is_loaded = true;
  }
  return base::Bytes(place);
}

Status StorageBytes::read_whole(const Origin& origin, std::span<std::byte> into) const {
  if (origin.deflated() != nullptr)
    return archive::read_member(source(), {origin.deflated(), origin.offset}, into);
  if (origin.memory() == nullptr) return source().read_at(origin.offset, into);
  std::copy_n(origin.memory(), into.size(), into.begin());
  return {};
}

// Pieces get no place of their own: beside the whole there is never more than one of them. Their
// storages are no assemblies themselves.
Status StorageBytes::put_together(const torch::Assembly& assembly,
                                  std::span<std::byte> into) const {
  std::vector<std::byte> buffer;
  for (const torch::Assembly::Piece& piece : assembly.pieces)
    SAFE_LOAD_TRY(copy_piece(assembly, piece, into, buffer));
  return {};
}

Status StorageBytes::copy_piece(const torch::Assembly& assembly,
                                const torch::Assembly::Piece& piece, std::span<std::byte> into,
                                std::vector<std::byte>& buffer) const {
  const auto spoiled = spoiled_.find(piece.storage);
  if (spoiled != spoiled_.end()) return spoiled->second;
  const Origin& part = records_[piece.storage].origin;
  const Origin& whole = part.whole ? records_[*part.whole].origin : part;
  const auto skip = static_cast<std::size_t>(part.whole ? offset_in_whole(part) : 0);
  // Also of a mapped file: to read costs less than to touch its pages, and leaves them alone.
  if (whole.is_in_file() && piece.sizes.empty() && !part.is_foreign) {
    const std::size_t unit = size_of(assembly.dtype);
    return source().read_at(whole.offset + skip + piece.offset * unit,
                            into.subspan(static_cast<std::size_t>(piece.place) * unit,
                                         static_cast<std::size_t>(piece.run) * unit));
  }
  base::Bytes bytes = in_place(whole);
  if (bytes.empty()) {
    buffer.resize(static_cast<std::size_t>(whole.size));
    SAFE_LOAD_TRY(read_whole(whole, buffer));
    bytes = buffer;
  }
  bytes = bytes.subspan(skip, static_cast<std::size_t>(part.size));
  std::vector<std::byte> swapped;
  if (part.is_foreign) {
    swapped.assign(bytes.begin(), bytes.end());
    swap(swapped, info(assembly.dtype).swap_unit);
    bytes = swapped;
  }
  torch::copy_piece(assembly, piece, bytes, into);
  return {};
}

// A storage whose bytes are in memory as they are; empty if they must be read.
base::Bytes StorageBytes::in_place(const Origin& origin) const {
  const auto size = static_cast<std::size_t>(origin.size);
  if (origin.memory() != nullptr) return {origin.memory(), size};
  if (!origin.is_in_file()) return {};
  const base::Bytes all = is_mapped()      ? base::Bytes(mapping_.bytes())
                          : memory_source_ ? memory_source_->bytes()
                                           : base::Bytes();
  return all.empty() ? all : all.subspan(static_cast<std::size_t>(origin.offset), size);
}

Result<std::span<std::byte>> StorageBytes::swapped(std::uint32_t id, std::size_t unit) {
  SAFE_LOAD_TRY_ASSIGN(const base::Bytes bytes, in_file_order(id));
  const std::scoped_lock lock(mutex_);
  const auto known = swapped_.find({id, unit});
  if (known != swapped_.end()) return known->second.bytes();
  SAFE_LOAD_TRY_ASSIGN(os::Memory copy, os::Memory::allocate(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), copy.bytes().begin());
  swap(copy.bytes(), unit);
  return swapped_.emplace(std::pair(id, unit), std::move(copy)).first->second.bytes();
}

}  // namespace safe_load::api
