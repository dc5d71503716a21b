#include "records/root_parts.h"

#include <cstdint>
#include <set>

#include "records/weights.h"
#include "safe_load/weights.h"

namespace safe_load::records {
namespace {

// The dicts of attributes of an object; of equal names the first counts.
std::vector<Values> attributes_of(const ValueView& object) {
  std::vector<Values> found;
  const auto add = [&](const ValueView& state) {
    if (state.is_dict()) found.push_back(state.items());
  };
  const Values states = object.states();
  for (std::size_t i = states.size(); i-- > 0;) {
    add(states[i]);
    if (states[i].kind() != ValueKind::kTuple || states[i].size() != 2) continue;
    add(states[i].items()[1]);  // slots, then attributes
    add(states[i].items()[0]);
  }
  return found;
}

}  // namespace

std::vector<Part> parts_of(const ValueView& root) {
  std::vector<Part> parts;
  const auto add = [&](const ValueView& key, const ValueView& value) {
    parts.push_back({text_of_key(key), value, is_beside_weights(key, value)});
  };
  const Values content = root.content();
  if (root.is_mapping())
    for (std::size_t i = 0; i + 1 < content.size(); i += 2) add(content[i], content[i + 1]);
  else
    for (std::size_t i = 0; i < content.size(); ++i)
      parts.push_back({std::to_string(i), content[i]});
  const bool is_object = root.kind() == ValueKind::kOpaque ||
                         root.kind() == ValueKind::kNamespace ||
                         root.kind() == ValueKind::kSimpleNamespace;
  if (!is_object) return parts;
  std::set<std::string> names;
  for (const Part& part : parts) names.insert(part.key);
  for (const Values& pairs : attributes_of(root))
    for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
      if (names.insert(text_of_key(pairs[i])).second) add(pairs[i], pairs[i + 1]);
  return parts;
}

namespace {

// The places that a look at a value passes by.
std::uint64_t places_in(const ValueView& value) {
  std::uint64_t places = 1;
  for (const Values& held : {value.items(), value.arguments(), value.list_items(),
                             value.dict_items(), value.set_items()})
    places += held.size();
  for (const ValueView& state : value.states()) {
    places += state.items().size();
    if (state.kind() == ValueKind::kTuple && state.size() == 2)
      places += state.items()[0].items().size() + state.items()[1].items().size();
  }
  return places;
}

}  // namespace

Status check_cost(const std::vector<Part>& parts) {
  const Error too_many(ErrorCode::kLimit, "too much to look through for weights; pass a key");
  std::uint64_t cost = 0;
  for (const Part& part : parts) {
    if (part.is_beside || part.value.tensor()) continue;
    cost += places_in(part.value);
    if (cost > kMostPartCost) return too_many.about(part.key);
    const Values given = part.value.arguments();
    for (const ValueView& argument : given) cost += places_in(argument);
    if (cost > kMostPartCost) return too_many.about(part.key);
    if (!given.empty()) cost += places_in(given[0]["state"]);
  }
  return {};
}

}  // namespace safe_load::records
