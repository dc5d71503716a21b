#include "torch/storages.h"

#include "base/try.h"

namespace safe_load::torch {
namespace {

constexpr std::uint64_t kHashNode = 64;  // bytes that an entry of a hash table takes at most

}  // namespace

Result<std::uint32_t> Storages::add(const Storage& storage) {
  SAFE_LOAD_TRY(memory_.take(2 * sizeof(Storage) + kHashNode));
  storages_.push_back(storage);
  return size() - 1;
}

Result<std::uint32_t> Storages::add_part(const Storage& storage, std::uint32_t whole) {
  SAFE_LOAD_TRY(memory_.take(kHashNode));
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t number, add(storage));
  wholes_.emplace(number, whole_of(whole).value_or(whole));
  return number;
}

Result<std::uint32_t> Storages::add_assembly(Storage storage, Assembly assembly) {
  SAFE_LOAD_TRY(memory_.take(sizeof(Assembly)));
  assemblies_.push_back(std::move(assembly));
  storage.place = &assemblies_.back();
  return add(storage);
}

Result<std::uint32_t> Storages::number_of_location(std::string_view location) {
  const auto known = location_numbers_.find(location);
  if (known != location_numbers_.end()) return std::uint32_t{known->second};
  SAFE_LOAD_TRY(memory_.take(2 * sizeof(std::string_view) + kHashNode));
  const auto number = static_cast<std::uint32_t>(locations_.size());
  locations_.push_back(location);
  location_numbers_.emplace(location, number);
  return number;
}

}  // namespace safe_load::torch
