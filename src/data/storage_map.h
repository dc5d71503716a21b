// StorageMap: every block of bytes that tensors share, by number, and where its bytes are.
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
#include "base/hash.h"
#include "data/assembly.h"
#include "safe_load/dtype.h"
#include "safe_load/result.h"
#include "safe_load/source.h"

namespace safe_load::data {

// A record of an archive. Where its data begins StorageMap::locate() finds out.
struct Record {
  const archive::ZipEntry* entry = nullptr;
  std::uint64_t data_offset = 0;
};

// Where the bytes of a storage are: nowhere (it is empty, or on the meta device), in a record, in
// memory that lives as long as the pickle, at an offset of the file, or in pieces.
using Place =
    std::variant<std::monostate, Record, const std::byte*, std::uint64_t, const Assembly*>;

// Its place, if it has one, holds exactly `byte_count` bytes.
struct Storage {
  static constexpr std::uint32_t kMeta = 0;

  std::string_view key;
  Place place;
  std::uint64_t byte_count = 0;
  std::optional<std::uint32_t> whole = std::nullopt;  // the storage of which it is a part; that one
                                                      // is no part of another
  std::uint32_t location = kMeta;  // the device it was saved from: StorageMap::location()
  DType dtype = DType::kUint8;
  bool is_untyped = false;
  bool is_big_endian = false;

  bool is_meta() const { return location == kMeta; }
  // Bytes that can be had.
  std::uint64_t size() const { return place.index() == 0 ? 0 : byte_count; }
  // The record that holds it, or null.
  const archive::ZipEntry* entry() const;
  // The same if it is compressed there.
  const archive::ZipEntry* deflated() const;
  // Where its bytes stand in the file as they are.
  std::optional<std::uint64_t> offset_in_file() const;
  // Where they are in memory, or null; and what they are put together from, or null.
  const std::byte* memory() const;
  const Assembly* assembly() const;
  // Whether its numbers are in the byte order of other machines.
  bool is_foreign() const;
};

class StorageMap {
 public:
  explicit StorageMap(base::Budget& memory) : memory_(memory) {}

  const std::vector<Storage>& all() const { return storages_; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(storages_.size()); }
  Storage& operator[](std::uint32_t number) { return storages_[number]; }
  const Storage& operator[](std::uint32_t number) const { return storages_[number]; }
  std::string_view location(const Storage& storage) const { return locations_[storage.location]; }

  void reserve(std::size_t storages) { storages_.reserve(storages); }
  Result<std::uint32_t> add(const Storage& storage);
  // A storage whose bytes are some of those of `whole`: what is written to one is seen in the
  // other.
  Result<std::uint32_t> add_part(Storage storage, std::uint32_t whole);
  // A storage whose bytes stand in others.
  Result<std::uint32_t> add_assembly(Storage storage, Assembly assembly);
  // `location` must outlive this.
  Result<std::uint32_t> number_of_location(std::string_view location);

  // Reads the local headers of all records. `failed` is the one that an error is about.
  Status locate(const Source& file, const archive::ZipEntry*& failed);

 private:
  base::Budget& memory_;
  std::vector<Storage> storages_;
  std::deque<Assembly> assemblies_;
  std::vector<std::string_view> locations_ = {"meta"};  // the first is Storage::kMeta
  std::unordered_map<std::string_view, std::uint32_t, base::TextHash> location_numbers_ = {
      {"meta", Storage::kMeta}};
  std::uint32_t last_location_ = Storage::kMeta;  // what was asked for last: mostly one text
};

}  // namespace safe_load::data
