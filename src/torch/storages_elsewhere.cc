#include "base/try.h"
#include "torch/persistent_ids.h"
#include "torch/tensor_interpreter.h"

namespace safe_load::torch {

Result<pickle::Node> StoragesElsewhere::resolve(TensorInterpreter& interpreter, pickle::NodeId id) {
  const pickle::Tape& tape = interpreter.tape();
  const auto persistent_id = static_cast<pickle::NodeId>(tape[id].payload);
  const auto parts = tape.items(persistent_id);
  const bool is_view = parts.size() == 6 && (tape[parts[5]].kind == pickle::Kind::kNone ||
                                             tape[parts[5]].kind == pickle::Kind::kTuple);
  if (tape[persistent_id].kind != pickle::Kind::kTuple || (parts.size() != 5 && !is_view))
    return Error(ErrorCode::kCorrupt, "a persistent id that is not a storage");
  SAFE_LOAD_TRY_ASSIGN(data::Storage storage, interpreter.describe_storage(parts.first(5)));
  const auto known = numbers_.find(storage.key);
  if (known != numbers_.end()) {
    const data::Storage& first = interpreter.storages()[known->second];
    if (first.byte_count != storage.byte_count || first.dtype != storage.dtype)
      return Error(ErrorCode::kCorrupt, "a storage that is described in two ways")
          .about(storage.key);
    return storage_node(known->second);
  }
  storage.location = data::Storage::kMeta;
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t number, interpreter.storages().add(storage));
  numbers_.emplace(storage.key, number);
  return storage_node(number);
}

}  // namespace safe_load::torch
