// The plain form of records: what torch builds by name, what holds something, states of generators.
#include <algorithm>
#include <array>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/plain_form.h"

namespace safe_load::api {

using writing::PlainValues;

// Whether an object has attributes beside these.
bool PlainForm::has_others(const ValueView& value, std::initializer_list<std::string_view> names) {
  for (const ValueView& state : value.states()) {
    if (!state.is_dict()) return state.kind() != ValueKind::kNone;
    const Values items = state.items();
    for (std::size_t i = 0; i < items.size(); i += 2)
      if (std::ranges::find(names, items[i].get_or<std::string>("")) == names.end()) return true;
  }
  return false;
}

PlainForm::Id PlainForm::dict_of(std::initializer_list<std::pair<std::string_view, Id>> pairs) {
  std::vector<Id> parts;
  for (const auto& [name, id] : pairs) parts.insert(parts.end(), {values_.constant(name), id});
  const Id dict = values_.container(Kind::kDict);
  values_.set_parts(dict, parts);
  return dict;
}

// NOLINTNEXTLINE(misc-no-recursion): form() counts how deep it is
PlainForm::Id PlainForm::make_torch_record(const ValueView& value) {
  const Values given = value.arguments();
  const ValueKind kind = value.kind();
  if (kind == ValueKind::kSize)
    return values_.call(values_.global("torch", "Size"), {numbers(value.fields())});
  if (kind == ValueKind::kDevice) {
    return given.size() == 2
               ? values_.call(values_.global("torch", "device"), {form(given[0]), form(given[1])})
               : values_.call(values_.global("torch", "device"), {form(given[0])});
  }
  if (kind == ValueKind::kLayout)
    return values_.call(values_.global("torch.serialization", "_get_layout"), {form(given[0])});
  if (kind == ValueKind::kSymbol) {
    if (value.module() == "torch" &&
        (dtype_from_name(value.name()) || value.name().starts_with("per_tensor_") ||
         value.name().starts_with("per_channel_")))
      return values_.global("torch", value.name());
    std::string_view format = value.name();
    if (format.starts_with("torch.")) format.remove_prefix(6);
    if (format == "channels_last" || format == "channels_last_3d" ||
        format == "contiguous_format" || format == "preserve_format")
      return as_text(value, "torch." + std::string(format));
    return changed(value, Change::Kind::kLossy, "its name",
                   values_.own_text(std::string(value.module()) + '.' + std::string(value.name())));
  }
  if (kind == ValueKind::kMemoryFormat)
    return as_text(value, "torch." + given[1].get_or<std::string>(""));
  if (kind == ValueKind::kSparseTensor)
    return values_.call(values_.global("torch._utils", "_rebuild_sparse_tensor"),
                        {form(given[0]), form(given[1])});
  if (kind == ValueKind::kNestedTensor) {
    if (given.size() != 4) return no_form(value);
    return values_.call(values_.global("torch._utils", "_rebuild_nested_tensor"),
                        {form(given[0]), form(given[1]), form(given[2]), form(given[3])});
  }
  if (kind == ValueKind::kJaggedTensor) {
    if (given.empty() || !given[0].is_dict()) return no_form(value);
    const auto part = [&](std::string_view key) {
      const ValueView found = given[0][key];
      return found.is_missing() ? values_.none() : form(found);
    };
    return as(value, "dict of its parts",
              dict_of({{"values", part("values")},
                       {"offsets", part("offsets")},
                       {"lengths", part("lengths")},
                       {"ragged_idx", part("_ragged_idx")}}));
  }
  if (kind == ValueKind::kParameter) {
    if (given.empty()) return no_form(value);
    return values_.call(
        values_.global("torch._utils", "_rebuild_parameter"),
        {form(given[0]), values_.boolean(given.size() > 1 && given[1].get_or(false)), no_hooks()});
  }
  return PlainValues::kNothing;
}

// NOLINTNEXTLINE(misc-no-recursion): form() counts how deep it is
PlainForm::Id PlainForm::make_holder(const ValueView& value) {
  const Values given = value.arguments();
  const ValueKind kind = value.kind();
  if (kind == ValueKind::kRange && !value.fields().empty())
    return as(value, "tuple (start, stop, step)", numbers(value.fields()));
  if (kind == ValueKind::kRange || kind == ValueKind::kSlice) {
    if (given.size() != 3) return no_form(value);
    return as(value, "tuple (start, stop, step)",
              values_.tuple({form(given[0]), form(given[1]), form(given[2])}));
  }
  if (kind == ValueKind::kNumberArray) return make_number_array(value);
  if (kind == ValueKind::kNamespace || kind == ValueKind::kSimpleNamespace) {
    if (value.states().size() > 1) return no_form(value);
    if (value.states().empty()) return as(value, "dict", values_.container(Kind::kDict));
    const ValueView attributes = value.states()[0];
    if (!attributes.is_dict()) return no_form(value);
    return as(value, "dict", open(attributes, Kind::kDict));
  }
  if (kind == ValueKind::kChainMap || kind == ValueKind::kUserDict ||
      kind == ValueKind::kUserList || kind == ValueKind::kUserString) {
    const ValueView held = value.attribute(kind == ValueKind::kChainMap ? "maps" : "data");
    const bool is_lossy = has_others(value, {"maps", "data"});
    return changed(
        value, is_lossy ? Change::Kind::kLossy : Change::Kind::kPlain,
        std::string(to_text(held.kind())) + (is_lossy ? ", without other attributes" : ""),
        form(held));
  }
  if (kind == ValueKind::kBytesStream || kind == ValueKind::kTextStream) {
    if (value.states().size() != 1 || value.states()[0].size() < 2) return no_form(value);
    const Values parts = value.states()[0].items();
    if (parts[parts.size() - 1].kind() == ValueKind::kDict)
      return changed(value, Change::Kind::kLossy, "its content, without attributes",
                     form(parts[0]));
    return as(value, kind == ValueKind::kBytesStream ? "bytes" : "text", form(parts[0]));
  }
  if (kind == ValueKind::kMaskedConstant) return as(value, "None", values_.none());
  return PlainValues::kNothing;
}

// NOLINTNEXTLINE(misc-no-recursion): form() counts how deep it is
PlainForm::Id PlainForm::make_random_state(const ValueView& value) {
  const Values given = value.arguments();
  const ValueKind kind = value.kind();
  if (kind == ValueKind::kPythonRandom) {
    if (value.states().size() != 1) return no_form(value);
    return as(value, "tuple of random.getstate()", form(value.states()[0]));
  }
  if (kind == ValueKind::kGenerator) {
    if (value.states().size() != 1 || value.states()[0].size() != 3) return no_form(value);
    return as(value, "tensor of get_state()", form(value.states()[0].items()[2]));
  }
  if (kind == ValueKind::kRandomGenerator) {
    if (given.size() != 1 || given[0].kind() != ValueKind::kBitGenerator) return no_form(value);
    return as(value, "dict, as bit_generator.state", form(given[0]));
  }
  if (kind == ValueKind::kBitGenerator || kind == ValueKind::kRandomState) {
    if (value.states().size() != 1) return no_form(value);
    ValueView state = value.states()[0];  // with a seed sequence behind it, since NumPy 1.25
    if (state.kind() == ValueKind::kTuple && state.size() == 2) state = state.items()[0];
    if (!state.is_dict()) return no_form(value);
    return as(value, "dict, as its state", form(state));
  }
  if (kind == ValueKind::kSeedSequence) {
    if (value.states().size() != 1 || value.states()[0].size() != 5) return no_form(value);
    const Values parts = value.states()[0].items();
    return as(value, "dict of its parts",
              dict_of({{"entropy", form(parts[0])},
                       {"spawn_key", form(parts[4])},
                       {"pool_size", form(parts[3])},
                       {"n_children_spawned", form(parts[1])},
                       {"pool", form(parts[2])}}));
  }
  return PlainValues::kNothing;
}

// NOLINTNEXTLINE(misc-no-recursion): form() counts how deep it is
PlainForm::Id PlainForm::make_record(const ValueView& value) {
  constexpr std::array kRules = {&PlainForm::make_torch_record, &PlainForm::make_time,
                                 &PlainForm::make_text_record, &PlainForm::make_holder,
                                 &PlainForm::make_random_state};
  for (const auto rule : kRules) {
    const Id made = (this->*rule)(value);
    if (made != PlainValues::kNothing) return made;
  }
  const ValueKind kind = value.kind();
  if (kind == ValueKind::kOpaque || kind == ValueKind::kPartial || kind == ValueKind::kOwnRecord ||
      kind == ValueKind::kAttributeOf)
    return make_unknown(value);
  return kind == ValueKind::kDamaged ? refuse_damaged(value) : no_form(value);
}

PlainForm::Id PlainForm::refuse_damaged(const ValueView& value) {
  if (damaged_.empty())
    for (const Issue& issue : state_.issues) damaged_.emplace(issue.path, &issue);
  const auto found = damaged_.find(state_.graph().path(state_.edges(), value.id()));
  if (found == damaged_.end())
    return refuse(value, Error(ErrorCode::kCorrupt, "a value that cannot be read"), "");
  refusals_.push_back(*found->second);
  return values_.none();
}

PlainForm::Id PlainForm::as(const ValueView& value, std::string to, Id id) {
  return changed(value, Change::Kind::kPlain, std::move(to), id);
}

PlainForm::Id PlainForm::as_text(const ValueView& value, std::string text) {
  return as(value, "text", values_.own_text(std::move(text)));
}

PlainForm::Id PlainForm::no_form(const ValueView& value) {
  return refuse(value,
                Error(ErrorCode::kUnsupported, "a value that has no plain form here")
                    .about(value.class_name()),
                "take it out of the checkpoint");
}

}  // namespace safe_load::api
