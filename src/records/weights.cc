// Finding the weights in a checkpoint.
#include "safe_load/weights.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/text.h"
#include "base/try.h"
#include "records/modules.h"
#include "records/weights.h"
#include "safe_load/distributed_tensor.h"

namespace safe_load::records {
namespace {

constexpr auto kUsualKeys = std::to_array<std::string_view>(
    {"state_dict", "model_state_dict", "model", "net", "module", "params_ema", "ema"});

bool is_tensor(ValueKind kind, bool arrays) {
  constexpr auto kKinds = std::to_array<ValueKind>(
      {ValueKind::kTensor, ValueKind::kSparseTensor, ValueKind::kNestedTensor,
       ValueKind::kJaggedTensor, ValueKind::kParameter, ValueKind::kLazyParameter,
       ValueKind::kLazyBuffer, ValueKind::kDamaged});
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end() ||
         (arrays && kind == ValueKind::kArray);
}

Values pairs_of(const ValueView& holder) {
  return holder.is_mapping() ? holder.content() : Values(ValueView().items());
}

bool holds_weights(const ValueView& holder, bool arrays) {
  const Values pairs = pairs_of(holder);
  for (std::size_t i = 1; i < pairs.size(); i += 2)
    if (is_weight(pairs[i], arrays)) return true;
  return false;
}

Status add_weights(const ValueView& holder, bool arrays, WeightNames& names) {
  const Values pairs = pairs_of(holder);
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    if (!is_weight(pairs[i + 1], arrays)) continue;
    const auto name = name_of(pairs[i]);
    if (!name)
      return Error(ErrorCode::kUnsupported, "a weight whose key is neither text nor a number");
    SAFE_LOAD_TRY(names.add(*name, pairs[i + 1]));
  }
  return {};
}

}  // namespace

bool is_weight(const ValueView& value, bool arrays) {
  if (value.kind() != ValueKind::kOpaque) return is_tensor(value.kind(), arrays);
  const Values given = value.arguments();
  const bool is_of_own_class = given.size() == 1 && is_tensor(given[0].kind(), arrays);
  if (is_of_own_class) return true;
  const auto whole = distributed_tensor(value);
  return whole || whole.error().code() != ErrorCode::kMismatch;
}

std::optional<std::string> name_of(const ValueView& key) {
  if (key.kind() == ValueKind::kText) return key.get_or<std::string>("");
  if (key.kind() == ValueKind::kBytes) {
    const std::string_view text = base::as_text(key.raw());
    return base::is_utf8(text, false) ? std::optional(std::string(text)) : std::nullopt;
  }
  const auto number = key.get<std::int64_t>();
  if (key.kind() != ValueKind::kInteger || !number) return std::nullopt;
  return std::to_string(*number);
}

Status WeightNames::add(std::string_view name, const ValueView& weight) {
  if (!names_.emplace(name).second)
    return Error(ErrorCode::kAmbiguous, "two weights of one name").about(name);
  const auto tensor = weight.tensor();
  if (!tensor)
    return Error(ErrorCode::kUnsupported, "a weight that is not a plain tensor; see root()")
        .about(name);
  items_.emplace_back(name, *tensor);
  return {};
}

Status WeightNames::pay(std::string_view name) {
  const auto is_first = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  const auto characters = std::count_if(name.begin(), name.end(), is_first);
  cost_ += static_cast<std::uint64_t>(characters) + kNameCost;
  if (cost_ <= kMostNameCost) return {};
  return Error(ErrorCode::kLimit, "the names of a module are too long or too many");
}

}  // namespace safe_load::records

namespace safe_load::inline v0 {

std::span<const std::string_view> usual_weight_keys() { return records::kUsualKeys; }

Result<StateDict> Checkpoint::state_dict() const& {
  std::vector<ValueView> candidates;
  for (const std::string_view key : usual_weight_keys()) candidates.push_back(root()[key]);
  const bool is_module = records::read_module(root()).has_value();
  candidates.insert(is_module ? candidates.begin() : candidates.end(), root());
  for (const bool arrays : {false, true}) {
    for (const ValueView& candidate : candidates) {
      const bool is_whole_module = records::read_module(candidate).has_value();
      if (!is_whole_module && !records::holds_weights(candidate, arrays)) continue;
      records::WeightNames names;
      SAFE_LOAD_TRY(is_whole_module ? records::add_module(candidate, names)
                                    : records::add_weights(candidate, arrays, names));
      StateDict found;
      found.items_ = names.take();
      return found;
    }
  }
  return Error(ErrorCode::kMismatch,
               "no weights at the root or under one of the usual keys; see tensors()");
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

}  // namespace safe_load::inline v0
