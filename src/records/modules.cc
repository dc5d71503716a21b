#include "records/modules.h"

#include <set>
#include <unordered_map>

#include "base/script_module.h"
#include "base/try.h"

namespace safe_load::records {
namespace {

constexpr std::string_view kConstants = "CONSTANTS";  // as formats/zip_checkpoint adds them

bool is_script_record(const ValueView& value) {
  return value.kind() == ValueKind::kOpaque && base::is_script_module(value.module());
}

std::vector<Module::Part> parts_of(const Values& pairs) {
  std::vector<Module::Part> parts;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
    if (pairs[i + 1].kind() != ValueKind::kNone) parts.emplace_back(pairs[i], pairs[i + 1]);
  return parts;
}

Module read_script_module(const ValueView& value) {
  Module module;
  const Values states = value.states();
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (!states[i].is_dict()) continue;
    for (const Module::Part& part : parts_of(states[i].items())) {
      if (is_script_record(part.second)) module.children.push_back(part);
      if (is_weight(part.second, true)) module.weights.push_back(part);
    }
  }
  return module;
}

std::set<std::string> texts_in(const ValueView& container) {
  std::set<std::string> texts;
  const Values items = container.is_dict() ? ValueView().items() : container.items();
  for (std::size_t i = 0; i < items.size(); ++i)
    if (const auto text = items[i].get<std::string>()) texts.insert(*text);
  return texts;
}

// The attributes that make a module.
struct Attributes {
  ValueView parameters;
  ValueView buffers;
  ValueView children;
  ValueView passing;  // not there before torch 1.5
};

// Those that `part` finds by their names.
template <class Find>
std::optional<Attributes> find_attributes(const Find& part) {
  const Attributes found = {part("_parameters"), part("_buffers"), part("_modules"),
                            part("_non_persistent_buffers_set")};
  const bool are_dicts =
      found.parameters.is_dict() && found.buffers.is_dict() && found.children.is_dict();
  return are_dicts ? std::optional(found) : std::nullopt;
}

std::optional<Attributes> attributes_of(const ValueView& value) {
  if (value.kind() != ValueKind::kOpaque) return std::nullopt;
  auto found = find_attributes([&](std::string_view name) { return value.attribute(name); });
  const Values given = value.arguments();
  for (std::size_t i = 0; !found && i < given.size(); ++i) {
    if (!given[i].is_mapping()) continue;
    found = find_attributes([&](std::string_view name) { return given[i][name]; });
    const ValueView state = i == 0 ? given[i]["state"] : ValueView();
    if (!found && state.is_dict())
      found = find_attributes([&](std::string_view name) { return state[name]; });
  }
  return found;
}

Module read_attributes(const Attributes& found) {
  Module module{parts_of(found.parameters.items()), parts_of(found.children.items())};
  const std::set<std::string> passing = texts_in(found.passing);
  for (const Module::Part& buffer : parts_of(found.buffers.items()))
    if (!passing.contains(buffer.first.get_or<std::string>(""))) module.weights.push_back(buffer);
  return module;
}

using Modules = std::unordered_map<std::uint32_t, std::optional<Module>>;  // each is read once

// The walk stands before a module, or behind all that is in it.
struct Step {
  ValueView module;
  std::string prefix;
  bool is_end = false;
};

std::string_view without_dot(std::string_view prefix) {
  return prefix.substr(0, prefix.empty() ? 0 : prefix.size() - 1);
}

// The parts by their names, which are paid for.
Status name_parts(const std::vector<Module::Part>& parts, const std::string& prefix,
                  WeightNames& names, std::vector<std::pair<std::string, ValueView>>& named) {
  named.clear();
  for (const auto& [key, value] : parts) {
    const auto name = name_of(key);
    if (!name)
      return Error(ErrorCode::kUnsupported, "a part of a module whose key is not a name")
          .about(without_dot(prefix));
    named.emplace_back(prefix + *name, value);
    SAFE_LOAD_TRY(names.pay(named.back().first));
  }
  return {};
}

}  // namespace

bool is_module(const ValueView& value) {
  return is_script_record(value) || attributes_of(value).has_value();
}

std::optional<Module> read_module(const ValueView& value) {
  if (is_script_record(value)) return read_script_module(value);
  const auto found = attributes_of(value);
  return found ? std::optional(read_attributes(*found)) : std::nullopt;
}

namespace {

Status add_tree(const ValueView& module, WeightNames& names) {
  Modules modules;
  std::set<std::uint32_t> entered;  // the modules around the one that is read
  std::vector<Step> waiting = {{module, ""}};
  std::vector<std::pair<std::string, ValueView>> named;
  while (!waiting.empty()) {
    const Step step = std::move(waiting.back());
    waiting.pop_back();
    const std::uint32_t id = step.module.id();
    if (step.is_end) {
      entered.erase(id);
      continue;
    }
    const std::string_view name = without_dot(step.prefix);
    const auto [read, is_new] = modules.try_emplace(id);
    if (is_new) read->second = read_module(step.module);
    if (!read->second)
      return Error(ErrorCode::kUnsupported, "a child of a module that is not a module").about(name);
    if (!entered.insert(id).second)
      return Error(ErrorCode::kCorrupt, "a module inside itself").about(name);
    waiting.push_back({step.module, "", true});
    SAFE_LOAD_TRY(name_parts(read->second->weights, step.prefix, names, named));
    for (const auto& [weight_name, weight] : named) SAFE_LOAD_TRY(names.add(weight_name, weight));
    SAFE_LOAD_TRY(name_parts(read->second->children, step.prefix, names, named));
    for (std::size_t i = named.size(); i-- > 0;)
      waiting.push_back({named[i].second, named[i].first + '.'});
  }
  return {};
}

// Freezing takes `training` away, which all other modules have, and makes weights constants.
bool has_weights_in_constants(const ValueView& module, const WeightNames& names) {
  return is_script_record(module) &&
         (names.is_empty() || module.attribute("training").is_missing());
}

}  // namespace

Status add_module(const ValueView& module, WeightNames& names) {
  SAFE_LOAD_TRY(add_tree(module, names));
  if (!has_weights_in_constants(module, names)) return {};
  const ValueView constants = module.attribute(kConstants);
  const Values pairs = constants.is_dict() ? constants.items() : ValueView().items();
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const auto name = name_of(pairs[i]);
    if (!name || !is_weight(pairs[i + 1], true)) continue;
    SAFE_LOAD_TRY(names.add(std::string(kConstants) + '.' + *name, pairs[i + 1]));
  }
  return {};
}

}  // namespace safe_load::records
