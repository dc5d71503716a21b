#include "scan/state_judgement.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/text.h"
#include "scan/danger.h"
#include "types/known.h"

namespace safe_load::scanner {

using pickle::Call;
using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;
using types::Known;

namespace {

bool is_dunder(std::string_view name) {
  return name.size() > 4 && name.starts_with("__") && name.ends_with("__");
}

// What a program that was given a dict calls first.
bool is_method_of_dict(std::string_view key) {
  constexpr std::string_view kMethods[] = {"clear",       "copy",       "fromkeys", "get",
                                           "items",       "keys",       "pop",      "popitem",
                                           "update",      "values",     "elements", "most_common",
                                           "move_to_end", "setdefault", "subtract", "total"};
  return std::find(std::begin(kMethods), std::end(kMethods), key) != std::end(kMethods);
}

// The str of Python 2, too, which every unpickler takes for one.
bool is_name(const pickle::Tape& tape, NodeId id) {
  return tape[id].kind == Kind::kText || tape[id].kind == Kind::kPy2Text;
}

constexpr int kMostStates = 64;  // __dict__ in each other

}  // namespace

std::vector<Finding> StateJudgement::judge(NodeId id) {
  for (const NodeId state : tape_.items(tape_.added(id).states)) {
    judge_state(id, state);
    if (tape_[state].kind != Kind::kTuple) continue;
    for (const NodeId part : tape_.items(state)) judge_state(id, part);
  }
  return std::exchange(found_, {});
}

StateJudgement::Owner StateJudgement::owner_of(NodeId id) const {
  const Call* const call = tape_.call_of(id);
  if (call == nullptr) return Owner::kOther;
  if (is_dict(id)) return Owner::kDict;
  if (callees_.resolve(id).is == Callee::Is::kFunction) return Owner::kFunction;
  const Callee type = callees_.resolve(call->callee);
  const bool is_unknown =
      type.is == Callee::Is::kClass ||
      (type.is == Callee::Is::kNamed && types::find_known(type.module, type.name) == nullptr &&
       what_makes(type.module, type.name) == Makes::kUnknown);
  return is_unknown ? Owner::kUnknownClass : Owner::kOther;
}

// A state that many objects of a kind share is looked at once. `depth`: of __dict__ in each
// other.
void StateJudgement::judge_state(NodeId id, NodeId state) {
  if (tape_[state].kind != Kind::kDict || !names_anything(state)) return;
  const Owner owner = owner_of(id);
  for (int depth = 0; state != kNoNode && depth < kMostStates; ++depth)
    state = judge_attributes(owner, state);
  if (state == kNoNode) return;
  found_.push_back(
      make_finding(Rule::kP12, Severity::kDanger, "a state holds __dict__ deeper than any object"));
}

// Whether a key of a state is a name that something may be said about.
bool StateJudgement::names_anything(NodeId state) {
  const auto [place, is_new] = names_anything_.emplace(state, false);
  if (!is_new) return place->second;
  const auto items = tape_.items(state);
  for (std::size_t i = 0; i + 1 < items.size() && !place->second; i += 2)
    place->second = is_name(tape_, items[i]) &&
                    (is_dunder(tape_.text(items[i])) || is_method_of_dict(tape_.text(items[i])));
  return place->second;
}

// Returns the dict that stands for all attributes of the object, or kNoNode.
NodeId StateJudgement::judge_attributes(Owner owner, NodeId state) {
  constexpr std::uint64_t kOwners = 4;
  const std::uint64_t judged = state * kOwners + static_cast<std::uint64_t>(owner);
  if (tape_[state].kind != Kind::kDict || !judged_.insert(judged).second) return kNoNode;
  NodeId whole = kNoNode;
  const auto items = tape_.items(state);
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (!is_name(tape_, items[i])) continue;
    const std::string_view key = tape_.text(items[i]);
    if (is_method_of_dict(key) && owner == Owner::kDict)
      found_.push_back(
          make_finding(Rule::kA02, Severity::kUnknown,
                       "a state replaces the method " + std::string(key) + " of a dict"));
    if (!is_dunder(key)) continue;
    const Severity severity = judge_attribute_name(owner, key, items[i + 1]);
    if (key == "__dict__" && severity == Severity::kUnknown) whole = items[i + 1];
    found_.push_back(
        make_finding(Rule::kP12, severity, "a state sets the attribute " + base::escaped(key)));
  }
  return whole;
}

Severity StateJudgement::judge_attribute_name(Owner owner, std::string_view key,
                                              NodeId value) const {
  // functools.update_wrapper gives it to functions and modules that it wraps.
  if (key == "__wrapped__") return Severity::kUnknown;
  if (!is_hook(key)) return Severity::kNote;
  // All attributes at once, as the objects of pydantic have them: what is in it counts.
  if (key == "__dict__" && owner == Owner::kUnknownClass && tape_[value].kind == Kind::kDict)
    return Severity::kUnknown;
  // Of a function that the file builds, which nobody may call.
  if (owner == Owner::kFunction && (key == "__defaults__" || key == "__kwdefaults__"))
    return Severity::kUnknown;
  return Severity::kDanger;
}

// Whether the call makes a dict: OrderedDict, Counter, UserDict.
bool StateJudgement::is_dict(NodeId id) const {
  const Call* const call = tape_.call_of(id);
  if (call == nullptr || tape_[call->callee].kind != Kind::kSymbol) return false;
  const pickle::Symbol& symbol = tape_.symbol(call->callee);
  const Known* const row = types::find_known(symbol.module, symbol.name);
  return row != nullptr &&
         (row->items == types::Items::kDict || row->meaning == types::Meaning::kUserDict);
}

}  // namespace safe_load::scanner
