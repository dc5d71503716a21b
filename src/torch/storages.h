// Storages: every block of bytes that tensors share, by number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "archive/zip_directory.h"
#include "base/budget.h"
#include "base/bytes.h"
#include "base/hash.h"
#include "safe_load/dtype.h"
#include "safe_load/result.h"
#include "torch/assembly.h"

namespace safe_load::torch {

// Where the bytes of a storage are: nowhere (it is empty, or on the meta device), in a record of an
// archive, in memory that lives as long as the pickle, at an offset of the file, or in pieces.
using Place = std::variant<std::monostate, const archive::ZipEntry*, const std::byte*,
                           std::uint64_t, const Assembly*>;

// Its place, if it has one, holds exactly `byte_count` bytes.
struct Storage {
  static constexpr std::uint32_t kMeta = 0;

  std::string_view key;
  Place place;
  std::uint64_t byte_count = 0;
  std::uint32_t location = kMeta;  // the device it was saved from: Storages::location()
  DType dtype = DType::kUint8;
  bool is_untyped = false;
  bool is_big_endian = false;

  bool is_meta() const { return location == kMeta; }
  // Null if it has none.
  const archive::ZipEntry* entry() const {
    const auto* entry = std::get_if<const archive::ZipEntry*>(&place);
    return entry == nullptr ? nullptr : *entry;
  }
};

class Storages {
 public:
  explicit Storages(base::Budget& memory) : memory_(memory) {}

  const std::vector<Storage>& all() const { return storages_; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(storages_.size()); }
  Storage& operator[](std::uint32_t number) { return storages_[number]; }
  const Storage& operator[](std::uint32_t number) const { return storages_[number]; }
  std::string_view location(const Storage& storage) const { return locations_[storage.location]; }

  void reserve(std::size_t storages) { storages_.reserve(storages); }
  Result<std::uint32_t> add(const Storage& storage);
  // A storage whose bytes are some of those of `whole`: what is written to one is seen in the
  // other.
  Result<std::uint32_t> add_part(const Storage& storage, std::uint32_t whole);
  // A storage whose bytes stand in others.
  Result<std::uint32_t> add_assembly(Storage storage, Assembly assembly);
  // The storage that this one is a part of, itself no part of another; none if it is whole.
  std::optional<std::uint32_t> whole_of(std::uint32_t number) const {
    const auto found = wholes_.find(number);
    return found == wholes_.end() ? std::nullopt : std::optional(found->second);
  }
  // `location` must outlive this.
  Result<std::uint32_t> number_of_location(std::string_view location);

 private:
  base::Budget& memory_;
  std::vector<Storage> storages_;
  std::unordered_map<std::uint32_t, std::uint32_t> wholes_;  // of those that are parts
  std::deque<Assembly> assemblies_;
  std::vector<std::string_view> locations_ = {"meta"};  // the first is Storage::kMeta
  std::unordered_map<std::string_view, std::uint32_t, base::TextHash> location_numbers_ = {
      {"meta", Storage::kMeta}};
};

}  // namespace safe_load::torch
