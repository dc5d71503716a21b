#include "scan/package_states.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "scan/danger.h"

namespace safe_load::scanner {

using pickle::Call;
using pickle::Kind;
using pickle::NodeId;

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
constexpr bool before(const Looked& one, const Looked& other) { return one.key < other.key; }
static_assert(std::is_sorted(std::begin(kLooked), std::end(kLooked), before));

// What torch.nn.Module.__setstate__ sets: found in a table, it would be registered by a method that
// a state can replace.
constexpr std::string_view kSetByModules[] = {
    "_backward_pre_hooks",         "_forward_hooks_always_called",   "_forward_hooks_with_kwargs",
    "_forward_pre_hooks",          "_forward_pre_hooks_with_kwargs", "_is_full_backward_hook",
    "_load_state_dict_post_hooks", "_load_state_dict_pre_hooks",     "_non_persistent_buffers_set",
    "_state_dict_hooks",           "_state_dict_pre_hooks",
};

}  // namespace

bool PackageStates::is_harmless(NodeId state, std::uint32_t built_at) {
  if (tape_[state].kind == Kind::kNone) return true;
  if (!is_plain(state, Kind::kDict) || tape_.changed_at(state) > built_at) return false;
  const auto items = tape_.items(state);
  for (std::size_t i = 0; i + 1 < items.size(); i += 2)
    if (!is_name(items[i]) || !is_part(tape_.text(items[i]), items[i + 1], built_at)) return false;
  return true;
}

// Made by opcodes, not by a call.
bool PackageStates::is_plain(NodeId id, Kind kind) const {
  return tape_[id].kind == kind && tape_.is_literal(id);
}

bool PackageStates::is_name(NodeId id) const {
  return is_plain(id, Kind::kText) || is_plain(id, Kind::kPy2Text);
}

bool PackageStates::is_part(std::string_view key, NodeId value, std::uint32_t built_at) {
  if (is_hook(key)) return false;
  const auto looked =
      std::lower_bound(std::begin(kLooked), std::end(kLooked), Looked{key, Part::kAbsent}, before);
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
      return is_name(value);
    case Part::kNumbers:
      return is_numeric_array(value);
  }
  return false;
}

// A dict, or an OrderedDict, whose methods no state replaces.
bool PackageStates::is_dict(NodeId id) const {
  if (is_plain(id, Kind::kDict)) return true;
  const Call* const call = tape_.call_of(id);
  return call != nullptr && tape_[id].kind == Kind::kDict &&
         tape_[call->callee].kind == Kind::kSymbol &&
         tape_.symbol(call->callee).is("collections", "OrderedDict") &&
         tape_.items(tape_.added(*call).states).empty();
}

bool PackageStates::is_table(NodeId id) {
  const auto known = tables_.find(id);
  if (known != tables_.end()) return known->second;
  const bool is_one = is_dict(id) && has_names_of_parts(tape_.items(id));
  return tables_.emplace(id, is_one).first->second;
}

bool PackageStates::has_names_of_parts(std::span<const NodeId> pairs) const {
  for (std::size_t i = 0; i < pairs.size(); i += 2)
    if (!is_name_of_part(pairs[i])) return false;
  return true;
}

bool PackageStates::is_name_of_part(NodeId key) const {
  return is_name(key) && std::find(std::begin(kSetByModules), std::end(kSetByModules),
                                   tape_.text(key)) == std::end(kSetByModules);
}

// Arrays of objects are pickled with a list of them.
bool PackageStates::is_numeric_array(NodeId id) const {
  const Call* const call = tape_.call_of(id);
  if (call == nullptr || tape_[id].kind != Kind::kArray) return false;
  for (const NodeId state : tape_.items(tape_.added(*call).states)) {
    const auto parts = tape_.items(state);
    const auto is_list = [&](NodeId part) { return tape_[part].kind == Kind::kList; };
    if (tape_[state].kind != Kind::kTuple || std::any_of(parts.begin(), parts.end(), is_list))
      return false;
  }
  return true;
}

}  // namespace safe_load::scanner
