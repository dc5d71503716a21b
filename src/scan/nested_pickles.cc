#include "scan/nested_pickles.h"

#include <unordered_set>

namespace safe_load::scanner {

using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;

// Source: numba/core/serialize.py.
bool is_pickle_reader(const pickle::Symbol& symbol) {
  return symbol.is("numba.core.serialize", "_unpickle__CustomPickled");
}

bool reads_literal(const pickle::Tape& tape, const pickle::Call& call) {
  if (call.arguments == kNoNode) return false;
  const auto given = tape.items(call.arguments);
  return given.size() == 1 && tape[given[0]].kind == Kind::kBytes;
}

std::vector<std::string_view> nested_pickles(const pickle::Tape& tape) {
  std::vector<std::string_view> found;
  bool has_reader = false;
  for (std::uint32_t i = 0; i < tape.symbols().size(); ++i)
    has_reader = has_reader || is_pickle_reader(tape.symbols()[i]);
  if (!has_reader) return found;
  std::unordered_set<NodeId> seen;
  for (std::uint32_t i = 0; i < tape.call_count(); ++i) {
    const pickle::Call& call = tape.call_at(i);
    if (tape[call.callee].kind != Kind::kSymbol || !is_pickle_reader(tape.symbol(call.callee)) ||
        !reads_literal(tape, call))
      continue;
    const NodeId bytes = tape.items(call.arguments)[0];
    if (seen.insert(bytes).second) found.push_back(tape.text(bytes));
  }
  return found;
}

}  // namespace safe_load::scanner
