#include "scan/stream_arrays.h"

#include <algorithm>

#include "formats/joblib_arrays.h"
#include "scan/danger.h"

namespace safe_load::scanner {

using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;

bool has_odd_stream_arrays(const pickle::Tape& tape, const container::StreamArrays& arrays) {
  const pickle::SymbolTable& symbols = tape.symbols();
  bool is_named = false;
  for (std::uint32_t i = 0; i < symbols.size(); ++i)
    is_named = is_named || formats::is_joblib_wrapper(symbols[i]);
  if (!is_named) return false;
  if (arrays.others_go_on) return true;
  const auto is_one = [&](NodeId id) {
    return arrays.objects.contains(id) ||
           (tape[id].kind == Kind::kSymbol && formats::is_joblib_wrapper(tape.symbol(id)));
  };
  for (NodeId id = 0; id < tape.size(); ++id) {
    const Kind kind = tape[id].kind;
    const bool holds = kind >= Kind::kTuple && kind <= Kind::kFrozenSet;
    const auto items = holds ? tape.items(id) : std::span<const NodeId>();
    if (!arrays.arguments.contains(id) && std::any_of(items.begin(), items.end(), is_one))
      return true;
    if ((tape[id].flags & pickle::kFromCall) == 0 && kind != Kind::kCall) continue;
    if (is_one(tape.call(id).callee) && !arrays.objects.contains(id)) return true;
    const pickle::Added& added = tape.added(id);
    for (const pickle::Run& run :
         {added.list_items, added.dict_items, added.set_items, added.states}) {
      const auto more = tape.items(run);
      if (std::any_of(more.begin(), more.end(), is_one)) return true;
    }
  }
  return tape.root() != kNoNode && is_one(tape.root());
}

bool names_danger(const pickle::Tape& tape) {
  for (std::uint32_t i = 0; i < tape.symbols().size(); ++i) {
    const pickle::Symbol& symbol = tape.symbols()[i];
    const bool is_dotted = symbol.name.find('.') != std::string_view::npos;
    if (is_dotted ? find_danger_in_tail(symbol.module, symbol.name).has_value()
                  : find_danger(symbol.module, symbol.name).has_value())
      return true;
  }
  return false;
}

}  // namespace safe_load::scanner
