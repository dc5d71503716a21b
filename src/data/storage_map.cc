#include "data/storage_map.h"

#include <bit>

#include "archive/zip_member.h"
#include "base/try.h"

namespace safe_load::data {
namespace {

constexpr std::uint64_t kHashNode = 64;  // bytes that an entry of a hash table takes at most

template <class T>
T alternative(const Place& place) {
  const T* const held = std::get_if<T>(&place);
  return held == nullptr ? T() : *held;
}

bool is_stored(const archive::ZipEntry& entry) {
  return static_cast<archive::Method>(entry.method) == archive::Method::kStored;
}

}  // namespace

const archive::ZipEntry* Storage::entry() const { return alternative<Record>(place).entry; }

const archive::ZipEntry* Storage::deflated() const {
  const archive::ZipEntry* const record = entry();
  return record != nullptr && !is_stored(*record) ? record : nullptr;
}

std::optional<std::uint64_t> Storage::offset_in_file() const {
  if (const auto* record = std::get_if<Record>(&place))
    return is_stored(*record->entry) ? std::optional(record->data_offset) : std::nullopt;
  if (const auto* offset = std::get_if<std::uint64_t>(&place)) return *offset;
  return std::nullopt;
}

const std::byte* Storage::memory() const { return alternative<const std::byte*>(place); }

const Assembly* Storage::assembly() const { return alternative<const Assembly*>(place); }

bool Storage::is_foreign() const {
  return is_big_endian != (std::endian::native == std::endian::big) && assembly() == nullptr;
}

Result<std::uint32_t> StorageMap::add(const Storage& storage) {
  SAFE_LOAD_TRY(memory_.take(2 * sizeof(Storage) + kHashNode));
  storages_.push_back(storage);
  return size() - 1;
}

Result<std::uint32_t> StorageMap::add_part(Storage storage, std::uint32_t whole) {
  storage.whole = storages_[whole].whole.value_or(whole);
  return add(storage);
}

Result<std::uint32_t> StorageMap::add_assembly(Storage storage, Assembly assembly) {
  SAFE_LOAD_TRY(memory_.take(sizeof(Assembly)));
  assemblies_.push_back(std::move(assembly));
  storage.place = &assemblies_.back();
  return add(storage);
}

Result<std::uint32_t> StorageMap::number_of_location(std::string_view location) {
  const std::string_view last = locations_[last_location_];
  if (last.data() == location.data() && last.size() == location.size()) return last_location_;
  const auto known = location_numbers_.find(location);
  if (known != location_numbers_.end()) return last_location_ = known->second;
  SAFE_LOAD_TRY(memory_.take(2 * sizeof(std::string_view) + kHashNode));
  const auto number = static_cast<std::uint32_t>(locations_.size());
  locations_.push_back(location);
  location_numbers_.emplace(location, number);
  return last_location_ = number;
}

Status StorageMap::locate(const Source& file, const archive::ZipEntry*& failed) {
  std::vector<const archive::ZipEntry*> entries;
  for (const Storage& storage : storages_)
    if (storage.entry() != nullptr) entries.push_back(storage.entry());
  SAFE_LOAD_TRY_ASSIGN(const auto members, archive::locate_all(file, entries, failed));
  auto next = members.begin();
  for (Storage& storage : storages_)
    if (auto* record = std::get_if<Record>(&storage.place))
      record->data_offset = (next++)->data_offset;
  return {};
}

}  // namespace safe_load::data
