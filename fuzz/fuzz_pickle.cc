// Promise: whatever the bytes, the machine ends in a tape or an error. On the tape every child is a
// node, tuples lie behind their items, and there are at most three nodes for each byte. It is the
// same tape, or error, if every opcode is a step of its own.
#include <cstdlib>

#include "pickle/machine.h"
#include "same_tape.h"

using namespace safe_load;
using pickle::Kind;
using pickle::NodeId;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto pickle = std::as_bytes(std::span(data, size));
  for (const bool is_lenient : {false, true})
    if (!fuzz::difference_by_steps(pickle, is_lenient, {}).empty()) std::abort();
  pickle::Tape tape(pickle, {});
  const auto end = pickle::run(tape);
  if (!end) {
    if (end.error().reason().empty() || end.error().offset() > size) std::abort();
    return 0;
  }
  if (*end > size || tape.root() >= tape.size() || tape.size() > 3 * size) std::abort();
  for (NodeId id = 0; id < tape.size(); ++id) {
    const bool is_fixed = tape[id].kind == Kind::kTuple || tape[id].kind == Kind::kFrozenSet;
    for (const NodeId child : tape.items(id))
      if (child >= (is_fixed ? id : tape.size())) std::abort();
    if (tape[id].kind == Kind::kText) static_cast<void>(tape.text(id).size());
    if (tape[id].kind != Kind::kCall) continue;
    const pickle::Call& call = tape.call(id);
    if (call.callee >= id || call.arguments >= id) std::abort();
    const pickle::Added& added = tape.added(call);
    for (const pickle::Run* run :
         {&added.list_items, &added.dict_items, &added.set_items, &added.states})
      for (const NodeId child : tape.items(*run))
        if (child >= tape.size()) std::abort();
  }
  return 0;
}
