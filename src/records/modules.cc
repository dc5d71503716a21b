// Finding the weights in a checkpoint, and walking a whole module as torch's state_dict() would.
#include <algorithm>
#include <array>

#include "base/try.h"
#include "safe_load/checkpoint.h"
#include "safe_load/distributed_tensor.h"

namespace safe_load {
namespace {

constexpr std::string_view kUsualKeys[] = {"state_dict", "model_state_dict", "model", "net",
                                           "module",     "params_ema",       "ema"};

bool is_module(const ValueView& value) {
  return value.kind() == ValueKind::kOpaque && value.attribute("_parameters").is_dict() &&
         value.attribute("_buffers").is_dict() && value.attribute("_modules").is_dict();
}

// A module of a TorchScript program: its attributes are its parameters, buffers and children.
bool is_script_module(const ValueView& value) {
  const std::string_view module = value.module();
  return value.kind() == ValueKind::kOpaque &&
         (module == "__torch__" || module.starts_with("__torch__."));
}

Values attributes_of(const ValueView& script_module) {
  const Values states = script_module.states();
  return states.size() == 1 && states[0].is_dict() ? states[0].items() : states;
}

bool holds_tensors(const ValueView& value) {
  const Values pairs = value.is_dict() ? value.items() : value.dict_items();
  for (std::size_t i = 1; i < pairs.size(); i += 2)
    if (pairs[i].kind() == ValueKind::kTensor || distributed_tensor(pairs[i])) return true;
  return false;
}

bool contains_text(const Values& values, std::string_view text) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i].get_or<std::string_view>("") == text) return true;
  return false;
}

using Items = std::vector<StateDict::Item>;

// Text as it is; an integer key as its digits, as a listing names it.
std::string name_of(const ValueView& key) {
  const auto number = key.get<std::int64_t>();
  return number ? std::to_string(*number) : key.get_or<std::string>("");
}

// A weight that is no view of one storage, and that nobody would want to lose for it.
bool is_other_weight(const ValueView& value) {
  constexpr auto kKinds = std::to_array<ValueKind>(
      {ValueKind::kSparseTensor, ValueKind::kNestedTensor, ValueKind::kJaggedTensor,
       ValueKind::kParameter, ValueKind::kLazyParameter, ValueKind::kLazyBuffer,
       ValueKind::kDamaged});
  if (value.kind() != ValueKind::kOpaque)
    return std::find(kKinds.begin(), kKinds.end(), value.kind()) != kKinds.end();
  const Values given = value.arguments();
  const bool is_of_own_class = given.size() == 1 && given[0].kind() == ValueKind::kTensor;
  const auto whole = distributed_tensor(value);
  return is_of_own_class || whole || whole.error().code() != ErrorCode::kMismatch;
}

Status add_tensors(const Values& pairs, const std::string& prefix, const ValueView& left_out,
                   Items& items) {
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const std::string name = name_of(pairs[i]);
    if (!left_out.is_missing() && contains_text(left_out.items(), name)) continue;
    const auto tensor = pairs[i + 1].tensor();
    if (tensor) {
      items.emplace_back(prefix + name, *tensor);
    } else if (is_other_weight(pairs[i + 1])) {
      return Error(ErrorCode::kUnsupported, "a weight that is no plain tensor; see root()")
          .about(prefix + name);
    }
  }
  return {};
}

// Parameters, then buffers that persist; for TorchScript, which does not tell them apart, tensors.
Status add_own(const ValueView& module, const std::string& prefix, Items& items) {
  if (is_script_module(module)) return add_tensors(attributes_of(module), prefix, {}, items);
  SAFE_LOAD_TRY(add_tensors(module.attribute("_parameters").items(), prefix, {}, items));
  return add_tensors(module.attribute("_buffers").items(), prefix,
                     module.attribute("_non_persistent_buffers_set"), items);
}

// The tensors of a module itself, then its children, in the order of the module.
Status add_module(const ValueView& module, std::size_t most, Items& items) {
  struct Open {
    ValueView module;
    std::string prefix;
  };
  std::vector<Open> open = {{module, ""}};
  for (std::size_t steps = 0; !open.empty(); ++steps) {
    if (steps > most) return Error(ErrorCode::kCorrupt, "a module that contains itself");
    const Open current = std::move(open.back());
    open.pop_back();
    SAFE_LOAD_TRY(add_own(current.module, current.prefix, items));
    const bool is_script = is_script_module(current.module);
    const Values children =
        is_script ? attributes_of(current.module) : current.module.attribute("_modules").items();
    for (std::size_t i = children.size(); i >= 2; i -= 2) {
      const ValueView child = children[i - 1];
      const std::string name = current.prefix + name_of(children[i - 2]);
      if (is_script_module(child) || (!is_script && is_module(child))) {
        open.push_back({child, name + "."});
      } else if (!is_script && child.kind() != ValueKind::kNone) {
        return Error(ErrorCode::kUnsupported, "a child of a module that is no module").about(name);
      }
    }
  }
  return {};
}

}  // namespace

Result<StateDict> Checkpoint::state_dict() const& {
  std::vector<ValueView> candidates;
  for (const std::string_view key : kUsualKeys) candidates.push_back(root()[key]);
  const bool is_whole_module = is_module(root()) || is_script_module(root());
  candidates.insert(is_whole_module ? candidates.begin() : candidates.end(), root());
  for (const ValueView& candidate : candidates) {
    StateDict found;
    if (is_module(candidate) || is_script_module(candidate)) {
      SAFE_LOAD_TRY(add_module(candidate, value_count(), found.items_));
      return found;
    }
    if (!holds_tensors(candidate)) continue;
    SAFE_LOAD_TRY(add_tensors(candidate.is_dict() ? candidate.items() : candidate.dict_items(), "",
                              {}, found.items_));
    return found;
  }
  return Error(ErrorCode::kMismatch,
               "no dict of tensors at the root or under one of the usual keys; see tensors()");
}

Result<TensorView> StateDict::at(std::string_view name) const {
  for (const Item& item : items_)
    if (item.first == name) return item.second;
  return Error(ErrorCode::kMismatch, "no tensor of this name").about(name);
}

void StateDict::strip_prefix(std::string_view prefix) {
  for (Item& item : items_)
    if (item.first.starts_with(prefix)) item.first.erase(0, prefix.size());
}

}  // namespace safe_load
