#include "safe_load/value.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include "api/scalar.h"
#include "api/state.h"
#include "api/value_kind.h"
#include "base/text.h"
#include "safe_load/record_class.h"
#include "types/date_time.h"

namespace safe_load {
inline namespace v0 {

using pickle::Kind;
using pickle::kNoNode;
using pickle::Node;
using pickle::NodeId;
using types::Meaning;

ValueKind ValueView::kind() const {
  return is_missing() ? ValueKind::kMissing : api::kind_of(state_->tape()[id_]);
}

bool ValueView::is_dict() const { return !is_missing() && state_->tape()[id_].kind == Kind::kDict; }

std::string ValueView::class_name() const {
  const ValueKind own = kind();
  if (own == ValueKind::kArray) return "numpy." + std::string(whole_array().class_name());
  const bool has_own_name =
      own == ValueKind::kOpaque || own == ValueKind::kIpAddress || own == ValueKind::kOwnRecord;
  if (!has_own_name) return std::string(to_text(own));
  return callee().callable_name();
}

// The name of what can be called: a symbol, an attribute of something, or what a call gave. Long
// chains (which no honest file has) lose their beginning.
std::string ValueView::callable_name() const {
  constexpr int kMostSteps = 16;
  std::string attributes;
  ValueView value = *this;
  for (int step = 0; step < kMostSteps; ++step) {
    const ValueKind own = value.kind();
    if (own == ValueKind::kSymbol)
      return base::escaped(value.module()) + '.' + base::escaped(value.name()) + attributes;
    if (own == ValueKind::kAttributeOf) {
      const ValueView attribute = value.arguments()[1];
      const bool is_text = attribute.kind() == ValueKind::kText;
      attributes.insert(0, '.' + base::escaped(is_text ? attribute.get_transcoded() : "?"));
      value = value.arguments()[0];
    } else if (own == ValueKind::kOpaque) {
      value = value.callee();
    } else {
      return std::string(to_text(own)) + attributes;
    }
  }
  return "..." + attributes;
}

// ---- containers

Values ValueView::items() const {
  if (is_missing()) return {nullptr, {}};
  return {state_, state_->tape().items(id_)};
}

std::size_t ValueView::size() const { return is_dict() ? items().size() / 2 : items().size(); }

ValueView ValueView::find(std::span<const std::uint32_t> pairs, std::string_view key) const {
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const Node& node = state_->tape()[pairs[i]];
    const bool is_text = node.kind == Kind::kText || node.kind == Kind::kBytes;
    if (!is_text) continue;
    const bool is_it = (node.flags & pickle::kLatin1) != 0
                           ? ValueView(state_, pairs[i]).get_transcoded() == key
                           : state_->tape().text(pairs[i]) == key;
    if (is_it) return {state_, pairs[i + 1]};
  }
  return {};
}

namespace {

const RecordClass* record_class(const ValueView& value) {
  const bool is_record = value.kind() == ValueKind::kOpaque;
  return is_record ? find_record_class(value.module(), value.name()) : nullptr;
}

// What a container of a known package keeps its items in; itself if it is none.
ValueView kept_by(const ValueView& value) {
  const RecordClass* known = record_class(value);
  if (known == nullptr) return value;
  if (known->form == RecordForm::kContent) return value.attribute(known->attribute);
  if (known->form != RecordForm::kArgument) return value;
  const Values given = value.arguments();
  return given.empty() ? ValueView() : given[0];
}

// The value whose items are those of `value`: itself, or of a config the dict or list that it
// keeps, perhaps in a container of its own. kMissing if a config keeps something else.
ValueView container_of(const ValueView& value) {
  const ValueView own = kept_by(value);
  if (own == value) return value;
  const ValueView kept = kept_by(own);
  return kept.is_dict() || kept.kind() == ValueKind::kList ? kept : ValueView();
}

// Of an object that a class made from values alone: those of a named tuple. One plain value is
// rather that of an enumeration, or of a subclass of str.
bool is_named_tuple(const ValueView& object) {
  const Values given = object.arguments();
  if (object.how() != "newobj" || given.empty()) return false;
  const ValueKind first = given[0].kind();
  const bool is_plain = first >= ValueKind::kNone && first <= ValueKind::kByteArray;
  return (given.size() > 1 || !is_plain) && object.states().empty() && object.set_items().empty();
}

// What a record stands for; kMissing if it stands for itself.
ValueView stood_for(const ValueView& value) {
  const RecordClass* known = record_class(value);
  if (known == nullptr) return {};
  if (known->form == RecordForm::kMember)
    return value.arguments().size() == 1 ? value.arguments()[0] : ValueView();
  const ValueView kept = known->attribute.empty() ? ValueView() : value.attribute(known->attribute);
  // A container that is None or an interpolation stands for that.
  const bool is_value = known->form == RecordForm::kValue || kept.kind() == ValueKind::kNone ||
                        kept.kind() == ValueKind::kText;
  return is_value ? kept : ValueView();
}

}  // namespace

ValueView ValueView::resolved() const {
  constexpr int kMostSteps = 16;  // a node may claim to hold itself
  ValueView value = *this;
  for (int step = 0; step < kMostSteps; ++step) {
    const ValueView kept = stood_for(value);
    if (kept.is_missing()) return value;
    value = kept;
  }
  return value;
}

bool ValueView::is_mapping() const {
  const ValueView holder = container_of(*this);
  const RecordClass* known = record_class(*this);
  if (holder.is_missing()) return known != nullptr && known->form == RecordForm::kArgument;
  if (holder.kind() != ValueKind::kOpaque) return holder.is_dict();
  if (!holder.list_items().empty()) return false;
  return !holder.dict_items().empty() || (known != nullptr && known->form == RecordForm::kItems);
}

Values ValueView::content() const {
  const ValueView holder = container_of(*this);
  if (holder.kind() != ValueKind::kOpaque) return holder.items();
  if (const Values added = holder.list_items(); !added.empty()) return added;
  if (const Values added = holder.dict_items(); !added.empty()) return added;
  return is_named_tuple(holder) ? holder.arguments() : holder.set_items();
}

ValueView ValueView::operator[](std::string_view key) const {
  if (is_missing()) return {};
  const ValueView holder = container_of(*this);
  const Values pairs = holder.is_dict() ? holder.items() : holder.dict_items();
  const ValueView item = find(pairs.ids_, key);
  return (item.is_missing() ? attribute(key) : item).resolved();
}

ValueView ValueView::item(std::int64_t key) const {
  if (is_missing()) return {};
  const Values all = content();
  if (!is_mapping()) {
    const bool inside = key >= 0 && static_cast<std::uint64_t>(key) < all.size();
    return inside ? all[static_cast<std::size_t>(key)].resolved() : ValueView();
  }
  for (std::size_t i = all.size(); i >= 2; i -= 2) {  // of equal keys the last one counts
    const Node& node = state_->tape()[all[i - 2].id_];
    if (node.kind == Kind::kInt && static_cast<std::int64_t>(node.payload) == key)
      return all[i - 1].resolved();
  }
  return {};
}

ValueView ValueView::item(std::uint64_t key) const {
  if (std::in_range<std::int64_t>(key)) return item(static_cast<std::int64_t>(key));
  const Values all = is_mapping() ? content() : Values(nullptr, {});
  for (std::size_t i = all.size(); i >= 2; i -= 2) {
    const bool is_it =
        all[i - 2].kind() == ValueKind::kInteger && all[i - 2].get_or(std::uint64_t{0}) == key;
    if (is_it) return all[i - 1].resolved();
  }
  return {};
}

ValueView ValueView::attribute(std::string_view name) const {
  const Values given = states();
  for (std::size_t i = given.size(); i-- > 0;) {
    const ValueView state = given[i];
    if (state.is_dict()) {
      const ValueView found = state.find(state.items().ids_, name);
      if (!found.is_missing()) return found;
    }
    if (state.kind() != ValueKind::kTuple || state.size() != 2) continue;
    for (const std::size_t part : {1u, 0u}) {  // slots, then attributes
      const ValueView dict = state.items()[part];
      if (!dict.is_dict()) continue;
      const ValueView found = dict.find(dict.items().ids_, name);
      if (!found.is_missing()) return found;
    }
  }
  return {};
}

// ---- plain values

Error ValueView::mismatch(Reason reason) const {
  return Error(ErrorCode::kMismatch, reason).about(class_name());
}

Result<bool> ValueView::get_bool() const {
  if (kind() == ValueKind::kBool) return state_->tape()[id_].payload != 0;
  if (kind() == ValueKind::kScalar && state_->meaning().array_dtypes()[array()->dtype_].kind == 'b')
    return array()->bytes()[0] != std::byte{0};
  return mismatch("not a bool");
}

Result<std::int64_t> ValueView::get_integer() const {
  if (kind() == ValueKind::kScalar) {
    if (const auto value = api::scalar_as_integer(*array())) return *value;
  }
  if (is_missing() || state_->tape()[id_].kind != Kind::kInt)
    return mismatch("not an integer of 64 bits");
  return static_cast<std::int64_t>(state_->tape()[id_].payload);
}

Result<std::uint64_t> ValueView::get_unsigned() const {
  if (kind() == ValueKind::kInteger && raw().size() == 9 && raw()[8] == std::byte{0})
    return base::load_little<std::uint64_t>(raw().data());
  if (kind() == ValueKind::kScalar) {
    if (const auto value = api::scalar_as_unsigned(*array())) return *value;
  }
  auto value = get_integer();
  if (!value) return value.error();
  if (*value < 0) return mismatch("a negative integer");
  return static_cast<std::uint64_t>(*value);
}

Result<double> ValueView::get_double() const {
  if (kind() == ValueKind::kFloat) return std::bit_cast<double>(state_->tape()[id_].payload);
  if (kind() == ValueKind::kScalar) {
    if (const auto value = api::scalar_as_double(*array())) return *value;
  }
  auto integer = get_integer();
  if (!integer) return mismatch("not a number");
  const auto value = static_cast<double>(*integer);
  const bool exact = std::fabs(value) < 9223372036854775808.0 &&  // 2^63
                     static_cast<std::int64_t>(value) == *integer;
  if (!exact) return mismatch("an integer that no double can hold exactly");
  return value;
}

Result<float> ValueView::get_float() const {
  auto wide = get_double();
  if (!wide) return wide.error();
  if (std::isfinite(*wide) && std::fabs(*wide) > std::numeric_limits<float>::max())
    return mismatch("a number beyond the range of float");
  const auto narrow = static_cast<float>(*wide);
  if (narrow != *wide && get_integer())
    return mismatch("an integer that no float can hold exactly");
  return narrow;
}

Result<std::string_view> ValueView::get_text() const {
  if (kind() != ValueKind::kText) return mismatch("not text");
  return state_->tape().text(id_);
}

std::string ValueView::get_transcoded() const {
  const std::string_view text = state_->tape().text(id_);
  if (!is_latin1()) return std::string(text);
  std::string utf8;
  for (const char c : text) base::append_utf8(utf8, static_cast<std::uint8_t>(c));
  return utf8;
}

std::span<const std::byte> ValueView::raw() const {
  if (is_missing()) return {};
  const Kind own = state_->tape()[id_].kind;
  const bool has_text =
      own == Kind::kText || own == Kind::kBytes || own == Kind::kByteArray || own == Kind::kBigInt;
  return has_text ? base::as_bytes(state_->tape().text(id_)) : base::Bytes();
}

bool ValueView::is_latin1() const {
  return !is_missing() && (state_->tape()[id_].flags & pickle::kLatin1) != 0;
}

Result<TensorView> ValueView::tensor() const {
  if (kind() != ValueKind::kTensor) return mismatch("not a tensor");
  return TensorView(state_, static_cast<std::uint32_t>(state_->tape()[id_].payload));
}

Result<StorageView> ValueView::storage() const {
  if (kind() != ValueKind::kStorage) return mismatch("not a storage");
  return StorageView(state_, static_cast<std::uint32_t>(state_->tape()[id_].payload));
}

ArrayView ValueView::whole_array() const {
  const std::uint32_t number = state_->tape()[id_].count;
  return {state_, state_->meaning().arrays()[number].dtype, number};
}

Result<ArrayView> ValueView::array() const {
  if (kind() == ValueKind::kArrayDtype)
    return ArrayView(state_, state_->tape()[id_].count, ArrayView::kNoArray);
  if (kind() != ValueKind::kArray && kind() != ValueKind::kScalar)
    return mismatch("not a NumPy array, scalar or dtype");
  return whole_array();
}

// ---- records

Dims ValueView::fields() const {
  Dims numbers;
  const ValueKind own = kind();
  const Values given = arguments();
  if (own == ValueKind::kSize || own == ValueKind::kStructTime) {
    const Values sizes = given[0].items();
    for (std::size_t i = 0; i < sizes.size(); ++i)
      numbers.push_back(sizes[i].get_or<std::int64_t>(0));
  } else if (own == ValueKind::kRange || own == ValueKind::kTimeDelta) {
    for (std::size_t i = 0; i < given.size(); ++i) {
      const auto number = given[i].get<std::int64_t>();
      if (!number) return {};  // a range beyond 64 bits: arguments() has its numbers
      numbers.push_back(*number);
    }
  } else if (own == ValueKind::kDateTime || own == ValueKind::kDate || own == ValueKind::kTime) {
    const std::string_view packed = state_->tape().text(given[0].id_);
    const auto when = own == ValueKind::kDateTime ? types::read_date_time(packed)
                      : own == ValueKind::kDate   ? types::read_date(packed)
                                                  : types::read_time(packed);
    if (own != ValueKind::kTime)
      for (const int part : {when->year, when->month, when->day}) numbers.push_back(part);
    if (own != ValueKind::kDate)
      for (const int part : {when->hour, when->minute, when->second, when->microsecond, when->fold})
        numbers.push_back(part);
  }
  return numbers;
}

namespace {

const pickle::Call* call_of(const api::State* state, NodeId id) {
  if (state == nullptr || (state->tape()[id].flags & pickle::kFromCall) == 0) return nullptr;
  return &state->tape().call(id);
}

}  // namespace

Values ValueView::arguments() const {
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr || call->arguments == kNoNode) return {state_, {}};
  return {state_, state_->tape().items(call->arguments)};
}

Values ValueView::keywords() const {
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr || call->keywords == kNoNode) return {state_, {}};
  return {state_, state_->tape().items(call->keywords)};
}

Values ValueView::list_items() const {
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr) return {state_, {}};
  return {state_, state_->tape().items(state_->tape().added(*call).list_items)};
}

Values ValueView::dict_items() const {
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr) return {state_, {}};
  return {state_, state_->tape().items(state_->tape().added(*call).dict_items)};
}

Values ValueView::set_items() const {
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr) return {state_, {}};
  return {state_, state_->tape().items(state_->tape().added(*call).set_items)};
}

Values ValueView::states() const {
  if (kind() == ValueKind::kTensor) {
    const NodeId& given = state_->meaning().attributes()[state_->tape()[id_].payload];
    return {state_, std::span(&given, given == kNoNode ? 0u : 1u)};
  }
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr) return {state_, {}};
  return {state_, state_->tape().items(state_->tape().added(*call).states)};
}

ValueView ValueView::callee() const {
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr) return {};
  const Node& made_by = state_->tape()[call->callee];
  if (made_by.kind == Kind::kSymbol) {
    // copyreg's helpers name the class in their first argument.
    const types::Known* row = state_->meaning().known(call->callee);
    const bool is_helper = row != nullptr && row->meaning >= Meaning::kReconstructor &&
                           row->meaning <= Meaning::kNewObjectEx;
    if (is_helper && !arguments().empty()) return arguments()[0];
  }
  return {state_, call->callee};
}

std::string_view ValueView::module() const {
  const ValueView named = kind() == ValueKind::kSymbol ? *this : callee();
  if (named.kind() != ValueKind::kSymbol) return {};
  return state_->tape().symbol(named.id_).module;
}

std::string_view ValueView::name() const {
  const ValueView named = kind() == ValueKind::kSymbol ? *this : callee();
  if (named.kind() != ValueKind::kSymbol) return {};
  return state_->tape().symbol(named.id_).name;
}

bool ValueView::is_known() const {
  return kind() == ValueKind::kSymbol && state_->meaning().known(id_) != nullptr;
}

std::uint32_t ValueView::completed_at() const {
  return is_missing() ? 0 : state_->tape().changed_at(id_);
}

std::string_view ValueView::how() const {
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr) return "";
  switch (call->how) {
    case pickle::How::kReduce:
      return "reduce";
    case pickle::How::kNewObject:
      return "newobj";
    case pickle::How::kNewObjectEx:
      return "newobj_ex";
    case pickle::How::kInst:
      return "inst";
    case pickle::How::kObj:
      return "obj";
  }
  return "";
}

}  // namespace v0
}  // namespace safe_load
