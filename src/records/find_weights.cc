// What can be meant by "the weights" are the dicts of tensors and the modules among the parts of
// the root, and the root's own tensors. Somebody who trains beside the model has counters, scores
// and statistics there too, which are told by having one element.
#include "records/find_weights.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/text.h"
#include "base/try.h"
#include "records/modules.h"
#include "records/root_parts.h"
#include "records/tensor_holders.h"
#include "records/weights.h"
#include "safe_load/weights.h"

namespace safe_load::records {
namespace {

enum class Holding { kNothing, kNumbers, kWeights };

// What a value is as a dict of tensors.
Holding holding_of(const ValueView& holder, bool arrays) {
  const Values pairs = pairs_of(holder);
  Holding found = Holding::kNothing;
  for (std::size_t i = 1; i < pairs.size(); i += 2) {
    if (!is_weight(pairs[i], arrays)) continue;
    if (!is_number(pairs[i])) return Holding::kWeights;
    found = Holding::kNumbers;
  }
  return found;
}

std::string joined(const std::vector<Part>& parts) {
  std::string text;
  for (const Part& part : parts) text += (text.empty() ? "" : ", ") + part.key;
  return text;
}

Error ambiguous(const std::vector<Part>& candidates) {
  return Error(ErrorCode::kAmbiguous, "more than one could be the weights; pass a key")
      .about(joined(candidates));
}

// The parts of the root by what they can be.
struct Parts {
  std::vector<Part> weights;  // dicts of tensors, and modules with some
  std::vector<Part> numbers;  // dicts with nothing but single numbers
  std::vector<Part> nests;    // dicts with tensors further down
  bool has_more = false;      // other values with tensors further down
};

// The candidate that a usual key tells to be meant; null if there is none, or if two have that key
// (as text and as bytes).
const Part* preferred(const std::vector<Part>& candidates, const std::vector<Part>& nests) {
  const auto keys = usual_weight_keys();
  const auto is_usual = [&](const Part& part) {
    return std::find(keys.begin(), keys.end(), part.key) != keys.end();
  };
  const bool are_usual = std::all_of(candidates.begin(), candidates.end(), is_usual) &&
                         std::all_of(nests.begin(), nests.end(), is_usual);
  for (const std::string_view key : keys.first(are_usual ? keys.size() : kSureWeightKeys)) {
    const auto has_key = [&](const Part& part) { return part.key == key; };
    const auto first = std::find_if(candidates.begin(), candidates.end(), has_key);
    if (first == candidates.end()) continue;
    return std::any_of(first + 1, candidates.end(), has_key) ? nullptr : &*first;
  }
  return nullptr;
}

// A list of tensors or the like, which is kept beside the tensors of the root.
bool is_row(const ValueView& value, bool arrays) {
  const Values items = value.is_mapping() ? ValueView().items() : value.content();
  return std::any_of(items.begin(), items.end(),
                     [&](const ValueView& item) { return is_weight(item, arrays); });
}

Result<Parts> sorted_parts(const ValueView& root, bool arrays) {
  std::vector<Part> parts = parts_of(root);
  SAFE_LOAD_TRY(check_cost(parts));
  for (Part& part : parts) part.value = part.value.resolved();
  SAFE_LOAD_TRY(check_cost(parts));
  std::erase_if(parts,
                [&](const Part& part) { return part.is_beside || is_weight(part.value, arrays); });
  std::vector<ValueView> modules;
  std::vector<ValueView> others;
  for (const Part& part : parts) (is_module(part.value) ? modules : others).push_back(part.value);
  const TensorHolders whole(modules, arrays);
  const TensorHolders below(others, arrays, TensorHolders::Of::kMoreThanNumbers);
  Parts sorted;
  for (const Part& part : parts) {
    const Holding holding = holding_of(part.value, arrays);
    const bool has_weights =
        is_module(part.value) ? whole.contains(part.value) : holding == Holding::kWeights;
    if (has_weights)
      sorted.weights.push_back(part);
    else if (below.contains(part.value) && part.value.is_mapping())
      sorted.nests.push_back(part);
    else if (holding == Holding::kNumbers)
      sorted.numbers.push_back(part);
    else if (below.contains(part.value) && !is_row(part.value, arrays))
      sorted.has_more = true;
  }
  return sorted;
}

// What the root's own tensors are; those that are state of the training do not count.
Holding own_holding(const ValueView& root, bool arrays) {
  const Values pairs = pairs_of(root);
  Holding found = Holding::kNothing;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    if (!is_weight(pairs[i + 1], arrays)) continue;
    if (!is_number(pairs[i + 1]) && !is_beside_weights(pairs[i], pairs[i + 1]))
      return Holding::kWeights;
    found = Holding::kNumbers;
  }
  return found;
}

Error nothing_found() {
  return Error(ErrorCode::kMismatch,
               "no weights at the root or one level below it; see tensors(), and pass a key");
}

// kMissing if there is no tensor at all.
Result<ValueView> choose(const ValueView& root, bool arrays) {
  SAFE_LOAD_TRY_ASSIGN(Parts parts, sorted_parts(root, arrays));
  const Holding own = own_holding(root, arrays);
  const bool are_numbers = parts.weights.empty() && own != Holding::kWeights;
  std::vector<Part>& candidates = are_numbers ? parts.numbers : parts.weights;
  if (const Part* usual = preferred(candidates, parts.nests)) return usual->value;
  if (are_numbers && (parts.has_more || !parts.nests.empty())) return nothing_found();
  candidates.insert(candidates.end(), parts.nests.begin(), parts.nests.end());
  const bool is_own = own == Holding::kWeights || (own == Holding::kNumbers && are_numbers);
  if (is_own) candidates.push_back({"$", root});
  if (candidates.size() > 1) return ambiguous(candidates);
  return candidates.empty() ? ValueView() : candidates[0].value;
}

ValueView at_step(const ValueView& value, std::string_view name) {
  const ValueView found = value[name];
  if (!found.is_missing()) return found;
  const auto number = base::parse_int64(name);
  return number ? value[*number] : ValueView();
}

ValueView at_key(const Checkpoint& checkpoint, std::string_view key) {
  if (key.starts_with('$')) {
    const auto found = checkpoint.find(key);
    return found ? found->resolved() : ValueView();
  }
  ValueView value = checkpoint.root();
  while (true) {
    const ValueView found = at_step(value, key);  // a key may have dots of its own
    const std::size_t dot = key.find('.');
    if (!found.is_missing() || dot == std::string_view::npos) return found;
    value = at_step(value, key.substr(0, dot));
    key.remove_prefix(dot + 1);
  }
}

}  // namespace

Result<FoundWeights> find_weights(const ValueView& root) {
  if (is_module(root)) return FoundWeights{root};
  for (const bool arrays : {false, true}) {
    SAFE_LOAD_TRY_ASSIGN(const ValueView chosen, choose(root, arrays));
    if (!chosen.is_missing()) return FoundWeights{chosen, arrays};
  }
  return nothing_found();
}

Result<FoundWeights> find_weights(const Checkpoint& checkpoint,
                                  std::span<const std::string_view> keys) {
  for (const std::string_view key : keys) {
    const ValueView value = at_key(checkpoint, key);
    if (value.is_missing() || value.kind() == ValueKind::kNone) continue;
    if (is_module(value)) return FoundWeights{value};
    for (const bool arrays : {false, true})
      if (holding_of(value, arrays) != Holding::kNothing) return FoundWeights{value, arrays};
    return Error(ErrorCode::kMismatch, "no weights at this key").about(key);
  }
  const Error error(ErrorCode::kMismatch, "nothing at this key");
  return keys.empty() ? error : error.about(keys.front());
}

}  // namespace safe_load::records
