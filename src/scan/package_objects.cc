#include "scan/package_objects.h"

#include <algorithm>
#include <span>
#include <string_view>
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

// What a part of a state may be that a method which was read looks at.
enum class Part : std::uint8_t {
  kAbsent,     // it would stand before a method or table of the class
  kContainer,  // a container of Python, with anything in it
  kData,       // known values, all the way down
};

struct Looked {
  std::string_view key;
  Part part;
};

// torch.nn.Module and its layers, torch.optim.Optimizer and its kinds, torchmetrics.Metric,
// transformers.PreTrainedConfig, gym(nasium).spaces, sklearn.BaseEstimator, VecNormalize.
constexpr Looked kLooked[] = {
    {"_all_weights", Part::kData},
    {"_buffers", Part::kContainer},
    {"_flat_weights", Part::kData},
    {"_flat_weights_names", Part::kData},
    {"_heterogeneity_spec", Part::kAbsent},
    {"_modules", Part::kContainer},
    {"_parameters", Part::kContainer},
    {"_patch_step_function", Part::kAbsent},
    {"_shape", Part::kData},
    {"_sklearn_version", Part::kData},
    {"_wrap_compute", Part::kAbsent},
    {"_wrap_update", Part::kAbsent},
    {"all_weights", Part::kData},
    {"attribute_map", Part::kAbsent},
    {"bias", Part::kData},
    {"bidirectional", Part::kData},
    {"compute", Part::kAbsent},
    {"defaults", Part::kData},
    {"dtype", Part::kData},
    {"high", Part::kData},
    {"high_repr", Part::kData},
    {"low", Part::kData},
    {"low_repr", Part::kData},
    {"num_layers", Part::kData},
    {"param_groups", Part::kData},
    {"profile_hook_step", Part::kAbsent},
    {"proj_size", Part::kData},
    {"shape", Part::kData},
    {"spaces", Part::kContainer},
    {"state", Part::kData},
    {"update", Part::kAbsent},
};

bool is_container(Kind kind) { return kind >= Kind::kTuple && kind <= Kind::kFrozenSet; }

}  // namespace

// One look at a tape.
class PackageUses {
 public:
  PackageUses(const pickle::Tape& tape, std::vector<PackageObjects::Class>& classes)
      : tape_(tape), classes_(classes) {}

  void look() {
    if (!find_classes()) return;
    for (NodeId id = 0; id < tape_.size() && left_ != 0; ++id) {
      if (const Call* const call = call_at(id)) {
        look_at_call(*call);
      } else if (tape_[id].kind == Kind::kDict) {
        look_at_keys(tape_.items(id), 2);
      } else if (tape_[id].kind == Kind::kSet || tape_[id].kind == Kind::kFrozenSet) {
        look_at_keys(tape_.items(id), 1);
      } else if (tape_[id].kind == Kind::kPersistent) {
        misuse_in(static_cast<NodeId>(tape_[id].payload), Kept::kNever);
      }
    }
    if (left_ != 0) return;
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
    for (const NodeId state : tape_.items(added.states))
      if (!is_filled_by_state(type) || !is_state(state)) type.is_misused = true;
  }

  // A known name may hold objects in its containers; what it looks at itself is data.
  void look_at_other_call(const Call& call, const pickle::Added& added) {
    look_at_keys(tape_.items(added.dict_items), 2);
    look_at_keys(tape_.items(added.set_items), 1);
    if (call.arguments == kNoNode) return;
    const Known* const row = known_callee(call);
    const bool keeps = row != nullptr && (row->items != types::Items::kNone ||
                                          row->meaning == types::Meaning::kTuple ||
                                          row->meaning == types::Meaning::kFrozenSet);
    misuse_in(call.arguments, keeps ? Kept::kUnlessCompared : Kept::kNever);
  }

  bool is_state(NodeId state) {
    if (tape_[state].kind == Kind::kNone) return true;
    if (tape_[state].kind != Kind::kDict || call_at(state) != nullptr) return false;
    const auto items = tape_.items(state);
    for (std::size_t i = 0; i + 1 < items.size(); i += 2)
      if (!is_name(items[i]) || !is_part(tape_.text(items[i]), items[i + 1])) return false;
    return true;
  }

  bool is_name(NodeId id) const {
    return tape_[id].kind == Kind::kText || tape_[id].kind == Kind::kPy2Text;
  }

  bool is_part(std::string_view key, NodeId value) {
    if (is_hook(key)) return false;
    const auto looked =
        std::lower_bound(std::begin(kLooked), std::end(kLooked), key,
                         [](const Looked& one, std::string_view other) { return one.key < other; });
    if (looked == std::end(kLooked) || looked->key != key) return true;
    switch (looked->part) {
      case Part::kAbsent:
        return false;
      case Part::kContainer: {
        const Call* const call = call_at(value);
        const Kind kind = tape_[value].kind;
        return call != nullptr ? holds_items(*call) : kind == Kind::kNone || is_container(kind);
      }
      case Part::kData:
        return is_data(value);
    }
    return false;
  }

  // Whether nothing but data is reached from here.
  bool is_data(NodeId root) {
    bool is_all = true;
    walk(root, [&](NodeId id, std::vector<NodeId>& open) {
      is_all = is_all && is_data_alone(id);
      if (is_all) each_part(id, [&](NodeId part) { open.push_back(part); });
    });
    return is_all && left_ != 0;
  }

  // Of a type that no attribute of an instance can change: not a record, a class or a function.
  bool is_data_alone(NodeId id) const {
    const pickle::Node& node = tape_[id];
    if (node.kind == Kind::kSymbol) return is_type_of_data(tape_.symbol(id));
    if (const Call* const call = call_at(id); call != nullptr && holds_items(*call)) return true;
    return node.kind <= Kind::kFrozenSet ||
           (node.kind >= Kind::kComplex && node.kind <= Kind::kArrayDtype);
  }

  // Whether a call makes a container, whose methods no state replaces.
  bool holds_items(const Call& call) const {
    const Known* const row = known_callee(call);
    return row != nullptr && row->items != types::Items::kNone &&
           tape_.items(tape_.added(call).states).empty();
  }

  static bool is_type_of_data(const pickle::Symbol& symbol) {
    const Known* const row = types::find_known(symbol.module, symbol.name);
    if (row == nullptr) return false;
    using enum types::SymbolKind;
    constexpr types::SymbolKind kTypes[] = {kConstant,    kFactory,    kStorageClass,
                                            kTensorDtype, kArrayClass, kArrayScalarType};
    return std::find(std::begin(kTypes), std::end(kTypes), row->kind) != std::end(kTypes);
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

  // Each value that is reached from here, once. `visit` says what is to be visited next.
  template <typename Visit>
  void walk(NodeId root, Visit visit) {
    std::unordered_set<NodeId> seen;
    std::vector<NodeId> open = {root};
    while (!open.empty() && left_ != 0) {
      const NodeId id = open.back();
      open.pop_back();
      if (!seen.insert(id).second) continue;
      --left_;
      visit(id, open);
    }
  }

  // Where objects of packages may be: in containers, but not as what is hashed.
  enum class Kept : std::uint8_t { kNever, kUnlessCompared, kUnlessHashed };

  // Marks the classes and objects that are reached through containers alone, and must not be here.
  void misuse_in(NodeId root, Kept kept) {
    walk(root, [&](NodeId id, std::vector<NodeId>& open) {
      if (PackageObjects::Class* const type = class_at(id))
        type->is_misused = type->is_misused || kept != Kept::kUnlessHashed;
      if (const Call* const call = call_at(id)) {
        PackageObjects::Class* const type = class_at(made_by(*call).type);
        if (type != nullptr &&
            (kept == Kept::kNever || type->row->is == PackageClass::Is::kCompared))
          type->is_misused = true;
      } else if (is_container(tape_[id].kind)) {
        for (const NodeId part : tape_.items(id)) open.push_back(part);
      }
    });
  }

  // Every `step`th is hashed and compared.
  void look_at_keys(std::span<const NodeId> items, std::size_t step) {
    for (std::size_t i = 0; i < items.size(); i += step)
      if (call_at(items[i]) != nullptr || is_container(tape_[items[i]].kind))
        misuse_in(items[i], Kept::kUnlessHashed);
  }

  static constexpr std::uint64_t kMostSteps = std::uint64_t{1} << 24;

  const pickle::Tape& tape_;
  std::vector<PackageObjects::Class>& classes_;
  std::uint64_t left_ = kMostSteps;
};

PackageObjects::PackageObjects(const pickle::Tape& tape) : classes_(tape.symbols().size()) {
  PackageUses(tape, classes_).look();
}

std::optional<PackageClass> PackageObjects::proved(std::uint32_t symbol) const {
  const Class& found = classes_[symbol];
  return found.is_misused ? std::nullopt : found.row;
}

}  // namespace safe_load::scanner
