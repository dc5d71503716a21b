// ZipStorages: the storages of an archive, where each key has a record.
#pragma once

#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "data/storage_map.h"
#include "torch/persistent_ids.h"
#include "torch/zip_layout.h"

namespace safe_load::torch {

// docs/format/zip.md has the rules S1 to S7.
class ZipStorages final : public PersistentIds {
 public:
  // Of the pickle of `layout`, or of its constants. `layout` and its directory must outlive this
  // and every storage: they point to its entries.
  ZipStorages(const ZipLayout& layout, const archive::ZipEntry& pickle, bool is_big_endian)
      : layout_(layout),
        records_(layout.storages_of(pickle)),
        is_big_endian_(is_big_endian),
        by_record_(layout.directory->entries().size()) {}

  Result<pickle::Node> resolve(TensorInterpreter& interpreter, pickle::NodeId id) override;

 private:
  Result<data::Storage> read(TensorInterpreter& interpreter, pickle::NodeId persistent_id) const;
  Result<std::uint32_t> add(data::StorageMap& storages, const data::Storage& storage);
  std::size_t index_of(const archive::ZipEntry& entry) const;

  const ZipLayout& layout_;
  StorageRecords records_;
  bool is_big_endian_;
  // The number of a storage plus one, or 0: by index of its record, or by key if it has none.
  std::vector<std::uint32_t> by_record_;
  std::unordered_map<std::string_view, std::uint32_t, base::TextHash> by_key_;
};

}  // namespace safe_load::torch
