#include "data/storage_reader.h"

#include <algorithm>
#include <atomic>

#include "archive/zip_member.h"
#include "base/try.h"

namespace safe_load::data {
namespace {

// What torch's own allocator gives, and what its kernels may count on.
constexpr std::uint64_t kAlignment = 64;

// Small storages share blocks of this size, or of more in files so large that the system would run
// out of mappings.
constexpr std::uint64_t kSharedBlock = std::uint64_t{4} << 20;
constexpr std::uint64_t kMostBlocks = 8192;

// What is read at once where many small storages stand side by side, and the most that may lie
// between two of them.
constexpr std::uint64_t kWindow = std::uint64_t{1} << 16;
constexpr std::uint64_t kMostBetween = std::uint64_t{1} << 12;

std::span<std::byte> part_of(std::span<std::byte> bytes, std::uint64_t offset, std::uint64_t size) {
  return bytes.subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(size));
}

}  // namespace

const std::size_t StorageReader::kCost = sizeof(Slot) + sizeof(Block);

StorageReader::StorageReader(const Source& file, const StorageMap& storages, base::Host& host,
                             WholeFile whole)
    : file_(file), storages_(storages), host_(host), whole_(std::move(whole)) {
  slots_.reserve(storages.size());
  most_shared_ = std::max(kSharedBlock, file.size() / kMostBlocks);
  for (std::uint32_t id = 0; id < storages.size(); ++id) {
    Slot slot;
    if (whole_of(id) == id) {
      const Storage& storage = storages[id];
      const auto offset = storage.offset_in_file();
      slot.is_lent = offset && (whole_.is_borrowed || is_aligned(*offset));
      if (!slot.is_lent) add_to_block(slot, storage.size());
    }
    slots_.push_back(slot);
  }
}

void StorageReader::add_to_block(Slot& slot, std::uint64_t size) {
  size = (size + kAlignment - 1) / kAlignment * kAlignment;
  if (size >= most_shared_) {
    slot.block = static_cast<std::uint32_t>(blocks_.size());
    blocks_.push_back({.size = size});
    return;
  }
  if (shared_block_ >= blocks_.size() || blocks_[shared_block_].size + size > most_shared_) {
    shared_block_ = static_cast<std::uint32_t>(blocks_.size());
    blocks_.push_back({});
  }
  slot.block = shared_block_;
  slot.place = static_cast<std::uint32_t>(blocks_[shared_block_].size);
  blocks_[shared_block_].size += size;
}

bool StorageReader::is_aligned(std::uint64_t offset) const {
  if (whole_.owned.bytes.empty()) return false;
  void* address = whole_.owned.bytes.data() + offset;
  void* const before = address;
  std::size_t space = kAlignment;
  return std::align(kAlignment, 1, address, space) == before;
}

Status StorageReader::check(std::uint32_t id) const {
  const auto spoiled = spoiled_.find(id);
  return spoiled == spoiled_.end() ? Status() : Status(spoiled->second);
}

Result<SharedBytes> StorageReader::share(std::uint32_t id, std::size_t unit) {
  if (whole_.is_borrowed)
    return Error(ErrorCode::kMismatch,
                 "the checkpoint borrows its bytes, which may not be written");
  SAFE_LOAD_TRY(check(id));
  const Storage& storage = storages_[id];
  if (storage.size() == 0) return SharedBytes();
  return unit > 1 && storage.is_foreign() ? swapped(id, unit) : hold(id);
}

Result<base::Bytes> StorageReader::readable(std::uint32_t id, std::size_t unit) {
  SAFE_LOAD_TRY(check(id));
  const Storage& storage = storages_[id];
  if (storage.size() == 0) return base::Bytes();
  if (unit > 1 && storage.is_foreign()) {
    SAFE_LOAD_TRY_ASSIGN(const SharedBytes shared, swapped(id, unit));
    return base::Bytes(shared.bytes);
  }
  std::shared_ptr<const void> owner;
  SAFE_LOAD_TRY_ASSIGN(const base::Bytes bytes, view(id, owner));
  const Slot& slot = slots_[whole_of(id)];
  if (!slot.is_lent) {
    const base::Lock lock(mutex_);
    blocks_[slot.block].kept = owner;
  }
  return bytes;
}

Status StorageReader::read(std::uint32_t id, std::size_t unit, std::uint64_t offset,
                           std::span<std::byte> into) {
  SAFE_LOAD_TRY(check(id));
  const Storage& storage = storages_[id];
  if (storage.memory() != nullptr) {
    std::copy_n(storage.memory() + offset, into.size(), into.begin());
  } else if (const auto in_file = storage.offset_in_file()) {
    SAFE_LOAD_TRY(file_.read_at(*in_file + offset, into));
  } else {
    std::shared_ptr<const void> owner;
    SAFE_LOAD_TRY_ASSIGN(const base::Bytes bytes, view(id, owner));
    std::copy_n(bytes.data() + offset, into.size(), into.begin());
  }
  if (unit > 1 && storage.is_foreign()) base::reverse_units(into, unit);
  return {};
}

bool StorageReader::is_held(std::uint32_t id, std::size_t unit) {
  const base::Lock lock(mutex_);
  if (unit > 1 && storages_[id].is_foreign()) return swapped_.contains({id, unit});
  const Slot& slot = slots_[whole_of(id)];
  if (slot.is_lent) return true;
  const Block& block = blocks_[slot.block];
  return slot.read_in == block.generation && !block.owner.expired();
}

Result<StorageReader::Piece> StorageReader::piece(std::uint32_t id, std::size_t unit,
                                                  std::uint64_t offset, std::size_t most,
                                                  std::vector<std::byte>& buffer) {
  SAFE_LOAD_TRY(check(id));
  const Storage& storage = storages_[id];
  const bool is_foreign = unit > 1 && storage.is_foreign();
  if (storage.offset_in_file() && !is_held(id, unit)) {
    buffer.resize(static_cast<std::size_t>(std::min<std::uint64_t>(most, storage.size() - offset)));
    SAFE_LOAD_TRY(read(id, unit, offset, buffer));
    return Piece{buffer, nullptr};
  }
  Piece all;
  if (is_foreign) {
    SAFE_LOAD_TRY_ASSIGN(const SharedBytes shared, swapped(id, unit));
    all = {shared.bytes, shared.owner};
  } else {
    SAFE_LOAD_TRY_ASSIGN(all.bytes, view(id, all.owner));
  }
  all.bytes = all.bytes.subspan(static_cast<std::size_t>(offset));
  return all;
}

std::uint64_t StorageReader::offset_in_whole(const Storage& part) const {
  if (!part.whole) return 0;
  const Storage& whole = storages_[*part.whole];
  if (part.memory() != nullptr) return static_cast<std::uint64_t>(part.memory() - whole.memory());
  return part.offset_in_file().value_or(0) - whole.offset_in_file().value_or(0);
}

Result<base::Bytes> StorageReader::view(std::uint32_t id, std::shared_ptr<const void>& owner) {
  const std::uint32_t whole = whole_of(id);
  const Storage& storage = storages_[id];
  if (whole_.is_borrowed && slots_[whole].is_lent)
    return in_place(storages_[whole])
        .subspan(static_cast<std::size_t>(offset_in_whole(storage)),
                 static_cast<std::size_t>(storage.size()));
  SAFE_LOAD_TRY_ASSIGN(const SharedBytes held, hold(id));
  owner = held.owner;
  return base::Bytes(held.bytes);
}

Result<SharedBytes> StorageReader::hold(std::uint32_t id) {
  const Storage& storage = storages_[id];
  const std::uint32_t whole = whole_of(id);
  Slot& slot = slots_[whole];
  SharedBytes held;
  if (slot.is_lent) {
    held = whole_.owned;
    held.bytes =
        held.bytes.subspan(static_cast<std::size_t>(storages_[whole].offset_in_file().value_or(0)));
  } else {
    const base::Lock lock(mutex_);
    SAFE_LOAD_TRY_ASSIGN(held, place_of(whole));
    if (slot.read_in != blocks_[slot.block].generation) {
      Reading reading{whole, held.bytes};
      read({&reading, 1}, {});
      if (!reading.is_done) {  // once more, by one thread: to learn why
        SAFE_LOAD_TRY(read_whole(storages_[whole], held.bytes));
      }
      slot.read_in = blocks_[slot.block].generation;
    }
  }
  held.bytes = part_of(held.bytes, offset_in_whole(storage), storage.size());
  return held;
}

// REQUIRES: mutex_ is locked.
Result<SharedBytes> StorageReader::place_of(std::uint32_t id) {
  const Slot& slot = slots_[id];
  Block& block = blocks_[slot.block];
  SharedBytes place{block.bytes, block.owner.lock()};
  if (place.owner == nullptr) {
    SAFE_LOAD_TRY_ASSIGN(place, host_.allocate(block.size));
    block.bytes = place.bytes;
    block.owner = place.owner;
    block.generation += 1;
  }
  place.bytes = part_of(place.bytes, slot.place, storages_[id].size());
  return place;
}

void StorageReader::read_ahead(std::span<const std::uint32_t> ids,
                               const std::function<bool()>& keep_going) {
  const base::Lock lock(mutex_);
  std::vector<Reading> readings;
  for (const std::uint32_t id : ids) {
    const std::uint32_t whole = whole_of(id);
    Slot& slot = slots_[whole];
    if (slot.is_lent || storages_[whole].size() == 0 || spoiled_.contains(id)) continue;
    const auto place = place_of(whole);
    if (!place) break;  // whoever asks gets the error
    Block& block = blocks_[slot.block];
    block.kept = place->owner;
    if (slot.read_in == block.generation) continue;
    slot.read_in = block.generation;
    readings.push_back({whole, place->bytes});
  }
  read(readings, keep_going);
  for (const Reading& reading : readings)
    if (!reading.is_done) slots_[reading.id].read_in = 0;
}

// What stands in the file as it is comes in parts of a huge page, or, if it is small, together with
// what stands beside it; other records come as a whole.
// REQUIRES: mutex_ is locked.
void StorageReader::read(std::span<Reading> readings,
                         const std::function<bool()>& keep_going) const {
  struct Step {
    std::size_t reading;
    std::size_t count;     // readings that are taken together
    std::uint64_t offset;  // of a part of one reading
    std::size_t size;
  };
  tell(readings);
  std::vector<Step> steps;
  for (std::size_t i = 0; i < readings.size();) {
    const std::size_t count = neighbours(readings.subspan(i));
    const std::size_t size = readings[i].into.size();
    const bool is_in_file = storages_[readings[i].id].offset_in_file().has_value();
    const std::size_t part = is_in_file ? base::Host::kPart : size;
    for (std::size_t done = 0; done < size; done += part)
      steps.push_back({i, count, done, std::min(part, size - done)});
    i += count;
  }
  std::vector<std::atomic<std::size_t>> missing(readings.size());  // bytes
  for (std::size_t i = 0; i < readings.size(); ++i) missing[i] = readings[i].into.size();
  const auto take = [&](std::size_t i) {
    const Step& step = steps[i];
    if (step.count > 1) {
      if (!read_together(readings.subspan(step.reading, step.count))) return;
      for (std::size_t j = 0; j < step.count; ++j) missing[step.reading + j] = 0;
      return;
    }
    const Reading& reading = readings[step.reading];
    const Storage& storage = storages_[reading.id];
    const std::span<std::byte> into = part_of(reading.into, step.offset, step.size);
    const auto in_file = storage.offset_in_file();
    if (in_file) host_.prepare(into);
    const Status read =
        in_file ? file_.read_at(*in_file + step.offset, into) : read_whole(storage, into);
    if (read) missing[step.reading] -= step.size;
  };
  host_.run_parallel(steps.size(), take, keep_going);
  for (std::size_t i = 0; i < readings.size(); ++i) readings[i].is_done = missing[i] == 0;
}

// How many of these, from the first on, stand side by side in one window of the file: to read what
// is between them costs less than to go there once more.
std::size_t StorageReader::neighbours(std::span<const Reading> readings) const {
  const auto begin = storages_[readings.front().id].offset_in_file();
  if (!begin) return 1;
  std::uint64_t end = *begin + readings.front().into.size();
  std::size_t count = 1;
  for (; count < readings.size(); ++count) {
    const auto next = storages_[readings[count].id].offset_in_file();
    if (!next || *next < end || *next - end > kMostBetween) break;
    const std::uint64_t next_end = *next + readings[count].into.size();
    if (next_end - *begin > kWindow) break;
    end = next_end;
  }
  return count;
}

// REQUIRES: neighbours().
Status StorageReader::read_together(std::span<const Reading> readings) const {
  const auto offset = [&](const Reading& reading) {
    return storages_[reading.id].offset_in_file().value_or(0);
  };
  const std::uint64_t begin = offset(readings.front());
  const std::uint64_t size = offset(readings.back()) + readings.back().into.size() - begin;
  const auto window = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(size));
  SAFE_LOAD_TRY(file_.read_at(begin, {window.get(), static_cast<std::size_t>(size)}));
  for (const Reading& reading : readings)
    std::copy_n(window.get() + (offset(reading) - begin), reading.into.size(),
                reading.into.begin());
  return {};
}

void StorageReader::tell(std::span<const Reading> readings) const {
  std::vector<ByteRange> ranges;
  for (const Reading& reading : readings) {
    const Storage& storage = storages_[reading.id];
    const Assembly* const assembly = storage.assembly();
    if (assembly == nullptr) {
      tell(storage, ranges);
      continue;
    }
    for (const Assembly::Piece& piece : assembly->pieces) {
      const Storage& part = storages_[piece.storage];
      const std::size_t unit = size_of(assembly->dtype);
      if (is_read_in_runs(piece))
        ranges.push_back({*part.offset_in_file() + piece.offset * unit, piece.run * unit});
      else if (in_place(part).empty())
        tell(storages_[whole_of(piece.storage)], ranges);
    }
  }
  if (!ranges.empty()) file_.will_read(ranges);
}

void StorageReader::tell(const Storage& storage, std::vector<ByteRange>& ranges) const {
  if (const archive::ZipEntry* entry = storage.deflated())
    ranges.push_back({std::get<Record>(storage.place).data_offset, entry->compressed_size});
  else if (const auto offset = storage.offset_in_file())
    ranges.push_back({*offset, storage.size()});
}

Status StorageReader::read_whole(const Storage& storage, std::span<std::byte> into) const {
  return storage.assembly() != nullptr ? put_together(*storage.assembly(), into)
                                       : read_piece(storage, into);
}

Status StorageReader::read_piece(const Storage& storage, std::span<std::byte> into) const {
  if (const auto* record = std::get_if<Record>(&storage.place))
    return archive::read_member(file_, {record->entry, record->data_offset}, into);
  if (storage.memory() == nullptr) return file_.read_at(storage.offset_in_file().value_or(0), into);
  std::copy_n(storage.memory(), into.size(), into.begin());
  return {};
}

// Pieces get no place of their own: beside the whole there is never more than one of them. Their
// storages are no assemblies themselves.
Status StorageReader::put_together(const Assembly& assembly, std::span<std::byte> into) const {
  std::vector<std::byte> buffer;
  for (const Assembly::Piece& piece : assembly.pieces)
    SAFE_LOAD_TRY(copy_piece(assembly, piece, into, buffer));
  return {};
}

// A piece in one row of the file. Also of a mapped file: to read costs less than to touch its
// pages, and leaves them alone.
bool StorageReader::is_read_in_runs(const Assembly::Piece& piece) const {
  const Storage& part = storages_[piece.storage];
  return part.offset_in_file() && piece.sizes.empty() && !part.is_foreign();
}

Status StorageReader::copy_piece(const Assembly& assembly, const Assembly::Piece& piece,
                                 std::span<std::byte> into, std::vector<std::byte>& buffer) const {
  SAFE_LOAD_TRY(check(piece.storage));
  const Storage& part = storages_[piece.storage];
  const Storage& whole = storages_[whole_of(piece.storage)];
  const std::size_t unit = size_of(assembly.dtype);
  if (is_read_in_runs(piece))
    return file_.read_at(*part.offset_in_file() + piece.offset * unit,
                         part_of(into, piece.place * unit, piece.run * unit));
  base::Bytes bytes = in_place(whole);
  if (bytes.empty()) {
    buffer.resize(static_cast<std::size_t>(whole.size()));
    SAFE_LOAD_TRY(read_piece(whole, buffer));
    bytes = buffer;
  }
  bytes = bytes.subspan(static_cast<std::size_t>(offset_in_whole(part)),
                        static_cast<std::size_t>(part.size()));
  std::vector<std::byte> swapped;
  if (part.is_foreign()) {
    swapped.assign(bytes.begin(), bytes.end());
    base::reverse_units(swapped, info(assembly.dtype).swap_unit);
    bytes = swapped;
  }
  data::copy_piece(assembly, piece, bytes, into);
  return {};
}

// A storage whose bytes are in memory as they are; empty if they must be read.
base::Bytes StorageReader::in_place(const Storage& storage) const {
  const auto size = static_cast<std::size_t>(storage.size());
  if (storage.memory() != nullptr) return {storage.memory(), size};
  const auto offset = storage.offset_in_file();
  const base::Bytes all = whole_.bytes();
  if (!offset || all.empty()) return {};
  return all.subspan(static_cast<std::size_t>(*offset), size);
}

Result<SharedBytes> StorageReader::swapped(std::uint32_t id, std::size_t unit) {
  std::shared_ptr<const void> owner;
  SAFE_LOAD_TRY_ASSIGN(const base::Bytes bytes, view(id, owner));
  const base::Lock lock(mutex_);
  SharedBytes& known = swapped_[{id, unit}];
  if (known.owner != nullptr) return known;
  SAFE_LOAD_TRY_ASSIGN(SharedBytes copy, host_.allocate(bytes.size()));
  std::copy(bytes.begin(), bytes.end(), copy.bytes.begin());
  base::reverse_units(copy.bytes, unit);
  known = std::move(copy);
  return known;
}

}  // namespace safe_load::data
