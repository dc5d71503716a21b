#include "api/storage_bytes.h"

#include <algorithm>
#include <atomic>

#include "base/try.h"
#include "os/parallel.h"

namespace safe_load::api {
namespace {

// What torch's own allocator gives, and what its kernels may count on.
constexpr std::uint64_t kAlignment = 64;

// Small storages share blocks of this size, or of more in files so large that the system would run
// out of mappings.
constexpr std::uint64_t kSharedBlock = std::uint64_t{4} << 20;
constexpr std::uint64_t kMostBlocks = 8192;

// What is no whole number of elements keeps its last bytes as they are.
void swap(std::span<std::byte> bytes, std::size_t unit) {
  for (; bytes.size() >= unit; bytes = bytes.subspan(unit))
    std::reverse(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(unit));
}

SharedBytes shared_memory(os::Memory memory) {
  const auto kept = std::make_shared<os::Memory>(std::move(memory));
  return {kept->bytes(), kept};
}

}  // namespace

const std::size_t StorageBytes::kRecordSize = sizeof(Record) + sizeof(Block);

Status StorageBytes::map() {
  SAFE_LOAD_TRY_ASSIGN(os::Memory mapping, files_->map());
  whole_ = shared_memory(std::move(mapping));
  return {};
}

void StorageBytes::begin(std::size_t storages) {
  records_.reserve(storages);
  most_shared_ = std::max(kSharedBlock, source().size() / kMostBlocks);
}

void StorageBytes::add(const Origin& origin) {
  Record record{origin};
  if (origin.size == 0) record.origin.whole.reset();
  if (!record.origin.whole) {  // else it has no place of its own
    record.is_lent = origin.is_in_file() && (is_borrowed_ || is_aligned(origin.offset));
    if (!record.is_lent) add_to_block(record);
  }
  records_.push_back(record);
}

void StorageBytes::add_to_block(Record& record) {
  const std::uint64_t size = (record.origin.size + kAlignment - 1) / kAlignment * kAlignment;
  if (size >= most_shared_) {
    record.block = static_cast<std::uint32_t>(blocks_.size());
    blocks_.push_back({.size = size});
    return;
  }
  if (shared_block_ >= blocks_.size() || blocks_[shared_block_].size + size > most_shared_) {
    shared_block_ = static_cast<std::uint32_t>(blocks_.size());
    blocks_.push_back({});
  }
  record.block = shared_block_;
  record.place = static_cast<std::uint32_t>(blocks_[shared_block_].size);
  blocks_[shared_block_].size += size;
}

bool StorageBytes::is_aligned(std::uint64_t data_offset) const {
  if (whole_.bytes.empty()) return false;
  void* address = whole_.bytes.data() + data_offset;
  void* const before = address;
  std::size_t space = kAlignment;
  return std::align(kAlignment, 1, address, space) == before;
}

Result<SharedBytes> StorageBytes::share(std::uint32_t id, std::size_t unit) {
  if (is_borrowed_)
    return Error(ErrorCode::kMismatch,
                 "the checkpoint borrows its bytes, which may not be written");
  const Origin& origin = records_[id].origin;
  if (!spoiled_.empty() && spoiled_.contains(id)) return spoiled_.at(id);
  if (origin.size == 0) return SharedBytes();
  return origin.is_foreign && unit > 1 ? swapped(id, unit) : hold(id);
}

Result<base::Bytes> StorageBytes::readable(std::uint32_t id, std::size_t unit) {
  const Origin& origin = records_[id].origin;
  if (!spoiled_.empty() && spoiled_.contains(id)) return spoiled_.at(id);
  if (origin.size == 0) return base::Bytes();
  if (origin.is_foreign && unit > 1) {
    SAFE_LOAD_TRY_ASSIGN(const SharedBytes shared, swapped(id, unit));
    return base::Bytes(shared.bytes);
  }
  std::shared_ptr<const void> owner;
  SAFE_LOAD_TRY_ASSIGN(const base::Bytes bytes, view(id, owner));
  const Record& whole = whole_of(id);
  if (!whole.is_lent) {
    const std::scoped_lock lock(mutex_);
    blocks_[whole.block].kept = owner;
  }
  return bytes;
}

const StorageBytes::Record& StorageBytes::whole_of(std::uint32_t id) const {
  const Record& record = records_[id];
  return record.origin.whole ? records_[*record.origin.whole] : record;
}

std::uint64_t StorageBytes::offset_in_whole(const Origin& part) const {
  if (!part.whole) return 0;
  const Origin& whole = records_[*part.whole].origin;
  return part.memory() == nullptr ? part.offset - whole.offset
                                  : static_cast<std::uint64_t>(part.memory() - whole.memory());
}

Result<base::Bytes> StorageBytes::view(std::uint32_t id, std::shared_ptr<const void>& owner) {
  const Record& whole = whole_of(id);
  const Origin& origin = records_[id].origin;
  if (is_borrowed_ && whole.is_lent)
    return in_place(whole.origin)
        .subspan(static_cast<std::size_t>(offset_in_whole(origin)),
                 static_cast<std::size_t>(origin.size));
  SAFE_LOAD_TRY_ASSIGN(const SharedBytes held, hold(id));
  owner = held.owner;
  return base::Bytes(held.bytes);
}

Result<SharedBytes> StorageBytes::hold(std::uint32_t id) {
  const Origin& origin = records_[id].origin;
  Record& whole = records_[origin.whole.value_or(id)];
  SharedBytes held;
  if (whole.is_lent) {
    held = whole_;
    held.bytes = held.bytes.subspan(static_cast<std::size_t>(whole.origin.offset));
  } else {
    const std::scoped_lock lock(mutex_);
    SAFE_LOAD_TRY_ASSIGN(held, place_of(whole));
    if (whole.read_in != blocks_[whole.block].generation) {
      Reading reading{&whole, held.bytes};
      read({&reading, 1}, {});
      if (!reading.is_done) {  // once more, by one thread: to learn why
        SAFE_LOAD_TRY(read_whole(whole, held.bytes));
      }
      whole.read_in = blocks_[whole.block].generation;
    }
  }
  held.bytes = held.bytes.subspan(static_cast<std::size_t>(offset_in_whole(origin)),
                                  static_cast<std::size_t>(origin.size));
  return held;
}

// REQUIRES: mutex_ is held.
Result<SharedBytes> StorageBytes::place_of(const Record& record) {
  Block& block = blocks_[record.block];
  SharedBytes place{block.bytes, block.owner.lock()};
  if (place.owner == nullptr) {
    SAFE_LOAD_TRY_ASSIGN(os::Memory memory, os::Memory::allocate(block.size));
    place = shared_memory(std::move(memory));
    block.bytes = place.bytes;
    block.owner = place.owner;
    block.generation += 1;
  }
  place.bytes = place.bytes.subspan(record.place, static_cast<std::size_t>(record.origin.size));
  return place;
}

void StorageBytes::read_ahead(std::span<const std::uint32_t> ids,
                              const std::function<bool()>& keep_going) {
  const std::scoped_lock lock(mutex_);
  std::vector<Reading> readings;
  for (const std::uint32_t id : ids) {
    Record& record = records_[records_[id].origin.whole.value_or(id)];
    if (record.is_lent || record.origin.size == 0 || spoiled_.contains(id)) continue;
    const auto place = place_of(record);
    if (!place) break;  // whoever asks gets the error
    Block& block = blocks_[record.block];
    block.kept = place->owner;
    if (record.read_in == block.generation) continue;
    record.read_in = block.generation;
    readings.push_back({&record, place->bytes});
  }
  read(readings, keep_going);
  for (const Reading& reading : readings)
    if (!reading.is_done) reading.record->read_in = 0;
}

// What stands in the file as it is comes in parts of a huge page, other records as a whole.
// REQUIRES: mutex_ is held.
void StorageBytes::read(std::span<Reading> readings,
                        const std::function<bool()>& keep_going) const {
  struct Part {
    std::size_t reading;
    std::uint64_t offset;
    std::size_t size;
  };
  std::vector<Part> parts;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    const std::size_t size = readings[i].into.size();
    const std::size_t step = readings[i].record->origin.is_in_file() ? os::kHugePage : size;
    for (std::size_t done = 0; done < size; done += step)
      parts.push_back({i, done, std::min(step, size - done)});
  }
  std::vector<std::atomic<std::size_t>> missing(readings.size());  // bytes
  for (std::size_t i = 0; i < readings.size(); ++i) missing[i] = readings[i].into.size();
  os::PagePreparer pages;
  const auto read_part = [&](std::size_t i) {
    const Part& part = parts[i];
    const Reading& reading = readings[part.reading];
    const Origin& origin = reading.record->origin;
    const std::span<std::byte> into =
        reading.into.subspan(static_cast<std::size_t>(part.offset), part.size);
    if (origin.is_in_file()) pages.prepare(into);
    const Status read = origin.is_in_file() ? source().read_at(origin.offset + part.offset, into)
                                            : read_whole(*reading.record, into);
    if (read) missing[part.reading] -= part.size;
  };
  os::run_parallel(parts.size(), read_part, keep_going);
  for (std::size_t i = 0; i < readings.size(); ++i) readings[i].is_done = missing[i] == 0;
}

Status StorageBytes::read_whole(const Record& record, std::span<std::byte> into) const {
  const Origin& origin = record.origin;
  return origin.assembly() != nullptr ? put_together(*origin.assembly(), into)
                                      : read_piece(origin, into);
}

Status StorageBytes::read_piece(const Origin& origin, std::span<std::byte> into) const {
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
  const auto skip = static_cast<std::size_t>(offset_in_whole(part));
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
    SAFE_LOAD_TRY(read_piece(whole, buffer));
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
  const base::Bytes all = memory_source_ ? memory_source_->bytes() : base::Bytes(whole_.bytes);
  return all.empty() ? all : all.subspan(static_cast<std::size_t>(origin.offset), size);
}

Result<SharedBytes> StorageBytes::swapped(std::uint32_t id, std::size_t unit) {
  std::shared_ptr<const void> owner;
  SAFE_LOAD_TRY_ASSIGN(const base::Bytes bytes, view(id, owner));
  const std::scoped_lock lock(mutex_);
  SharedBytes& known = swapped_[{id, unit}];
  if (known.owner != nullptr) return known;
  SAFE_LOAD_TRY_ASSIGN(os::Memory copy, os::Memory::allocate(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), copy.bytes().begin());
  swap(copy.bytes(), unit);
  known = shared_memory(std::move(copy));
  return known;
}

}  // namespace safe_load::api
