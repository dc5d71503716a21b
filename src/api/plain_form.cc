#include "api/plain_form.h"

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_set>

#include "base/text.h"
#include "container/failure.h"
#include "pickle/tape.h"
#include "records/modules.h"
#include "writing/plain_keys.h"

namespace safe_load::api {

using writing::PlainValues;

namespace {

constexpr std::uint64_t kMostText = 0xFFFFFFFF;  // bytes behind one opcode

bool is_unknown(ValueKind kind) {
  return kind == ValueKind::kOpaque || kind == ValueKind::kPartial ||
         kind == ValueKind::kOwnRecord || kind == ValueKind::kAttributeOf;
}

std::string full_name(const ValueView& value) {
  std::string text(value.module());
  if (!text.empty()) text += '.';
  return text.append(value.name());
}

// The dicts of what BUILD gave an object: its attributes, and those in slots.
std::optional<std::vector<ValueView>> attribute_dicts(const ValueView& value) {
  std::vector<ValueView> found;
  for (const ValueView& state : value.states()) {
    if (state.is_dict()) {
      found.push_back(state);
    } else if (state.kind() == ValueKind::kTuple && state.size() == 2) {
      for (const ValueView& part : state.items()) {
        if (part.is_dict()) found.push_back(part);
        if (!part.is_dict() && part.kind() != ValueKind::kNone) return std::nullopt;
      }
    } else if (state.kind() != ValueKind::kNone) {
      return std::nullopt;
    }
  }
  return found;
}

// As Python's hex() writes it. `number`: two's complement, little-endian.
std::string hexadecimal(base::Bytes number) {
  const bool is_negative = (std::to_integer<unsigned>(number.back()) & 0x80) != 0;
  std::vector<unsigned> magnitude;
  unsigned carry = is_negative ? 1 : 0;
  for (const std::byte byte : number) {
    const unsigned value = std::to_integer<unsigned>(byte);
    magnitude.push_back((is_negative ? ~value & 0xFF : value) + carry);
    carry = magnitude.back() >> 8;
  }
  std::string digits;
  for (std::size_t i = magnitude.size(); i-- > 0;) base::append_hex(digits, magnitude[i], 2);
  return (is_negative ? "-0x" : "0x") + digits.substr(digits.find_first_not_of('0'));
}

}  // namespace

PlainForm::Id PlainForm::build(const ValueView& root) {
  constexpr std::uint64_t kMostGrowth = 32;  // a tensor is some 30 values
  constexpr std::uint64_t kAlways = std::uint64_t{1} << 20;
  const std::uint64_t most_parts = kAlways + kMostGrowth * checkpoint_.value_count();
  const Id made = form(root);
  while (!open_.empty()) {
    const Open next = open_.back();
    open_.pop_back();
    fill(next);
    if (values_.part_count() <= most_parts) continue;
    refuse(next.value, Error(ErrorCode::kLimit, "the checkpoint grows beyond all proportion"), "");
    return made;
  }
  for (const Keys& keys : keys_) check_keys(keys);
  cut();
  return made;
}

PlainForm::Id PlainForm::form(const ValueView& value, bool is_in_key) {
  constexpr int kDeepest = 100;  // records inside records; containers wait until later
  const bool is_own =
      is_in_key && (value.kind() == ValueKind::kFrozenSet || value.kind() == ValueKind::kTuple);
  auto& made = is_own ? made_as_key_ : made_;
  const auto [found, is_new] = made.try_emplace(value.id(), PlainValues::kNothing);
  if (!is_new && found->second != PlainValues::kNothing) return found->second;
  if (!is_new || depth_ == kDeepest)
    return refuse(value,
                  Error(ErrorCode::kUnsupported, "an object inside itself, or too deep in others"),
                  "");
  ++depth_;
  const Id id = make(value, is_own);
  --depth_;
  made[value.id()] = id;
  return id;
}

// NOLINTNEXTLINE(misc-no-recursion): form() counts how deep it is
PlainForm::Id PlainForm::make(const ValueView& value, bool is_in_key) {
  const Values given = value.arguments();
  const ValueKind kind = value.kind();
  if (kind == ValueKind::kNone || kind == ValueKind::kBool || kind == ValueKind::kInteger ||
      kind == ValueKind::kFloat || kind == ValueKind::kComplex)
    return make_small(value);
  if (kind == ValueKind::kText) return make_text(value);
  if (kind == ValueKind::kBytes) {
    if (value.raw().size() > kMostText / 2)
      return refuse(value, Error(ErrorCode::kLimit, "bytes that are too long for a pickle"), "");
    return make_bytes(value.raw());
  }
  if (kind == ValueKind::kByteArray) {
    const Id made = values_.global("__builtin__", "bytearray");
    return value.raw().empty() ? values_.call(made, {})
                               : values_.call(made, {make_bytes(value.raw())});
  }
  if (kind == ValueKind::kTuple) return open(value, Kind::kTuple, is_in_key);
  if (kind == ValueKind::kList) return open(value, Kind::kList);
  if (kind == ValueKind::kDict) return open(value, Kind::kDict);
  if (kind == ValueKind::kOrderedDict) return open(value, Kind::kCall);
  if (kind == ValueKind::kDefaultDict) return as(value, "dict", open(value, Kind::kDict));
  if (kind == ValueKind::kCounter && value.states().empty())
    return values_.call(values_.global("collections", "Counter"), {open(value, Kind::kDict)});
  if (kind == ValueKind::kSet)
    return values_.call(values_.global("__builtin__", "set"), {open(value, Kind::kList, true)});
  if (kind == ValueKind::kFrozenSet) {
    if (is_in_key) return as(value, "tuple", open(value, Kind::kTuple, true));
    return as(value, "set",
              values_.call(values_.global("__builtin__", "set"), {open(value, Kind::kList, true)}));
  }
  if (kind == ValueKind::kDeque) {
    const bool is_limited = given.size() == 2 && given[1].kind() != ValueKind::kNone;
    return changed(value, is_limited ? Change::Kind::kLossy : Change::Kind::kPlain,
                   is_limited ? "list, without its greatest length" : "list",
                   open(value, Kind::kList));
  }
  if (kind == ValueKind::kTensor) return make_tensor(value);
  if (kind == ValueKind::kStorage) return make_storage(value);
  if (kind == ValueKind::kScalar) return make_scalar(value);
  if (kind == ValueKind::kArray) return make_array(value);
  return make_record(value);
}

PlainForm::Id PlainForm::make_small(const ValueView& value) {
  if (value.kind() == ValueKind::kNone) return values_.none();
  if (value.kind() == ValueKind::kBool) return values_.boolean(value.get_or(false));
  if (value.kind() == ValueKind::kFloat) return values_.real(value.get_or(0.0));
  if (value.kind() == ValueKind::kComplex) {
    const Values parts = value.arguments();
    return values_.call(values_.global("__builtin__", "complex"),
                        {values_.real(parts[0].get_or(0.0)), values_.real(parts[1].get_or(0.0))});
  }
  if (const auto number = value.get<std::int64_t>()) return values_.integer(*number);
  if (const auto number = value.get<std::uint64_t>()) return unsigned_integer(*number);
  constexpr std::size_t kLongest = 255;
  if (value.raw().size() <= kLongest) return values_.integer(value.raw());
  return as(value, "text, hexadecimal", values_.own_text(hexadecimal(value.raw())));
}

PlainForm::Id PlainForm::unsigned_integer(std::uint64_t number) {
  std::vector<std::byte>& bytes = contents_.emplace_back(sizeof number + 1);  // the last: no sign
  for (std::size_t i = 0; i < sizeof number; ++i)
    bytes[i] = static_cast<std::byte>(number >> (8 * i));
  return values_.integer(bytes);
}

PlainForm::Id PlainForm::make_text(const ValueView& value) {
  if (value.raw().size() > kMostText / 2)
    return refuse(value, Error(ErrorCode::kLimit, "a text that is too long for a pickle"), "");
  return value.is_latin1() ? values_.own_text(value.get_or<std::string>(""))
                           : values_.text(value.raw());
}

PlainForm::Id PlainForm::make_bytes(base::Bytes bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const std::byte byte : bytes) {
    const auto number = std::to_integer<unsigned>(byte);
    if (number >= 0x80) text += static_cast<char>(static_cast<unsigned char>(0xC0 | number >> 6));
    text += static_cast<char>(
        static_cast<unsigned char>(number < 0x80 ? number : 0x80 | (number & 0x3F)));
  }
  return values_.call(values_.global("_codecs", "encode"),
                      {values_.own_text(std::move(text)), values_.constant("latin1")});
}

PlainForm::Id PlainForm::open(const ValueView& value, Kind kind, bool is_in_key) {
  const Id id = values_.container(kind);
  open_.push_back({value, id, is_in_key});
  return id;
}

void PlainForm::fill(const Open& open) {
  if (is_unknown(open.value.kind())) {
    fill_unknown(open);
  } else if (open.value.kind() == ValueKind::kArray) {
    fill_array(open);
  } else if (values_[open.id].kind == Kind::kCall) {  // an OrderedDict
    const Values states = open.value.states();
    Id state = PlainValues::kNothing;
    if (states.size() == 1 && states[0].is_dict()) state = form(states[0]);
    if (!states.empty() && state == PlainValues::kNothing)
      refuse(open.value, Error(ErrorCode::kUnsupported, "attributes that are no dict"), "");
    const Id call = values_.global("collections", "OrderedDict");
    const Id nothing = values_.tuple({});
    fill_dict(open, {call, nothing, state}, open.value.items());
  } else if (values_[open.id].kind == Kind::kDict) {
    fill_dict(open, {}, open.value.content());
  } else {
    const bool is_set =
        open.value.kind() == ValueKind::kSet || open.value.kind() == ValueKind::kFrozenSet;
    std::vector<Id> parts;
    Keys members{open.value, {}};
    for (const ValueView& item : open.value.content()) {
      const bool is_kept = !is_dropped(item);
      if (!is_kept) changed(item, Change::Kind::kUnknown, is_set ? "left out" : "None", 0);
      if (!is_kept && is_set) continue;
      parts.push_back(is_kept ? form(item, open.is_in_key) : values_.none());
      if (is_set) members.forms.emplace_back(item, parts.back());
    }
    if (values_[open.id].kind == Kind::kList) check_later(std::move(members));
    values_.set_parts(open.id, parts);
  }
}

void PlainForm::fill_dict(const Open& open, std::vector<Id> parts, Values items) {
  Keys keys{open.value, {}};
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (is_dropped(items[i]) || is_dropped(items[i + 1])) {
      changed(items[i + 1], Change::Kind::kUnknown, "left out", 0);
      continue;
    }
    keys.forms.emplace_back(items[i], form(items[i], true));
    parts.push_back(keys.forms.back().second);
    parts.push_back(form(items[i + 1]));
  }
  check_later(std::move(keys));
  values_.set_parts(open.id, parts);
}

// What is written as it is was told apart before. The forms of the others are complete at the end.
void PlainForm::check_later(Keys keys) {
  const auto is_same = [](const auto& key) {
    const ValueKind kind = key.first.kind();
    return kind <= ValueKind::kBytes && kind != ValueKind::kMissing &&
           (kind != ValueKind::kInteger || key.first.raw().size() <= sizeof(std::int64_t));
  };
  if (!std::ranges::all_of(keys.forms, is_same)) keys_.push_back(std::move(keys));
}

// Two keys that become one would lose a value.
void PlainForm::check_keys(const Keys& keys) {
  std::unordered_set<std::string> seen;
  for (const auto& [key, id] : keys.forms) {
    auto text = writing::key_text(values_, id);
    if (!text) {
      refuse(key, Error(ErrorCode::kUnsupported, "its plain form cannot be a key"), "");
    } else if (!seen.insert(*std::move(text)).second) {
      refuse(keys.holder, Error(ErrorCode::kMismatch, "two keys that become equal"), "");
    }
  }
}

bool PlainForm::is_dropped(const ValueView& value) const {
  return options_.unknown == Unknown::kDrop && is_unknown(value.kind()) &&
         !records::is_module(value);
}

PlainForm::Id PlainForm::make_unknown(const ValueView& value) {
  if (records::is_module(value)) return make_module(value);
  const std::string title = "an object of " + value.class_name();
  if (options_.unknown == Unknown::kRefuse || options_.unknown == Unknown::kDrop)
    return refuse(value, Error(ErrorCode::kUnsupported, "a class that is not known").about(title),
                  "say with `unknown` what becomes of it: drop, dict or record");
  const bool is_more = !value.arguments().empty() || !value.keywords().empty() ||
                       !value.list_items().empty() || !value.set_items().empty();
  if (options_.unknown == Unknown::kDict && (is_more || !attribute_dicts(value)))
    return refuse(value, Error(ErrorCode::kUnsupported, "more than attributes").about(title),
                  "`unknown` record keeps it, drop leaves it out");
  const bool is_record = options_.unknown == Unknown::kRecord;
  return changed(value, Change::Kind::kUnknown, is_record ? "dict of its parts" : "dict",
                 open(value, Kind::kDict));
}

void PlainForm::fill_unknown(const Open& open) {
  const ValueView& value = open.value;
  std::vector<Id> parts;
  Keys keys{value, {}};
  const auto add_pair = [&](const ValueView& key, Id name, Id part) {
    keys.forms.emplace_back(key, name);
    parts.insert(parts.end(), {name, part});
  };
  const auto add = [&](std::string_view name, Id part) {
    add_pair(value, values_.constant(name), part);
  };
  const auto add_list = [&](std::string_view name, const Values& items) {
    if (items.empty()) return;
    std::vector<Id> made;
    for (const ValueView& item : items) made.push_back(form(item));
    const Id list = values_.container(Kind::kList);
    values_.set_parts(list, made);
    add(name, list);
  };
  if (options_.unknown == Unknown::kRecord) {
    add("__class__", values_.own_text(full_name(value)));
    add_list("args", value.arguments());
    add_list("keywords", value.keywords());
    add_list("items", value.list_items());
    add_list("pairs", value.dict_items());
    add_list("members", value.set_items());
  } else {
    const Values items = value.dict_items();
    for (std::size_t i = 0; i + 1 < items.size(); i += 2)
      add_pair(items[i], form(items[i], true), form(items[i + 1]));
  }
  const auto dicts = attribute_dicts(value);
  if (!dicts) add_list("states", value.states());
  for (const ValueView& dict : dicts.value_or(std::vector<ValueView>())) {
    const Values items = dict.items();
    for (std::size_t i = 0; i + 1 < items.size(); i += 2)
      add_pair(items[i], form(items[i], true), form(items[i + 1]));
  }
  keys_.push_back(std::move(keys));
  values_.set_parts(open.id, parts);
}

PlainForm::Id PlainForm::make_module(const ValueView& value) {
  records::WeightNames names;
  const Status added = records::add_module(value, names);
  if (!added) return refuse(value, added.error(), "");
  const StateDict weights = names.take();
  std::vector<Id> parts = {values_.global("collections", "OrderedDict"), values_.tuple({}),
                           PlainValues::kNothing};
  for (const auto& [name, tensor] : weights) {
    parts.push_back(values_.own_text(std::string(name)));
    if (tensor.is_quantized())
      return refuse(value,
                    Error(ErrorCode::kUnsupported, "a module with a quantized tensor").about(name),
                    "");
    parts.push_back(plain_tensor(ValueView(), tensor, false));
  }
  const Id made = values_.container(Kind::kCall);
  values_.set_parts(made, parts);
  return has_other_tensors(value, weights)
             ? changed(value, Change::Kind::kLossy, "its state_dict(), without tensors beside it",
                       made)
             : as(value, "its state_dict()", made);
}

// Whether a module holds tensors that its state_dict() does not, other than buffers that are not
// meant to be saved. Yes where it is too large to tell.
bool PlainForm::has_other_tensors(const ValueView& module, const StateDict& weights) {
  std::unordered_set<std::uint32_t> known;
  for (const auto& [name, tensor] : weights) known.insert(tensor.id());
  std::unordered_set<std::uint32_t> seen = {module.id()};
  std::vector<std::uint32_t> waiting = {module.id()};
  bool has_others = false;
  while (!waiting.empty() && !has_others) {
    const std::uint32_t id = waiting.back();
    waiting.pop_back();
    if (looked_at_++ > kMostLooks) return true;
    const ValueView value = checkpoint_.value(id);
    if (value.kind() == ValueKind::kTensor)
      has_others |= !known.contains(value.tensor()->id());
    else if (value.kind() == ValueKind::kStorage || value.kind() == ValueKind::kArray)
      has_others = true;
    if (const ValueView buffers = value.attribute("_buffers"); buffers.is_dict())
      for (const ValueView& buffer : buffers.items())
        if (buffer.kind() == ValueKind::kTensor) known.insert(buffer.tensor()->id());
    state_.graph().for_each_child(id, [&](const types::Edge&, std::uint32_t child) {
      if (seen.insert(child).second) waiting.push_back(child);
    });
  }
  return has_others;
}

PlainForm::Id PlainForm::changed(const ValueView& value, Change::Kind kind, std::string to, Id id) {
  if (kind == Change::Kind::kLossy && !options_.lossy)
    return refuse(
        value, Error(ErrorCode::kUnsupported, "it would lose something").about(value.class_name()),
        "allow it with `lossy`; it becomes: " + to);
  changes_.push_back(
      {kind, state_.graph().path(state_.edges(), value.id()), value.class_name(), std::move(to)});
  return id;
}

PlainForm::Id PlainForm::refuse(const ValueView& value, const Error& error, std::string hint) {
  // Only calls know where in the pickle they stand.
  const bool is_call = (state_.tape()[value.id()].flags & pickle::kFromCall) != 0;
  Issue issue =
      is_call ? state_.describe_at(value.id(), error.at(state_.tape().call(value.id()).offset))
              : container::describe(error);
  issue.path = state_.graph().path(state_.edges(), value.id());
  issue.hint = std::move(hint);
  refusals_.push_back(std::move(issue));
  return values_.none();
}

}  // namespace safe_load::api
