#include "safe_load/value.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "api/elements.h"
#include "api/state.h"
#include "base/text.h"
#include "types/date_time.h"

namespace safe_load {

using pickle::Kind;
using pickle::kNoNode;
using pickle::Node;
using pickle::NodeId;
using types::Meaning;

namespace {

struct Named {
  ValueKind kind;
  std::string_view text;
};

constexpr Named kNames[] = {
    {ValueKind::kMissing, "missing"},
    {ValueKind::kNone, "None"},
    {ValueKind::kBool, "bool"},
    {ValueKind::kInteger, "int"},
    {ValueKind::kFloat, "float"},
    {ValueKind::kComplex, "complex"},
    {ValueKind::kText, "str"},
    {ValueKind::kBytes, "bytes"},
    {ValueKind::kByteArray, "bytearray"},
    {ValueKind::kTuple, "tuple"},
    {ValueKind::kList, "list"},
    {ValueKind::kDeque, "collections.deque"},
    {ValueKind::kDict, "dict"},
    {ValueKind::kOrderedDict, "collections.OrderedDict"},
    {ValueKind::kDefaultDict, "collections.defaultdict"},
    {ValueKind::kCounter, "collections.Counter"},
    {ValueKind::kSet, "set"},
    {ValueKind::kFrozenSet, "frozenset"},
    {ValueKind::kSymbol, "symbol"},
    {ValueKind::kTensor, "tensor"},
    {ValueKind::kStorage, "storage"},
    {ValueKind::kArray, "numpy.ndarray"},
    {ValueKind::kScalar, "numpy scalar"},
    {ValueKind::kArrayDtype, "numpy.dtype"},
    {ValueKind::kRange, "range"},
    {ValueKind::kSlice, "slice"},
    {ValueKind::kDateTime, "datetime.datetime"},
    {ValueKind::kDate, "datetime.date"},
    {ValueKind::kTime, "datetime.time"},
    {ValueKind::kTimeDelta, "datetime.timedelta"},
    {ValueKind::kTimezone, "datetime.timezone"},
    {ValueKind::kPosixPath, "pathlib.PurePosixPath"},
    {ValueKind::kWindowsPath, "pathlib.PureWindowsPath"},
    {ValueKind::kNamespace, "argparse.Namespace"},
    {ValueKind::kSimpleNamespace, "types.SimpleNamespace"},
    {ValueKind::kDecimal, "decimal.Decimal"},
    {ValueKind::kFraction, "fractions.Fraction"},
    {ValueKind::kUuid, "uuid.UUID"},
    {ValueKind::kTypeOf, "type"},
    {ValueKind::kSize, "torch.Size"},
    {ValueKind::kDevice, "torch.device"},
    {ValueKind::kLayout, "torch.layout"},
    {ValueKind::kTorchVersion, "torch.torch_version.TorchVersion"},
    {ValueKind::kAttributeOf, "attribute reference"},
    {ValueKind::kPartial, "functools.partial"},
    {ValueKind::kOpaque, "object"},
    {ValueKind::kDamaged, "damaged value"},
};

struct RecordName {
  Meaning meaning;
  ValueKind kind;
};

constexpr RecordName kRecords[] = {
    {Meaning::kRange, ValueKind::kRange},
    {Meaning::kSlice, ValueKind::kSlice},
    {Meaning::kDateTime, ValueKind::kDateTime},
    {Meaning::kDate, ValueKind::kDate},
    {Meaning::kTime, ValueKind::kTime},
    {Meaning::kTimeDelta, ValueKind::kTimeDelta},
    {Meaning::kTimezone, ValueKind::kTimezone},
    {Meaning::kPosixPath, ValueKind::kPosixPath},
    {Meaning::kWindowsPath, ValueKind::kWindowsPath},
    {Meaning::kNamespace, ValueKind::kNamespace},
    {Meaning::kSimpleNamespace, ValueKind::kSimpleNamespace},
    {Meaning::kDecimal, ValueKind::kDecimal},
    {Meaning::kFraction, ValueKind::kFraction},
    {Meaning::kUuid, ValueKind::kUuid},
    {Meaning::kTypeOf, ValueKind::kTypeOf},
    {Meaning::kSize, ValueKind::kSize},
    {Meaning::kDevice, ValueKind::kDevice},
    {Meaning::kLayout, ValueKind::kLayout},
    {Meaning::kTorchVersion, ValueKind::kTorchVersion},
};

ValueKind record_kind(std::uint16_t meaning) {
  for (const RecordName& row : kRecords)
    if (static_cast<std::uint16_t>(row.meaning) == meaning) return row.kind;
  return ValueKind::kOpaque;
}

ValueKind dict_kind(std::uint16_t dict_class) {
  if (dict_class == types::kOrderedDict) return ValueKind::kOrderedDict;
  if (dict_class == types::kDefaultDict) return ValueKind::kDefaultDict;
  return dict_class == types::kCounter ? ValueKind::kCounter : ValueKind::kDict;
}

ValueKind opaque_kind(std::uint16_t opaque_class) {
  if (opaque_class == types::kAttributeOf) return ValueKind::kAttributeOf;
  return opaque_class == types::kPartial ? ValueKind::kPartial : ValueKind::kOpaque;
}

ValueKind kind_of(const Node& node) {
  switch (node.kind) {
    case Kind::kNone:
      return ValueKind::kNone;
    case Kind::kBool:
      return ValueKind::kBool;
    case Kind::kInt:
    case Kind::kBigInt:
      return ValueKind::kInteger;
    case Kind::kFloat:
      return ValueKind::kFloat;
    case Kind::kComplex:
      return ValueKind::kComplex;
    case Kind::kText:
      return ValueKind::kText;
    case Kind::kBytes:
      return ValueKind::kBytes;
    case Kind::kByteArray:
      return ValueKind::kByteArray;
    case Kind::kTuple:
      return ValueKind::kTuple;
    case Kind::kList:
      return node.aux == types::kDeque ? ValueKind::kDeque : ValueKind::kList;
    case Kind::kDict:
      return dict_kind(node.aux);
    case Kind::kSet:
      return ValueKind::kSet;
    case Kind::kFrozenSet:
      return ValueKind::kFrozenSet;
    case Kind::kSymbol:
      return ValueKind::kSymbol;
    case Kind::kTensor:
      return ValueKind::kTensor;
    case Kind::kStorage:
      return ValueKind::kStorage;
    case Kind::kArray:
      return ValueKind::kArray;
    case Kind::kScalar:
      return ValueKind::kScalar;
    case Kind::kArrayDtype:
      return ValueKind::kArrayDtype;
    case Kind::kRecord:
      return record_kind(node.aux);
    case Kind::kOpaque:
      return opaque_kind(node.aux);
    case Kind::kPy2Text:
    case Kind::kPersistent:
    case Kind::kCall:
    case Kind::kError:
      return ValueKind::kDamaged;
  }
  return ValueKind::kDamaged;
}

}  // namespace

std::string_view to_text(ValueKind kind) {
  for (const Named& row : kNames)
    if (row.kind == kind) return row.text;
  return "";
}

ValueKind ValueView::kind() const {
  return is_missing() ? ValueKind::kMissing : kind_of((*state_->tape)[id_]);
}

bool ValueView::is_dict() const {
  return !is_missing() && (*state_->tape)[id_].kind == Kind::kDict;
}

std::string ValueView::class_name() const {
  const ValueKind own = kind();
  if (own != ValueKind::kOpaque) return std::string(to_text(own));
  const ValueView made_by = callee();
  if (made_by.kind() == ValueKind::kSymbol)
    return base::escaped(made_by.module()) + '.' + base::escaped(made_by.name());
  if (made_by.kind() == ValueKind::kAttributeOf && made_by.arguments().size() == 2)
    return made_by.arguments()[0].class_name() + '.' +
           base::escaped(made_by.arguments()[1].get_or<std::string>("?"));
  return made_by.class_name();
}

// ---- containers

Values ValueView::items() const {
  if (is_missing()) return {nullptr, {}};
  return {state_, state_->tape->items(id_)};
}

std::size_t ValueView::size() const { return is_dict() ? items().size() / 2 : items().size(); }

ValueView ValueView::find(std::span<const std::uint32_t> pairs, std::string_view key) const {
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const Node& node = (*state_->tape)[pairs[i]];
    const bool is_text = node.kind == Kind::kText || node.kind == Kind::kBytes;
    if (is_text && state_->tape->text(pairs[i]) == key) return {state_, pairs[i + 1]};
  }
  return {};
}

ValueView ValueView::operator[](std::string_view key) const {
  if (is_missing()) return {};
  const ValueView item = is_dict() ? find(items().ids_, key) : find(dict_items().ids_, key);
  return item.is_missing() ? attribute(key) : item;
}

ValueView ValueView::operator[](std::int64_t key) const {
  if (is_missing()) return {};
  if (!is_dict()) {
    const Values all = kind() == ValueKind::kOpaque ? list_items() : items();
    const bool inside = key >= 0 && static_cast<std::uint64_t>(key) < all.size();
    return inside ? all[static_cast<std::size_t>(key)] : ValueView();
  }
  const Values pairs = items();
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    const Node& node = (*state_->tape)[pairs[i].id_];
    if (node.kind == Kind::kInt && static_cast<std::int64_t>(node.payload) == key)
      return pairs[i + 1];
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
  if (kind() == ValueKind::kBool) return (*state_->tape)[id_].payload != 0;
  if (kind() == ValueKind::kScalar && state_->meaning->array_dtypes()[array()->dtype_].kind == 'b')
    return array()->bytes()[0] != std::byte{0};
  return mismatch("not a bool");
}

Result<std::int64_t> ValueView::get_integer() const {
  if (kind() == ValueKind::kScalar) {
    if (const auto value = scalar_as_integer(*array())) return *value;
  }
  if (is_missing() || (*state_->tape)[id_].kind != Kind::kInt)
    return mismatch("not an integer of 64 bits");
  return static_cast<std::int64_t>((*state_->tape)[id_].payload);
}

Result<std::uint64_t> ValueView::get_unsigned() const {
  if (kind() == ValueKind::kInteger && raw().size() == 9 && raw()[8] == std::byte{0})
    return base::load_little<std::uint64_t>(raw().data());
  auto value = get_integer();
  if (!value) return value.error();
  if (*value < 0) return mismatch("a negative integer");
  return static_cast<std::uint64_t>(*value);
}

Result<double> ValueView::get_double() const {
  if (kind() == ValueKind::kFloat) return std::bit_cast<double>((*state_->tape)[id_].payload);
  if (kind() == ValueKind::kScalar) {
    if (const auto value = scalar_as_double(*array())) return *value;
  }
  auto integer = get_integer();
  if (!integer) return mismatch("not a number");
  const auto value = static_cast<double>(*integer);
  const bool exact = std::fabs(value) <= 9007199254740992.0;  // 2^53
  if (!exact) return mismatch("an integer that no double can hold exactly");
  return value;
}

Result<std::string_view> ValueView::get_text() const {
  if (kind() != ValueKind::kText) return mismatch("not text");
  return state_->tape->text(id_);
}

std::string ValueView::get_transcoded() const {
  const std::string_view text = state_->tape->text(id_);
  if (!is_latin1()) return std::string(text);
  std::string utf8;
  for (const char c : text) base::append_utf8(utf8, static_cast<std::uint8_t>(c));
  return utf8;
}

std::span<const std::byte> ValueView::raw() const {
  if (is_missing()) return {};
  const Kind own = (*state_->tape)[id_].kind;
  const bool has_text =
      own == Kind::kText || own == Kind::kBytes || own == Kind::kByteArray || own == Kind::kBigInt;
  return has_text ? base::as_bytes(state_->tape->text(id_)) : base::Bytes();
}

bool ValueView::is_latin1() const {
  return !is_missing() && ((*state_->tape)[id_].flags & pickle::kLatin1) != 0;
}

Result<TensorView> ValueView::tensor() const {
  if (kind() != ValueKind::kTensor) return mismatch("not a tensor");
  return TensorView(state_, static_cast<std::uint32_t>((*state_->tape)[id_].payload));
}

Result<StorageView> ValueView::storage() const {
  if (kind() != ValueKind::kStorage) return mismatch("not a storage");
  return StorageView(state_, static_cast<std::uint32_t>((*state_->tape)[id_].payload));
}

Result<ArrayView> ValueView::array() const {
  const std::uint32_t number = is_missing() ? 0 : (*state_->tape)[id_].count;
  if (kind() == ValueKind::kArrayDtype) return ArrayView(state_, number, ArrayView::kNoArray);
  if (kind() != ValueKind::kArray && kind() != ValueKind::kScalar)
    return mismatch("not a NumPy array, scalar or dtype");
  return ArrayView(state_, state_->meaning->arrays()[number].dtype, number);
}

// ---- records

Dims ValueView::fields() const {
  Dims numbers;
  const ValueKind own = kind();
  const Values given = arguments();
  if (own == ValueKind::kSize) {
    const Values sizes = given[0].items();
    for (std::size_t i = 0; i < sizes.size(); ++i)
      numbers.push_back(sizes[i].get_or<std::int64_t>(0));
  } else if (own == ValueKind::kRange || own == ValueKind::kTimeDelta) {
    for (std::size_t i = 0; i < given.size(); ++i)
      numbers.push_back(given[i].get_or<std::int64_t>(0));
  } else if (own == ValueKind::kDateTime || own == ValueKind::kDate || own == ValueKind::kTime) {
    const std::string_view packed = state_->tape->text(given[0].id_);
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
  if (state == nullptr || ((*state->tape)[id].flags & pickle::kFromCall) == 0) return nullptr;
  return &state->tape->call(id);
}

}  // namespace

Values ValueView::arguments() const {
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr || call->arguments == kNoNode) return {state_, {}};
  return {state_, state_->tape->items(call->arguments)};
}

Values ValueView::keywords() const {
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr || call->keywords == kNoNode) return {state_, {}};
  return {state_, state_->tape->items(call->keywords)};
}

Values ValueView::list_items() const {
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr) return {state_, {}};
  return {state_, state_->tape->items(call->list_items)};
}

Values ValueView::dict_items() const {
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr) return {state_, {}};
  return {state_, state_->tape->items(call->dict_items)};
}

Values ValueView::set_items() const {
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr) return {state_, {}};
  return {state_, state_->tape->items(call->set_items)};
}

Values ValueView::states() const {
  if (kind() == ValueKind::kTensor) {
    const NodeId& given = state_->meaning->attributes()[(*state_->tape)[id_].payload];
    return {state_, std::span(&given, given == kNoNode ? 0u : 1u)};
  }
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr) return {state_, {}};
  return {state_, state_->tape->items(call->states)};
}

ValueView ValueView::callee() const {
  const pickle::Call* call = call_of(state_, id_);
  if (call == nullptr) return {};
  const Node& made_by = (*state_->tape)[call->callee];
  if (made_by.kind == Kind::kSymbol) {
    // copyreg's helpers name the class in their first argument.
    const types::Known* row = state_->meaning->known(call->callee);
    const bool is_helper = row != nullptr && row->meaning >= Meaning::kReconstructor &&
                           row->meaning <= Meaning::kNewObjectEx;
    if (is_helper && !arguments().empty()) return arguments()[0];
  }
  return {state_, call->callee};
}

std::string_view ValueView::module() const {
  if (kind() == ValueKind::kSymbol) return state_->tape->symbol(id_).module;
  const ValueView made_by = callee();
  return made_by.kind() == ValueKind::kSymbol ? made_by.module() : std::string_view();
}

std::string_view ValueView::name() const {
  if (kind() == ValueKind::kSymbol) return state_->tape->symbol(id_).name;
  const ValueView made_by = callee();
  return made_by.kind() == ValueKind::kSymbol ? made_by.name() : std::string_view();
}

bool ValueView::is_known() const {
  return kind() == ValueKind::kSymbol && state_->meaning->known(id_) != nullptr;
}

std::uint32_t ValueView::completed_at() const {
  return is_missing() ? 0 : state_->tape->changed_at(id_);
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

// ---- arrays

std::string ArrayView::dtype() const { return state_->meaning->array_dtypes()[dtype_].text(); }
std::uint64_t ArrayView::item_size() const {
  return state_->meaning->array_dtypes()[dtype_].itemsize;
}
bool ArrayView::has_objects() const {
  return state_->meaning->array_dtypes()[dtype_].has_objects();
}
bool ArrayView::is_record() const { return state_->meaning->array_dtypes()[dtype_].is_record; }
bool ArrayView::is_aligned() const { return state_->meaning->array_dtypes()[dtype_].is_aligned; }

std::size_t ArrayView::field_count() const {
  return state_->meaning->array_dtypes()[dtype_].fields.size();
}

ArrayView::Field ArrayView::field(std::size_t i) const {
  const types::ArrayField& field = state_->meaning->array_dtypes()[dtype_].fields[i];
  const pickle::Tape& tape = *state_->tape;
  const bool has_title = field.title != kNoNode && tape[field.title].kind == Kind::kText;
  return {tape.text(field.name), has_title ? std::optional(tape.text(field.title)) : std::nullopt,
          field.offset, ArrayView(state_, field.dtype, kNoArray)};
}

std::optional<ArrayView> ArrayView::base() const {
  const std::uint32_t base = state_->meaning->array_dtypes()[dtype_].base;
  if (base == types::kNoDtype) return std::nullopt;
  return ArrayView(state_, base, kNoArray);
}

Dims ArrayView::base_shape() const {
  const NodeId shape = state_->meaning->array_dtypes()[dtype_].shape;
  Dims dims;
  if (shape == kNoNode) return dims;
  const pickle::Tape& tape = *state_->tape;
  if (tape[shape].kind == Kind::kInt)
    dims.push_back(static_cast<std::int64_t>(tape[shape].payload));
  for (const NodeId id : tape.items(shape))
    dims.push_back(static_cast<std::int64_t>(tape[id].payload));
  return dims;
}

std::string_view ArrayView::class_name() const {
  if (array_ == kNoArray) return "numpy.dtype";
  const NodeId array_class = state_->meaning->arrays()[array_].array_class;
  const bool is_plain =
      array_class == kNoNode || state_->tape->symbol(array_class).name == "ndarray";
  return is_plain ? "numpy.ndarray" : "numpy.memmap";
}

Dims ArrayView::shape() const {
  Dims dims;
  if (array_ == kNoArray) return dims;
  const types::Array& array = state_->meaning->arrays()[array_];
  if (array.shape == kNoNode) return dims;
  const pickle::Tape& tape = *state_->tape;
  const std::span<const NodeId> sizes = tape.items(array.shape);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::size_t axis =
        array.axes == kNoNode ? i
                              : static_cast<std::size_t>(tape[tape.items(array.axes)[i]].payload);
    dims.push_back(static_cast<std::int64_t>(tape[sizes[axis]].payload));
  }
  return dims;
}

Dims ArrayView::strides() const {
  Dims strides;
  if (array_ == kNoArray) return strides;
  const types::Array& array = state_->meaning->arrays()[array_];
  if (array.shape == kNoNode) return strides;
  const pickle::Tape& tape = *state_->tape;
  const std::span<const NodeId> sizes = tape.items(array.shape);
  std::array<std::int64_t, Dims::kMost> own{};
  std::int64_t step = has_objects() ? 1 : static_cast<std::int64_t>(item_size());
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    // Lists of objects are in row-major order, whatever the flag says.
    const bool from_front = array.is_fortran && !has_objects();
    const std::size_t axis = from_front ? i : sizes.size() - 1 - i;
    own[axis] = step;
    step *= std::max<std::int64_t>(1, static_cast<std::int64_t>(tape[sizes[axis]].payload));
  }
  for (std::size_t i = 0; i < sizes.size(); ++i)
    strides.push_back(own[array.axes == kNoNode
                              ? i
                              : static_cast<std::size_t>(tape[tape.items(array.axes)[i]].payload)]);
  return strides;
}

std::span<const std::byte> ArrayView::bytes() const {
  if (array_ == kNoArray || has_objects()) return {};
  return base::as_bytes(state_->tape->text(state_->meaning->arrays()[array_].data));
}

Values ArrayView::elements() const {
  if (array_ == kNoArray || !has_objects()) return {state_, {}};
  return {state_, state_->tape->items(state_->meaning->arrays()[array_].data)};
}

}  // namespace safe_load
