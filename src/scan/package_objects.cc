#include "scan/package_objects.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "scan/danger.h"
#include "types/known.h"

namespace safe_load::scanner {

using pickle::Call;
using pickle::How;
using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;
using types::Known;

namespace {

// What a part of a state may be that a method which was read looks at. Its methods call nothing
// that a state gives them, as long as these hold.
enum class Part : std::uint8_t {
  kAbsent,     // it would stand before a table of the class
  kTable,      // None, or a dict by names, none of which a method would set
  kContainer,  // a dict, list or tuple
  kText,
  kNumbers,  // an array that is not one of objects
};

struct Looked {
  std::string_view key;
  Part part;
};

// torch.nn.Module, transformers.PreTrainedConfig, sklearn.BaseEstimator, Box of gym(nasium),
// VecNormalize of stable_baselines3, which asks a Dict of gym(nasium) for its spaces.
constexpr Looked kLooked[] = {
    {"_buffers", Part::kTable},        {"_heterogeneity_spec", Part::kAbsent},
    {"_modules", Part::kTable},        {"_parameters", Part::kTable},
    {"_sklearn_version", Part::kText}, {"attribute_map", Part::kAbsent},
    {"high", Part::kNumbers},          {"low", Part::kNumbers},
    {"spaces", Part::kContainer},
};

// What torch.nn.Module.__setstate__ sets: found in a table, it would be registered by a method that
// a state can replace.
constexpr std::string_view kSetByModules[] = {
    "_backward_pre_hooks",         "_forward_hooks_always_called",   "_forward_hooks_with_kwargs",
    "_forward_pre_hooks",          "_forward_pre_hooks_with_kwargs", "_is_full_backward_hook",
    "_load_state_dict_post_hooks", "_load_state_dict_pre_hooks",     "_non_persistent_buffers_set",
    "_state_dict_hooks",           "_state_dict_pre_hooks",
};

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
    for (NodeId id = 0; id < tape_.size() && left_ != 0; ++id) {
      const Kind kind = tape_[id].kind;
      if (const Call* const call = call_at(id)) {
        look_at_call(*call);
      } else if (kind == Kind::kDict) {
        look_at_keys(tape_.items(id), 2);
      } else if (kind == Kind::kSet || kind == Kind::kFrozenSet) {
        look_at_keys(tape_.items(id), 1);
      } else if (kind == Kind::kPersistent) {
        misuse_in(static_cast<NodeId>(tape_[id].payload), Kept::kNever);
      }
      look_for_functions(id);
    }
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
      const Call* const call = call_at(id);
      const Known* const row = call == nullptr ? nullptr : known_callee(*call);
      if (row != nullptr && tape_[id].kind == Kind::kRecord &&
          (row->meaning == types::Meaning::kRandomGenerator ||
           row->meaning == types::Meaning::kRandomState))
        given_to_generators_.insert(call->arguments);
    }
  }

  const Call* call_at(NodeId id) const {
    const pickle::Node& node = tape_[id];
    const bool is_call = node.kind == Kind::kCall || (node.flags & pickle::kFromCall) != 0;
    return is_call ? &tape_.call(id) : nullptr;
  }

  std::span<const NodeId> arguments_of(const Call& call) const {
    return call.arguments == kNoNode ? std::span<const NodeId>() : tape_.items(call.arguments);
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
    const auto given = arguments_of(call);
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
    return kind == Kind::kText || kind == Kind::kInt;
  }

  void look_at_call(const Call& call) {
    const pickle::Added& added = tape_.added(call);
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
        !is_state(states[0], added.states.last))
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
    for (const NodeId given : arguments_of(call)) misuse_made(given);
    if (call.keywords != kNoNode) misuse_in(call.keywords, Kept::kNever);
    if (keeps) return;
    for (const pickle::Run& run :
         {added.list_items, added.dict_items, added.set_items, added.states})
      for (const NodeId part : tape_.items(run)) misuse_in(part, Kept::kNever);
  }

  // `built_at`: when BUILD took it. What changed later is not what was taken.
  bool is_state(NodeId state, std::uint32_t built_at) {
    if (tape_[state].kind == Kind::kNone) return true;
    if (!is_plain(state, Kind::kDict) || tape_.changed_at(state) > built_at) return false;
    const auto items = tape_.items(state);
    for (std::size_t i = 0; i + 1 < items.size(); i += 2)
      if (!is_name(items[i]) || !is_part(tape_.text(items[i]), items[i + 1], built_at))
        return false;
    return true;
  }

  bool is_name(NodeId id) const {
    return tape_[id].kind == Kind::kText || tape_[id].kind == Kind::kPy2Text;
  }

  // Made by opcodes, not by a call.
  bool is_plain(NodeId id, Kind kind) const {
    return tape_[id].kind == kind && call_at(id) == nullptr;
  }

  bool is_part(std::string_view key, NodeId value, std::uint32_t built_at) {
    if (is_hook(key)) return false;
    const auto looked =
        std::lower_bound(std::begin(kLooked), std::end(kLooked), key,
                         [](const Looked& one, std::string_view other) { return one.key < other; });
    if (looked == std::end(kLooked) || looked->key != key) return true;
    if (tape_.changed_at(value) > built_at) return false;
    switch (looked->part) {
      case Part::kAbsent:
        return false;
      case Part::kTable:
        return tape_[value].kind == Kind::kNone || is_table(value);
      case Part::kContainer:
        return is_dict(value) || is_plain(value, Kind::kList) || is_plain(value, Kind::kTuple);
      case Part::kText:
        return is_name(value) && call_at(value) == nullptr;
      case Part::kNumbers:
        return is_numeric_array(value);
    }
    return false;
  }

  // A dict, or an OrderedDict that pairs were put into, whose methods no state replaces.
  bool is_dict(NodeId id) const {
    const Call* const call = call_at(id);
    if (call == nullptr) return tape_[id].kind == Kind::kDict;
    return tape_[call->callee].kind == Kind::kSymbol &&
           tape_.symbol(call->callee).is("collections", "OrderedDict") &&
           tape_.items(tape_.added(*call).states).empty();
  }

  bool is_table(NodeId id) {
    const auto known = tables_.find(id);
    if (known != tables_.end()) return known->second;
    const bool is_one = is_dict(id) && has_names_of_parts(id);
    tables_.emplace(id, is_one);
    return is_one;
  }

  bool has_names_of_parts(NodeId id) const {
    const Call* const call = call_at(id);
    // Pairs that are given to the call itself are how Python 2 writes it.
    if (call != nullptr)
      for (const NodeId given : arguments_of(*call))
        if (!is_plain(given, Kind::kList) || !has_pairs_of_parts(given)) return false;
    const auto items =
        call == nullptr ? tape_.items(id) : tape_.items(tape_.added(*call).dict_items);
    for (std::size_t i = 0; i < items.size(); i += 2)
      if (!is_name_of_part(items[i])) return false;
    return true;
  }

  bool has_pairs_of_parts(NodeId list) const {
    const auto pairs = tape_.items(list);
    return std::all_of(pairs.begin(), pairs.end(), [&](NodeId pair) {
      const bool is_pair = is_plain(pair, Kind::kList) || is_plain(pair, Kind::kTuple);
      return is_pair && tape_.items(pair).size() == 2 && is_name_of_part(tape_.items(pair)[0]);
    });
  }

  bool is_name_of_part(NodeId key) const {
    return is_name(key) && call_at(key) == nullptr &&
           std::find(std::begin(kSetByModules), std::end(kSetByModules), tape_.text(key)) ==
               std::end(kSetByModules);
  }

  // Arrays of objects are pickled with a list of them.
  bool is_numeric_array(NodeId id) const {
    const Call* const call = call_at(id);
    if (call == nullptr || tape_[id].kind != Kind::kArray) return false;
    for (const NodeId state : tape_.items(tape_.added(*call).states)) {
      const auto parts = tape_.items(state);
      const auto is_list = [&](NodeId part) { return tape_[part].kind == Kind::kList; };
      if (tape_[state].kind != Kind::kTuple || std::any_of(parts.begin(), parts.end(), is_list))
        return false;
    }
    return true;
  }

  // Functions are fuel: no class that is vouched for may be beside one that nobody calls.
  void look_for_functions(NodeId id) {
    const Call* const call = call_at(id);
    if (call == nullptr) {
      if (is_container(tape_[id].kind) && !given_to_generators_.contains(id))
        look_for_functions(tape_.items(id));
      return;
    }
    const pickle::Added& added = tape_.added(*call);
    for (const pickle::Run& run : {added.list_items, added.dict_items, added.set_items})
      look_for_functions(tape_.items(run));
  }

  void look_for_functions(std::span<const NodeId> items) {
    spend(items.size());
    has_functions_ = has_functions_ || std::any_of(items.begin(), items.end(),
                                                   [&](NodeId item) { return is_function(item); });
  }

  bool is_function(NodeId id) const {
    if (const Call* const call = call_at(id)) {
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
    const Call* const call = call_at(id);
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
      const Call* const call = call_at(id);
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
    const Call* const call = call_at(id);
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
      if (call_at(items[i]) != nullptr || is_container(tape_[items[i]].kind))
        misuse_in(items[i], Kept::kUnlessHashed);
  }

  static constexpr std::uint64_t kMostSteps = std::uint64_t{1} << 24;

  const pickle::Tape& tape_;
  std::vector<PackageObjects::Class>& classes_;
  std::uint64_t left_ = kMostSteps;
  bool has_functions_ = false;
  std::unordered_set<NodeId> given_to_generators_;  // tuples of arguments
  std::unordered_set<NodeId> used_;                 // states
  std::unordered_map<NodeId, bool> tables_;         // whether it is one
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
