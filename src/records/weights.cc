#include "records/weights.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/text.h"
#include "base/try.h"
#include "records/tensor_holders.h"
#include "safe_load/report.h"
#include "safe_load/weights.h"

namespace safe_load::records {
namespace {

// What torch.nn and torch.ao put beside the weights into a state_dict.
constexpr auto kExtraState =
    std::to_array<std::string_view>({"_extra_state", "_packed_params.dtype"});

constexpr std::size_t kMostOfOptimizer = 16;  // keys of its state, which torch gives two

bool is_tensor(ValueKind kind, bool arrays) {
  constexpr auto kKinds = std::to_array<ValueKind>(
      {ValueKind::kTensor, ValueKind::kSparseTensor, ValueKind::kNestedTensor,
       ValueKind::kJaggedTensor, ValueKind::kParameter, ValueKind::kLazyParameter,
       ValueKind::kLazyBuffer, ValueKind::kDamaged});
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end() ||
         (arrays && kind == ValueKind::kArray);
}

// Whether torch makes a tensor by this call, or made one of this class.
bool makes_tensor(std::string_view module, std::string_view name) {
  const bool is_rebuilt = module == "torch._utils" || module == "torch._tensor";
  const bool is_part = name == "ShardedTensor" || name == "DTensor";
  return (is_part && module.starts_with("torch.distributed.")) ||
         (is_rebuilt && name.starts_with("_rebuild_"));
}

bool is_shape(const ValueView& value) {
  return value.kind() == ValueKind::kTuple || value.kind() == ValueKind::kSize;
}

// A record of a tensor of somebody's class: it is made from tensors or, if its class wraps some,
// by torch, which is then given that class, a dtype, sizes and strides.
bool is_tensor_record(const ValueView& record, bool arrays) {
  if (makes_tensor(record.module(), record.name())) return true;
  const Values given = record.arguments();
  const bool is_wrapper = given.size() >= 4 && given[0].kind() == ValueKind::kSymbol &&
                          given[0].module() == record.module() &&
                          given[0].name() == record.name() && is_shape(given[2]) &&
                          is_shape(given[3]);
  return is_wrapper || std::any_of(given.begin(), given.end(), [&](const ValueView& part) {
           return is_tensor(part.kind(), arrays);
         });
}

}  // namespace

bool is_weight(const ValueView& value, bool arrays) {
  if (value.kind() != ValueKind::kOpaque) return is_tensor(value.kind(), arrays);
  return is_tensor_record(value, arrays);
}

bool is_number(const ValueView& weight) {
  if (const auto tensor = weight.tensor()) return tensor->element_count() <= 1;
  if (weight.kind() != ValueKind::kArray) return false;
  const Dims shape = weight.array()->shape();
  const auto is = [](std::int64_t most) {
    return [most](std::int64_t size) { return size <= most; };
  };
  return std::any_of(shape.begin(), shape.end(), is(0)) ||
         std::all_of(shape.begin(), shape.end(), is(1));
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

std::string text_of_key(const ValueView& key) {
  if (const auto name = name_of(key)) return *name;
  if (key.kind() != ValueKind::kTuple) return summary(key);
  std::string parts;
  for (const ValueView& part : key.items()) {
    if (parts.size() > Error::kMaxSubject) break;
    parts += (parts.empty() ? "" : ", ") + summary(part);
  }
  return '(' + parts + ')';
}

bool is_beside_weights(const ValueView& key, const ValueView& value) {
  const bool is_optimizer = value.is_dict() && value.size() <= kMostOfOptimizer &&
                            !value["param_groups"].is_missing() && value["state"].is_dict();
  if (is_optimizer) return true;
  const std::string name = name_of(key).value_or("");
  const auto ends = [&](std::string_view end) { return name.ends_with(end); };
  const auto words = training_words();
  return std::any_of(kExtraState.begin(), kExtraState.end(), ends) ||
         std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return name.find(word) != std::string::npos; });
}

Values pairs_of(const ValueView& holder) {
  return holder.is_mapping() ? holder.content() : ValueView().items();
}

Status add_weights(const ValueView& holder, bool arrays, WeightNames& names) {
  const Values pairs = pairs_of(holder);
  std::vector<ValueView> others;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
    if (!is_weight(pairs[i + 1], arrays) && !is_beside_weights(pairs[i], pairs[i + 1]))
      others.push_back(pairs[i + 1]);
  const TensorHolders holders(others, arrays);
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const bool is_other = !is_weight(pairs[i + 1], arrays);
    if (is_other && (is_beside_weights(pairs[i], pairs[i + 1]) || !holders.contains(pairs[i + 1])))
      continue;
    const auto name = name_of(pairs[i]);
    if (!name)
      return Error(ErrorCode::kUnsupported, "a weight whose key is neither text nor a number")
          .about(text_of_key(pairs[i]));
    SAFE_LOAD_TRY(names.add(*name, pairs[i + 1]));
  }
  return {};
}

Status WeightNames::add(std::string_view name, const ValueView& weight) {
  if (!names_.emplace(name).second)
    return Error(ErrorCode::kAmbiguous, "two weights of one name").about(name);
  const auto tensor = weight.tensor();
  if (!tensor)
    return Error(ErrorCode::kUnsupported, "a weight that is not a plain tensor; see root()")
        .about(name);
  found_.items_.emplace_back(name, *tensor);
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
