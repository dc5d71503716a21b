#include "torch/persistent_ids.h"
#include "torch/tensor_interpreter.h"

namespace safe_load::torch {
namespace {

// ("storage", class, key, device, size): what torch writes into the data.pkl of a zip file.
bool is_storage_id(const pickle::Tape& tape, pickle::NodeId id) {
  const auto parts = tape.items(id);
  return tape[id].kind == pickle::Kind::kTuple && parts.size() >= 5 &&
         tape[parts[0]].kind == pickle::Kind::kText && tape.text(parts[0]) == "storage";
}

}  // namespace

Result<pickle::Node> NoPersistentIds::resolve(TensorInterpreter& interpreter, pickle::NodeId id) {
  const pickle::Tape& tape = interpreter.tape();
  if (is_storage_id(tape, static_cast<pickle::NodeId>(tape[id].payload)))
    return Error(ErrorCode::kUnsupported,
                 "a storage that is not in this file, as in the data.pkl of a checkpoint that "
                 "somebody unpacked; pack the folder again, from outside: zip -0 -r model.pt "
                 "FOLDER");
  return Error(ErrorCode::kCorrupt,
               "a persistent id in a plain pickle, where nothing says what it stands for");
}

}  // namespace safe_load::torch
