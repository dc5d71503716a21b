#include "torch/package_ids.h"

#include <array>

#include "base/try.h"
#include "pickle/tape_writer.h"
#include "torch/tensor_interpreter.h"

namespace safe_load::torch {

using pickle::Kind;
using pickle::NodeId;

namespace {

Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

}  // namespace

Result<pickle::Node> PackageIds::resolve(TensorInterpreter& interpreter, NodeId id) {
  const pickle::Tape& tape = interpreter.tape();
  const auto persistent_id = static_cast<NodeId>(tape[id].payload);
  const std::span<const NodeId> parts = tape.items(persistent_id);
  const bool is_named = tape[persistent_id].kind == Kind::kTuple && !parts.empty() &&
                        tape[parts[0]].kind == Kind::kText;
  if (!is_named) return bad("a persistent id that is not a tuple with a name");
  const std::string_view name = tape.text(parts[0]);
  if (name == "storage") return storage(interpreter, persistent_id);
  if (name == "reduce_package") return object(interpreter, persistent_id);
  return bad("a persistent id that torch.package never writes").about(name);
}

// ("storage", class, number, location, elements)
Result<pickle::Node> PackageIds::storage(TensorInterpreter& interpreter, NodeId persistent_id) {
  pickle::Tape& tape = interpreter.tape();
  const std::span<const NodeId> parts = tape.items(persistent_id);
  if (parts.size() != 5 || tape[parts[2]].kind != Kind::kInt)
    return bad("a persistent id that is not a storage");
  const std::uint64_t number = tape[parts[2]].payload;
  const std::string digits = std::to_string(static_cast<std::int64_t>(number));
  const archive::ZipEntry* const entry = directory_.find(prefix_ + ".data/" + digits + ".storage");
  if (entry == nullptr) return bad("a storage whose record is not in the archive").about(digits);

  // As torch.save writes it: with text for a key.
  std::array<NodeId, 5> described = {parts[0], parts[1], 0, parts[3], parts[4]};
  SAFE_LOAD_TRY_ASSIGN(described[2], pickle::TapeWriter(tape).text(digits));
  SAFE_LOAD_TRY_ASSIGN(data::Storage made, interpreter.describe_storage(described));
  if (entry->size != made.byte_count)
    return bad("a storage and its record differ in size").about(digits);
  made.is_big_endian = is_big_endian_;
  if (made.byte_count != 0 && !made.is_meta()) made.place = data::Record{entry};

  const auto [known, is_new] = storages_.try_emplace(number, 0);
  data::StorageMap& storages = interpreter.storages();
  if (!is_new) {
    const data::Storage& first = storages[known->second];
    if (first.dtype != made.dtype || first.location != made.location)
      return bad("a storage that is described in two ways").about(digits);
    return storage_node(known->second);
  }
  SAFE_LOAD_TRY_ASSIGN(known->second, storages.add(made));
  return storage_node(known->second);
}

// ("reduce_package", id, function, arguments), or without the id: what the function would build.
Result<pickle::Node> PackageIds::object(TensorInterpreter& interpreter, NodeId persistent_id) {
  pickle::Tape& tape = interpreter.tape();
  const std::span<const NodeId> parts = tape.items(persistent_id);
  const bool has_id = parts.size() == 4;
  const bool good =
      (has_id || parts.size() == 3) && tape[parts[parts.size() - 2]].kind == Kind::kSymbol &&
      tape[parts.back()].kind == Kind::kTuple && (!has_id || tape[parts[1]].kind == Kind::kInt);
  if (!good) return bad("a persistent id that is not an object of a package");
  const pickle::Call call{parts[parts.size() - 2], parts.back()};
  const pickle::Node inert{Kind::kOpaque, 0, types::kObject, 0, 0};
  if (has_id) {
    const auto known = objects_.find(tape[parts[1]].payload);
    if (known != objects_.end()) return pickle::Node(known->second);
  }
  SAFE_LOAD_TRY_ASSIGN(const NodeId made, tape.add_call(inert, call));
  if (has_id) objects_.emplace(tape[parts[1]].payload, tape[made]);
  return pickle::Node(tape[made]);
}

}  // namespace safe_load::torch
