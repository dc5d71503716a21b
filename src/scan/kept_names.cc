#include "scan/kept_names.h"

#include <algorithm>
#include <span>
#include <unordered_set>

namespace safe_load::scanner {
namespace {

using pickle::Call;
using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;

}  // namespace

bool is_only_kept(const pickle::Tape& tape, const Callees& callees, std::uint32_t symbol) {
  const auto is_it = [&](NodeId id) {
    return tape[id].kind == Kind::kSymbol && tape.symbol_index(id) == symbol;
  };
  const auto has_it = [&](std::span<const NodeId> items) {
    return std::any_of(items.begin(), items.end(), is_it);
  };
  // The arguments of calls that only keep it. They may stand nowhere else, so that no other call
  // is given them.
  std::unordered_set<NodeId> keeping;
  std::unordered_set<NodeId> others;
  for (NodeId id = 0; id < tape.size(); ++id) {
    const Call* const call = tape.call_of(id);
    if (call == nullptr || call->arguments == kNoNode || !has_it(tape.items(call->arguments)))
      continue;
    const bool keeps = callees.is_setter(id) || callees.resolve(id).is == Callee::Is::kCell;
    (keeps ? keeping : others).insert(call->arguments);
  }
  if (!others.empty() || (tape.root() != kNoNode && is_it(tape.root()))) return false;
  const auto is_odd = [&](NodeId id) { return is_it(id) || keeping.contains(id); };
  const auto has_odd = [&](std::span<const NodeId> items) {
    return std::any_of(items.begin(), items.end(), is_odd);
  };
  for (NodeId id = 0; id < tape.size(); ++id) {
    const pickle::Node& node = tape[id];
    if (node.kind == Kind::kPersistent && is_odd(static_cast<NodeId>(node.payload))) return false;
    const Call* const call = tape.call_of(id);
    if (call == nullptr) {
      if (!keeping.contains(id) && has_odd(tape.items(id))) return false;
      continue;
    }
    const pickle::Added& added = tape.added(*call);
    if (call->keywords != kNoNode && has_odd(tape.items(call->keywords))) return false;
    for (const pickle::Run& run :
         {added.list_items, added.dict_items, added.set_items, added.states})
      if (has_odd(tape.items(run))) return false;
  }
  return true;
}

}  // namespace safe_load::scanner
