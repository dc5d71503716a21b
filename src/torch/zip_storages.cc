#include "torch/zip_storages.h"

#include <string>

#include "base/try.h"
#include "torch/tensor_interpreter.h"

namespace safe_load::torch {

using pickle::Kind;
using pickle::NodeId;

namespace {

Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

}  // namespace

Result<pickle::Node> ZipStorages::resolve(TensorInterpreter& interpreter, NodeId id) {
  const auto persistent_id = static_cast<NodeId>(interpreter.tape()[id].payload);
  SAFE_LOAD_TRY_ASSIGN(const data::Storage storage, read(interpreter, persistent_id));
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t number, add(interpreter.storages(), storage));
  return storage_node(number);
}

Result<data::Storage> ZipStorages::read(TensorInterpreter& interpreter,
                                        NodeId persistent_id) const {
  const pickle::Tape& tape = interpreter.tape();
  const std::span<const NodeId> parts = tape.items(persistent_id);
  // TorchScript wrote None behind the size until 2019.
  const bool is_old =
      layout_.is_script() && parts.size() == 6 && tape[parts[5]].kind == Kind::kNone;
  if (tape[persistent_id].kind != Kind::kTuple || (parts.size() != 5 && !is_old))
    return bad("a persistent id that is not a storage");
  SAFE_LOAD_TRY_ASSIGN(data::Storage storage, interpreter.describe_storage(parts.first(5)));
  storage.is_big_endian = is_big_endian_;
  if (storage.byte_count == 0 || storage.is_meta()) return storage;
  const archive::ZipEntry* const entry = records_.find(storage.key);
  if (entry == nullptr)
    return bad("a storage whose record is not in the archive").about(storage.key);
  if (entry->size != storage.byte_count) {
    const std::string sizes = std::to_string(entry->size) + " bytes in the archive, " +
                              std::to_string(storage.byte_count) + " in the pickle, storage ";
    return bad("a storage and its record differ in size").about(sizes + std::string(storage.key));
  }
  storage.place = data::Record{entry};
  return storage;
}

// One key is one storage. torch saves a uint8 storage and an untyped view of it under one key.
Result<std::uint32_t> ZipStorages::add(data::StorageMap& storages, const data::Storage& storage) {
  const archive::ZipEntry* const own = storage.entry();
  const archive::ZipEntry* const record = own != nullptr ? own : records_.find(storage.key);
  std::uint32_t& known = record != nullptr ? by_record_[index_of(*record)] : by_key_[storage.key];
  if (known != 0) {
    const data::Storage& first = storages[known - 1];
    const bool same = storage.dtype == first.dtype && storage.byte_count == first.byte_count &&
                      (storage.byte_count == 0 || storage.location == first.location);
    if (same) return known - 1;
    if (storage.byte_count != 0 || first.byte_count != 0)
      return bad("a storage that is described in two ways").about(storage.key);
    // Empty storages may share a key under different classes: each is one of its own.
  }
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t number, storages.add(storage));
  known = number + 1;
  return number;
}

std::size_t ZipStorages::index_of(const archive::ZipEntry& entry) const {
  return static_cast<std::size_t>(&entry - layout_.directory->entries().data());
}

}  // namespace safe_load::torch
