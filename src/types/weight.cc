// What Python hashes and compares by recursion: how large and how deep a value is when everything
// that is shared in it is counted each time.
//
// Tuples, frozensets, slices and type expressions are complete when they are made, so what is
// found out about one holds for ever and is kept.
#include <algorithm>

#include "base/try.h"
#include "types/interpreter.h"

namespace safe_load::types {

using pickle::Kind;
using pickle::NodeId;

std::span<const NodeId> Interpreter::hashed_parts(NodeId id) const {
  const pickle::Node& node = tape_[id];
  if (node.kind == Kind::kTuple || node.kind == Kind::kFrozenSet || node.kind == Kind::kList)
    return tape_.items(id);
  if (node.kind == Kind::kScalar) {  // of objects: it stands for the elements of its array
    const NodeId data = arrays_[node.count].data;
    const bool has_objects = tape_[data].kind == Kind::kArray;
    return has_objects ? tape_.items(arrays_[tape_[data].count].data) : std::span<const NodeId>();
  }
  const Known* row = node.kind == Kind::kRecord ? row_of(id) : nullptr;
  return row != nullptr && row->cost.hashes_deep ? arguments(id) : std::span<const NodeId>();
}

// Of the value that a call of a known name gave.
const Known* Interpreter::row_of(NodeId id) const {
  if ((tape_[id].flags & pickle::kFromCall) == 0) return nullptr;
  const NodeId callee = tape_.call(id).callee;
  return tape_[callee].kind == Kind::kSymbol ? known(callee) : nullptr;
}

Result<Interpreter::Weight> Interpreter::weigh(NodeId root) {
  constexpr Weight kTooMuch = {~std::uint64_t{0}, ~std::uint64_t{0}};
  constexpr std::uint64_t kMostWeight = std::uint64_t{1} << 32;
  constexpr std::uint64_t kMapNode = 64;  // bytes that the map takes for each
  struct Open {
    NodeId id;
    std::size_t next;
    Weight weight;
  };
  std::vector<Open> open = {{root, 0, {1, 1}}};
  const auto add = [&](Weight part) {
    Weight& whole = open.back().weight;
    whole.size = std::min(whole.size + part.size, kMostWeight);
    whole.depth = std::max(whole.depth, part.depth + 1);
  };
  for (;;) {
    Open& current = open.back();
    const std::span<const NodeId> parts = hashed_parts(current.id);
    if (current.next == parts.size()) {
      const Weight weight = current.weight;
      SAFE_LOAD_TRY(tape_.memory().take(kMapNode));
      weights_.insert_or_assign(current.id, weight);
      open.pop_back();
      if (open.empty()) return Weight(weight);
      add(weight);
      continue;
    }
    SAFE_LOAD_TRY(tape_.work().take(1));
    const NodeId part = parts[current.next++];
    const auto known = weights_.find(part);
    if (known != weights_.end()) {
      add(known->second);
    } else if (hashed_parts(part).empty()) {
      add({1, 0});
    } else if (open.size() > limits_.max_key_depth) {  // also a list that contains itself
      return Weight(kTooMuch);
    } else {
      open.push_back({part, 0, {1, 1}});
    }
  }
}

Status Interpreter::check_weight(NodeId id, std::uint64_t most, Reason too_much) {
  SAFE_LOAD_TRY_ASSIGN(const Weight weight, weigh(id));
  if (weight.depth > limits_.max_key_depth || weight.size > most)
    return Error(ErrorCode::kLimit, too_much);
  return tape_.work().take(weight.size);
}

}  // namespace safe_load::types
