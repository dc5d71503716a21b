#include "scan/package_objects.h"

#include <algorithm>
#include <span>
#include <unordered_set>

#include "scan/package_states.h"
#include "types/known.h"

namespace safe_load::scanner {

using pickle::Call;
using pickle::How;
using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;
using types::Known;

namespace {

bool is_container(Kind kind) { return kind >= Kind::kTuple && kind <= Kind::kFrozenSet; }

}  // namespace

// One look at a tape.
class PackageUses {
 public:
  PackageUses(const pickle::Tape& tape, std::vector<PackageObjects::Class>& classes)
      : tape_(tape), classes_(classes) {}

  // `compares_root`: a reader compares the result with something.
  void look(bool compares_root) {
    if (!find_classes()) return;
    if (compares_root && tape_.root() != kNoNode) misuse_compared(tape_.root());
    find_generators();
    // Every call: a tensor is a node that no longer tells which one made it.
    for (std::uint32_t i = 0; i < tape_.call_count() && left_ != 0; ++i)
      look_at_call(tape_.call_at(i));
    for (NodeId id = 0; id < tape_.size() && left_ != 0; ++id)
      if (tape_.call_of(id) == nullptr) look_at_value(id);
    if (left_ != 0 && !has_functions_) return;
    for (PackageObjects::Class& one : classes_) one.is_misused = true;
  }

 private:
  // What a call makes of a class: its symbol, or kNoNode.
  struct Made {
    NodeId type = kNoNode;
    bool is_as_read = false;
  };

  bool find_classes() {
    bool is_any = false;
    for (std::uint32_t i = 0; i < classes_.size(); ++i) {
      const pickle::Symbol& symbol = tape_.symbols()[i];
      if (types::find_known(symbol.module, symbol.name) != nullptr) continue;
      classes_[i].row = find_package_class(symbol.module, symbol.name);
      is_any = is_any || classes_[i].row.has_value();
    }
    return is_any;
  }

  // NumPy's generators are given the function that makes them, as their schema has it.
  void find_generators() {
    for (NodeId id = 0; id < tape_.size(); ++id) {
      const Call* const call = tape_.call_of(id);
      const Known* const row = call == nullptr ? nullptr : known_callee(*call);
      if (row != nullptr && tape_[id].kind == Kind::kRecord &&
          (row->meaning == types::Meaning::kRandomGenerator ||
           row->meaning == types::Meaning::kRandomState))
        given_to_generators_.insert(call->arguments);
    }
  }

  PackageObjects::Class* class_at(NodeId id) {
    if (id == kNoNode || tape_[id].kind != Kind::kSymbol) return nullptr;
    PackageObjects::Class& found = classes_[tape_.symbol_index(id)];
    return found.row ? &found : nullptr;
  }

  const Known* known_callee(const Call& call) const {
    if (tape_[call.callee].kind != Kind::kSymbol) return nullptr;
    const pickle::Symbol& symbol = tape_.symbol(call.callee);
    return types::find_known(symbol.module, symbol.name);
  }

  bool is_made_as_read(PackageClass::Is is, How how, std::span<const NodeId> given) const {
    switch (is) {
      case PackageClass::Is::kObject:
      case PackageClass::Is::kCompared:
        return how == How::kNewObject && given.empty();
      case PackageClass::Is::kEnum:
        return how == How::kReduce && given.size() == 1 && is_value(given[0]);
      case PackageClass::Is::kFunction:
        return how == How::kReduce && given.empty();
      case PackageClass::Is::kReference:
        return false;
    }
    return false;
  }

  Made made_by(const Call& call) {
    const auto given = tape_.arguments(call);
    if (PackageObjects::Class* const type = class_at(call.callee))
      return {call.callee, is_made_as_read(type->row->is, call.how, given)};
    const Known* const row = known_callee(call);
    if (row == nullptr || given.empty() || class_at(given[0]) == nullptr) return {};
    const bool is_object = is_filled_by_state(*class_at(given[0]));
    if (row->meaning == types::Meaning::kNewObject)
      return {given[0], is_object && given.size() == 1};
    if (row->meaning == types::Meaning::kReconstructor)
      return {given[0], is_object && given.size() == 3 && tape_[given[1]].kind == Kind::kSymbol &&
                            tape_.symbol(given[1]).is("builtins", "object") &&
                            tape_[given[2]].kind == Kind::kNone};
    return {};
  }

  static bool is_filled_by_state(const PackageObjects::Class& type) {
    return type.row->is == PackageClass::Is::kObject || type.row->is == PackageClass::Is::kCompared;
  }

  bool is_value(NodeId id) const {
    const Kind kind = tape_[id].kind;
    return tape_.is_literal(id) && (kind == Kind::kText || kind == Kind::kInt);
  }

  // What no call made.
  void look_at_value(NodeId id) {
    const Kind kind = tape_[id].kind;
    if (kind == Kind::kPersistent)
      return misuse_in(static_cast<NodeId>(tape_[id].payload), Kept::kNever);
    if (!is_container(kind)) return;
    if (kind == Kind::kDict) look_at_keys(tape_.items(id), 2);
    if (kind == Kind::kSet || kind == Kind::kFrozenSet) look_at_keys(tape_.items(id), 1);
    if (!given_to_generators_.contains(id)) look_for_functions(tape_.items(id));
  }

  void look_at_call(const Call& call) {
    const pickle::Added& added = tape_.added(call);
    for (const pickle::Run& run : {added.list_items, added.dict_items, added.set_items})
      look_for_functions(tape_.items(run));
    const Made made = made_by(call);
    if (made.type == kNoNode) return look_at_other_call(call, added);
    PackageObjects::Class& type = *class_at(made.type);
    const bool is_filled = !tape_.items(added.list_items).empty() ||
                           !tape_.items(added.dict_items).empty() ||
                           !tape_.items(added.set_items).empty();
    if (!made.is_as_read || is_filled || call.keywords != kNoNode) type.is_misused = true;
    // Picklers give one state, and no two objects the same.
    const auto states = tape_.items(added.states);
    if (states.empty()) return;
    if (!is_filled_by_state(type) || states.size() != 1 || !used_.insert(states[0]).second ||
        !states_.is_harmless(states[0], added.states.last))
      type.is_misused = true;
  }

  // Containers of Python may hold objects. No other call may lead to one, whatever is between:
  // NumPy asks what it is given for its length and its elements.
  void look_at_other_call(const Call& call, const pickle::Added& added) {
    look_at_keys(tape_.items(added.dict_items), 2);
    look_at_keys(tape_.items(added.set_items), 1);
    const Known* const row = known_callee(call);
    const bool keeps = row != nullptr && (row->items != types::Items::kNone ||
                                          row->meaning == types::Meaning::kTuple ||
                                          row->meaning == types::Meaning::kFrozenSet);
    if (call.arguments != kNoNode)
      misuse_in(call.arguments, keeps ? Kept::kUnlessCompared : Kept::kNever);
    // What a defaultdict calls when a key is missing.
    for (const NodeId given : tape_.arguments(call)) misuse_made(given);
    if (call.keywords != kNoNode) misuse_in(call.keywords, Kept::kNever);
    if (keeps) return;
    for (const pickle::Run& run :
         {added.list_items, added.dict_items, added.set_items, added.states})
      for (const NodeId part : tape_.items(run)) misuse_in(part, Kept::kNever);
  }

  // Functions are fuel: no class that is vouched for may be beside one that nobody calls.
  void look_for_functions(std::span<const NodeId> items) {
    spend(items.size());
    has_functions_ = has_functions_ || std::any_of(items.begin(), items.end(),
                                                   [&](NodeId item) { return is_function(item); });
  }

  bool is_function(NodeId id) const {
    if (const Call* const call = tape_.call_of(id)) {
      const Known* const row = known_callee(*call);
      return row != nullptr &&
             (row->meaning == types::Meaning::kPartial || row->meaning == types::Meaning::kGetattr);
    }
    if (tape_[id].kind != Kind::kSymbol) return false;
    const pickle::Symbol& symbol = tape_.symbol(id);
    const Known* const row = types::find_known(symbol.module, symbol.name);
    return row != nullptr &&
           (row->kind == types::SymbolKind::kFunction || row->kind == types::SymbolKind::kRebuild);
  }

  template <typename Visit>
  void each_part(NodeId id, Visit visit) const {
    const auto each = [&](std::span<const NodeId> parts) {
      std::for_each(parts.begin(), parts.end(), visit);
    };
    const pickle::Node& node = tape_[id];
    if (node.kind == Kind::kPersistent) return visit(static_cast<NodeId>(node.payload));
    const Call* const call = tape_.call_of(id);
    if (call == nullptr) {
      if (is_container(node.kind)) each(tape_.items(id));
      return;
    }
    if (call->arguments != kNoNode) visit(call->arguments);
    if (call->keywords != kNoNode) visit(call->keywords);
    const pickle::Added& added = tape_.added(*call);
    for (const pickle::Run& run :
         {added.list_items, added.dict_items, added.set_items, added.states})
      each(tape_.items(run));
  }

  void spend(std::size_t steps) { left_ -= std::min<std::uint64_t>(left_, steps); }

  // Where objects of packages may be: in containers, but not as what is hashed.
  enum class Kept : std::uint8_t { kNever, kUnlessCompared, kUnlessHashed };

  // Marks the classes and objects that are reached from here, and must not be. Only what a
  // container may keep is not looked into where another call made it, which is looked at by itself.
  void misuse_in(NodeId root, Kept kept) {
    std::unordered_set<NodeId> seen;
    std::vector<NodeId> open = {root};
    while (!open.empty() && left_ != 0) {
      const NodeId id = open.back();
      open.pop_back();
      spend(1);
      if (!seen.insert(id).second) continue;
      if (PackageObjects::Class* const type = class_at(id))
        type->is_misused = type->is_misused || kept != Kept::kUnlessHashed;
      const Call* const call = tape_.call_of(id);
      if (PackageObjects::Class* const type = class_of(id)) {
        if (kept == Kept::kNever || type->row->is == PackageClass::Is::kCompared)
          type->is_misused = true;
      } else if (call == nullptr || kept != Kept::kUnlessCompared) {
        each_part(id, [&](NodeId part) { open.push_back(part); });
      }
    }
  }

  // The class that made a value, if it is one of a package.
  PackageObjects::Class* class_of(NodeId id) {
    const Call* const call = tape_.call_of(id);
    return call == nullptr ? nullptr : class_at(made_by(*call).type);
  }

  void misuse_made(NodeId id) {
    if (PackageObjects::Class* const type = class_of(id)) type->is_misused = true;
  }

  void misuse_compared(NodeId id) {
    PackageObjects::Class* const type = class_of(id);
    if (type != nullptr && type->row->is == PackageClass::Is::kCompared) type->is_misused = true;
  }

  // Every `step`th is hashed and compared.
  void look_at_keys(std::span<const NodeId> items, std::size_t step) {
    spend(items.size());
    for (std::size_t i = 0; i < items.size(); i += step)
      if (tape_.call_of(items[i]) != nullptr || is_container(tape_[items[i]].kind))
        misuse_in(items[i], Kept::kUnlessHashed);
  }

  static constexpr std::uint64_t kMostSteps = std::uint64_t{1} << 24;

  const pickle::Tape& tape_;
  std::vector<PackageObjects::Class>& classes_;
  std::uint64_t left_ = kMostSteps;
  bool has_functions_ = false;
  std::unordered_set<NodeId> given_to_generators_;  // tuples of arguments
  std::unordered_set<NodeId> used_;                 // states
  PackageStates states_{tape_};
};

PackageObjects::PackageObjects(const pickle::Tape& tape, bool compares_root)
    : classes_(tape.symbols().size()) {
  PackageUses(tape, classes_).look(compares_root);
}

std::optional<PackageClass> PackageObjects::proved(std::uint32_t symbol) const {
  const Class& found = classes_[symbol];
  return found.is_misused ? std::nullopt : found.row;
}

}  // namespace safe_load::scanner
