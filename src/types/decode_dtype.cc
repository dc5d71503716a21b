// NumPy dtypes: from numpy.dtype(text) and the state it is given to a checked description.
// docs/format/types-numpy.md lists the versions of the state.
#include <algorithm>
#include <iterator>
#include <optional>

#include "base/checked.h"
#include "base/text.h"
#include "base/try.h"
#include "types/interpreter.h"
#include "types/value_reader.h"

namespace safe_load::types {

using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;

namespace {

// NumPy's flags, as far as pickles carry them. Source: numpy/ndarraytypes.h.
constexpr std::uint8_t kNeedsInit = 0x08;
constexpr std::uint8_t kNeedsPython = 0x10;
constexpr std::uint8_t kObjectFlags = 0x3F;
constexpr std::uint8_t kInheritedFlags = 0x1B;  // what a field or base passes on
constexpr std::uint8_t kAlignedStruct = 0x80;

constexpr std::uint8_t kMaxDepth = 8;
constexpr std::uint64_t kMostParts = 10'000;  // NumPy goes through all of them again and again
constexpr std::uint64_t kBeyond = ~std::uint64_t{0};
constexpr std::string_view kUnits[] = {"Y",  "M",  "W",  "D",  "h",  "m", "s",
                                       "ms", "us", "ns", "ps", "fs", "as"};

struct FixedType {
  std::string_view text;
  char kind;
  std::uint8_t size;
};

constexpr FixedType kFixedTypes[] = {
    {"b1", 'b', 1},   {"i1", 'i', 1},   {"i2", 'i', 2},   {"i4", 'i', 4},   {"i8", 'i', 8},
    {"u1", 'u', 1},   {"u2", 'u', 2},   {"u4", 'u', 4},   {"u8", 'u', 8},   {"f2", 'f', 2},
    {"f4", 'f', 4},   {"f8", 'f', 8},   {"f16", 'f', 16}, {"f12", 'f', 12}, {"c8", 'c', 8},
    {"c16", 'c', 16}, {"c32", 'c', 32}, {"c24", 'c', 24}, {"O8", 'O', 8},   {"O4", 'O', 8},
    {"O", 'O', 8},    {"M8", 'M', 8},   {"m8", 'm', 8},
};

bool has_order(char kind, std::uint64_t size) {
  return kind == 'U' || ((kind == 'i' || kind == 'u' || kind == 'f' || kind == 'c' || kind == 'M' ||
                          kind == 'm') &&
                         size > 1);
}

// The fields of a dtype state, whatever its version.
struct DtypeState {
  NodeId order;
  NodeId subarray;
  NodeId names;
  NodeId fields;
  NodeId size;
  NodeId alignment;
  NodeId flags = kNoNode;
  NodeId metadata = kNoNode;
};

std::optional<DtypeState> read_state(const ValueReader& reader, std::span<const NodeId> s) {
  if (s.empty()) return std::nullopt;
  const auto version = reader.integer(s[0]);
  if (version == 4 && s.size() == 9)
    return DtypeState{s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]};
  if (version == 3 && s.size() == 8)
    return DtypeState{s[1], s[2], s[3], s[4], s[5], s[6], s[7], kNoNode};
  if (version == 2 && s.size() == 7) return DtypeState{s[1], s[2], s[3], s[4], s[5], s[6]};
  // Versions 1 and 0 keep the names in the fields, under the key -1.
  if (version == 1 && s.size() == 6) return DtypeState{s[1], s[2], kNoNode, s[3], s[4], s[5]};
  if (!version && s.size() == 5) return DtypeState{s[0], s[1], kNoNode, s[2], s[3], s[4]};
  return std::nullopt;
}

Error bad_dtype(Reason reason) { return Error(ErrorCode::kCorrupt, reason).about("numpy.dtype"); }

// The unit of a datetime type: metadata is (anything, (unit, count, divisor, events)).
Status read_unit(const ValueReader& reader, NodeId metadata, ArrayDtype& type) {
  if (metadata == kNoNode) return bad_dtype("a date type without a unit");
  const auto outer = reader.tuple(metadata);
  const auto unit = outer.size() == 2 ? reader.tuple(outer[1]) : std::span<const NodeId>();
  if (unit.size() != 4) return bad_dtype("a date type with a unit in no known form");
  const auto name = reader.text(unit[0]);
  const auto count = reader.integer(unit[1]);
  if (!name || !count || *count < 1 || *count > 0x7FFFFFFF || reader.integer(unit[2]) != 1 ||
      reader.integer(unit[3]) != 1)
    return bad_dtype("a date type with a unit in no known form");
  type.unit_count = static_cast<std::uint32_t>(*count);
  if (*name == "generic") return {};
  const auto* known = std::find(std::begin(kUnits), std::end(kUnits), *name);
  if (known == std::end(kUnits)) return bad_dtype("a date type with an unknown unit");
  type.unit = *known;
  return {};
}

// What is checked and filled in while a dtype is given its state.
class DtypeBuilder {
 public:
  DtypeBuilder(pickle::Tape& tape, const std::vector<ArrayDtype>& types, const Limits& limits,
               const DtypeState& state, ArrayDtype& type, std::uint32_t taken_at)
      : tape_(tape),
        reader_(tape),
        types_(types),
        limits_(limits),
        state_(state),
        type_(type),
        taken_at_(taken_at) {}

  Status run(bool named_by_class) {
    SAFE_LOAD_TRY(read_order());
    SAFE_LOAD_TRY(read_size(named_by_class));
    SAFE_LOAD_TRY(read_subarray());
    SAFE_LOAD_TRY(read_fields());
    SAFE_LOAD_TRY(read_flags());
    SAFE_LOAD_TRY(read_metadata());
    type_.is_complete = true;
    return {};
  }

 private:
  Status read_order() {
    const auto order = reader_.text(state_.order);
    if (!order || order->size() != 1 ||
        std::string_view("<>|=").find(order->front()) == std::string_view::npos)
      return bad_dtype("an unknown byte order");
    if (!has_order(type_.kind, type_.itemsize)) return {};
    if (*order == "|") return bad_dtype("a number without a byte order");
    type_.order = *order == ">" ? '>' : '<';
    return {};
  }

  Status read_size(bool named_by_class) {
    const auto size = reader_.integer(state_.size);
    const auto alignment = reader_.integer(state_.alignment);
    if (!size || !alignment) return bad_dtype("a size that is not a number");
    const bool is_flexible = type_.kind == 'S' || type_.kind == 'U' || type_.kind == 'V';
    if (!is_flexible) {
      if (*size != -1 || *alignment != -1)
        return bad_dtype("an item size for a type that has none");
      return {};
    }
    if (*size < 0 || *size > 0x7FFFFFFF) return bad_dtype("an impossible item size");
    if (named_by_class) type_.itemsize = static_cast<std::uint64_t>(*size);
    if (type_.itemsize != static_cast<std::uint64_t>(*size))
      return bad_dtype("an item size that contradicts the type");
    return {};
  }

  // A dtype that is a part of this one.
  Result<const ArrayDtype*> part(NodeId id) {
    if (tape_[id].kind != Kind::kArrayDtype) return bad_dtype("a part that is not a dtype");
    const ArrayDtype& found = types_[tape_[id].count];
    if (!found.is_complete) return bad_dtype("a part that is not complete");
    if (found.depth >= kMaxDepth) return bad_dtype("dtypes nested too deep");
    if (found.is_text()) return bad_dtype("a StringDType as a part of another type");
    type_.depth = std::max(type_.depth, static_cast<std::uint8_t>(found.depth + 1));
    type_.flags |= found.flags & kInheritedFlags;
    type_.parts += found.parts;
    if (type_.parts > kMostParts)
      return Error(ErrorCode::kLimit, "a dtype with too many parts inside each other")
          .about("numpy.dtype");
    return &found;
  }

  Status read_subarray() {
    if (reader_.is_none(state_.subarray)) return {};
    const auto parts = reader_.tuple(state_.subarray);
    if (type_.kind != 'V' || parts.size() != 2 || names_node() != kNoNode)
      return bad_dtype("a subarray in no known form");
    SAFE_LOAD_TRY_ASSIGN(const ArrayDtype* base_type, part(parts[0]));
    const auto count = item_count(tape_, parts[1], limits_);
    const auto bytes = count ? base::checked_mul(*count, base_type->itemsize) : std::nullopt;
    if (!bytes || *bytes != type_.itemsize)
      return bad_dtype("a subarray whose size contradicts its parts");
    type_.base = tape_[parts[0]].count;
    type_.shape = parts[1];
    type_.mask_size = base::checked_mul(*count, base_type->mask_size).value_or(kBeyond);
    type_.flags = base_type->flags;  // all of them, unlike a field
    type_.is_aligned = base_type->is_aligned;
    return {};
  }

  // Usually the dict has the order of the names; titles stand in between.
  Result<std::size_t> find_entry(std::string_view name, std::span<const NodeId> entries,
                                 std::size_t expected) {
    const auto is_it = [&](std::size_t entry) {
      return entry < entries.size() && reader_.text(entries[entry]) == name;
    };
    if (is_it(expected)) return expected;
    SAFE_LOAD_TRY(tape_.work().take(entries.size()));
    for (std::size_t entry = 0; entry < entries.size(); entry += 2)
      if (is_it(entry)) return entry;
    return bad_dtype("a name without a field");
  }

  // The node of the names; none if there are none.
  NodeId names_node() const {
    if (state_.names != kNoNode) return reader_.is_none(state_.names) ? kNoNode : state_.names;
    if (tape_[state_.fields].kind != Kind::kDict) return kNoNode;
    const std::span<const NodeId> entries = tape_.items(state_.fields);
    for (std::size_t i = 0; i < entries.size(); i += 2)
      if (reader_.integer(entries[i]) == -1) return entries[i + 1];
    return kNoNode;
  }

  Status read_fields() {
    const NodeId names_at = names_node();
    if (names_at == kNoNode) {
      if (!reader_.is_none(state_.fields)) return bad_dtype("fields without names");
      return {};
    }
    const auto names = reader_.tuple(names_at);
    if (type_.kind != 'V' || tape_[names_at].kind != Kind::kTuple ||
        tape_[state_.fields].kind != Kind::kDict)
      return bad_dtype("fields in no known form");
    if (tape_.changed_at(state_.fields) > taken_at_)
      return bad_dtype("fields that changed after they were used");
    const std::span<const NodeId> entries = tape_.items(state_.fields);
    SAFE_LOAD_TRY(tape_.work().take(names.size()));
    SAFE_LOAD_TRY(tape_.memory().take(2 * sizeof(ArrayField) * names.size()));
    type_.flags |= kNeedsPython;
    type_.mask_size = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto name = reader_.text(names[i]);
      if (!name) return bad_dtype("a field whose name is not text");
      SAFE_LOAD_TRY_ASSIGN(const std::size_t entry, find_entry(*name, entries, 2 * i));
      SAFE_LOAD_TRY(add_field(names[i], reader_.tuple(entries[entry + 1])));
    }
    // Titles are keys beside the names. Any other number means that a name is there twice.
    const auto has_title = [](const ArrayField& field) { return field.title != kNoNode; };
    const auto titles = static_cast<std::size_t>(
        std::count_if(type_.fields.begin(), type_.fields.end(), has_title));
    const bool is_old = state_.names == kNoNode;
    if (entries.size() / 2 != names.size() + titles + (is_old ? 1u : 0u))
      return bad_dtype("fields and names that differ in number");
    return check_objects_apart();
  }

  Status add_field(NodeId name, std::span<const NodeId> parts) {  // (dtype, offset[, title])
    if (parts.size() < 2 || parts.size() > 3) return bad_dtype("a field in no known form");
    SAFE_LOAD_TRY_ASSIGN(const ArrayDtype* field_type, part(parts[0]));
    const auto offset = reader_.integer(parts[1]);
    if (!offset || *offset < 0 ||
        !base::fits(static_cast<std::uint64_t>(*offset), field_type->itemsize, type_.itemsize))
      return bad_dtype("a field that reaches out of its item");
    type_.mask_size = base::checked_add(type_.mask_size, field_type->mask_size).value_or(kBeyond);
    type_.fields.push_back({name, parts.size() == 3 ? parts[2] : kNoNode, tape_[parts[0]].count,
                            static_cast<std::uint64_t>(*offset)});
    return {};
  }

  // Plain fields may overlap; where objects lie, bytes would become pointers.
  Status check_objects_apart() const {
    if (!type_.has_objects()) return {};
    auto sorted = type_.fields;
    std::sort(sorted.begin(), sorted.end(),
              [](const ArrayField& a, const ArrayField& b) { return a.offset < b.offset; });
    for (std::size_t i = 1; i < sorted.size(); ++i)
      if (sorted[i - 1].offset + types_[sorted[i - 1].dtype].itemsize > sorted[i].offset)
        return bad_dtype("fields that overlap where objects lie");
    return {};
  }

  // A dict of the user, or for dates (that dict or None, unit).
  Status read_metadata() {
    NodeId user = state_.metadata;
    if (type_.kind == 'M' || type_.kind == 'm') {
      SAFE_LOAD_TRY(read_unit(reader_, state_.metadata, type_));
      user = tape_.items(state_.metadata)[0];
    }
    if (user == kNoNode || reader_.is_none(user)) return {};
    if (tape_[user].kind != Kind::kDict) return bad_dtype("metadata that is not a dict");
    if (tape_[user].count != 0) type_.metadata = user;
    return {};
  }

  Status read_flags() {
    if (state_.flags == kNoNode) return {};
    const auto flags = reader_.integer(state_.flags);
    if (!flags || *flags < -128 || *flags > 255) return bad_dtype("flags out of range");
    const auto given = static_cast<std::uint8_t>(*flags & 0xFF);  // NumPy 1 wrote a signed byte
    const bool is_aligned = (given & kAlignedStruct) != 0;
    const bool may_be_aligned = !type_.fields.empty() || type_.is_aligned;
    if ((given & ~kAlignedStruct) != type_.flags || (is_aligned && !may_be_aligned))
      return bad_dtype("flags that contradict the type");
    type_.is_aligned = is_aligned;
    return {};
  }

  pickle::Tape& tape_;
  const ValueReader reader_;
  const std::vector<ArrayDtype>& types_;
  const Limits& limits_;
  const DtypeState& state_;
  ArrayDtype& type_;
  std::uint32_t taken_at_;
};

}  // namespace

std::string ArrayDtype::text() const {
  std::string out(1, order);
  out += kind;
  if (kind == 'O' || kind == 'T') return out;
  out += std::to_string(kind == 'U' ? itemsize / 4 : itemsize);
  if ((kind == 'M' || kind == 'm') && !unit.empty()) {
    out += '[';
    if (unit_count != 1) out += std::to_string(unit_count);
    out += unit;
    out += ']';
  }
  return out;
}

Result<ArrayDtype> parse_type_string(std::string_view text) {
  ArrayDtype type;
  for (const FixedType& fixed : kFixedTypes)
    if (fixed.text == text) {
      type.kind = fixed.kind;
      type.itemsize = fixed.size;
      if (has_order(type.kind, type.itemsize)) type.order = '<';
      if (type.kind == 'O') type.flags = kObjectFlags;
      return type;
    }
  constexpr std::size_t kMostText = 16;
  const char kind = text.empty() ? '\0' : text[0];
  const std::string_view digits = text.size() > 1 && text.size() < kMostText ? text.substr(1) : "0";
  const std::uint64_t size = base::parse_uint64(digits).value_or(kBeyond);
  const bool is_flexible = kind == 'S' || kind == 'a' || kind == 'U' || kind == 'V';
  if (!is_flexible || size > 0x7FFFFFFF / 4 || text.size() >= kMostText)
    return bad_dtype("a type that NumPy does not write").about(text);
  type.kind = kind == 'a' ? 'S' : kind;
  type.itemsize = kind == 'U' ? 4 * size : size;
  if (kind == 'U') {
    type.order = '<';
    type.flags = kNeedsInit;
  }
  return type;
}

Result<ArrayDtype> parse_described_type(std::string_view text) {
  if (text.empty()) return bad_dtype("a type that NumPy does not write");
  const char order = text.front();
  if (std::string_view("<>|=").find(order) != std::string_view::npos) text.remove_prefix(1);
  const std::size_t bracket = text.find('[');
  SAFE_LOAD_TRY_ASSIGN(ArrayDtype type, parse_type_string(text.substr(0, bracket)));
  if (has_order(type.kind, type.itemsize)) type.order = order == '>' ? '>' : '<';
  if (bracket == std::string_view::npos) return type;
  std::string_view unit = text.substr(bracket + 1);
  if ((type.kind != 'M' && type.kind != 'm') || !unit.ends_with(']'))
    return bad_dtype("a type that NumPy does not write").about(text);
  unit.remove_suffix(1);
  const std::size_t digits = std::min(unit.find_first_not_of("0123456789"), unit.size());
  const auto count =
      digits == 0 ? std::optional<std::uint64_t>(1) : base::parse_uint64(unit.substr(0, digits));
  const auto* known = std::find(std::begin(kUnits), std::end(kUnits), unit.substr(digits));
  if (!count || *count == 0 || *count > 0x7FFFFFFF || known == std::end(kUnits))
    return bad_dtype("a date type with an unknown unit").about(text);
  type.unit_count = static_cast<std::uint32_t>(*count);
  type.unit = *known;
  return type;
}

std::uint8_t structure_flags(const ArrayDtype& part) {
  return static_cast<std::uint8_t>(kNeedsPython | (part.flags & kInheritedFlags));
}

Status Interpreter::decode_dtype(NodeId id) {
  const NodeId type_argument = arguments(id)[0];
  ArrayDtype type;
  if (tape_[type_argument].kind == Kind::kSymbol) {
    const pickle::Symbol& symbol = tape_.symbol(type_argument);
    if (!symbol.is("numpy", "record") && !symbol.is("numpy", "void"))
      return bad_dtype("a type that NumPy does not write").about(symbol.name);
    type.kind = 'V';
    type.is_record = symbol.name == "record";
  } else {
    SAFE_LOAD_TRY_ASSIGN(type, parse_type_string(tape_.text(type_argument)));
  }
  type.is_complete = tape_.added(id).states.count == 0;
  return add_dtype(id, std::move(type));
}

Status Interpreter::add_dtype(NodeId id, ArrayDtype type) {
  SAFE_LOAD_TRY(tape_.memory().take(2 * sizeof(ArrayDtype)));
  type.node = id;
  array_dtypes_.push_back(std::move(type));
  become(id, Kind::kArrayDtype);
  tape_[id].count = static_cast<std::uint32_t>(array_dtypes_.size() - 1);
  return {};
}

// (coerce[, what stands for a missing text]); Source: numpy/_core/_internal.py.
Status Interpreter::decode_string_dtype(NodeId id) {
  const std::span<const NodeId> given = arguments(id);
  ArrayDtype type;
  type.kind = 'T';
  type.itemsize = 16;
  type.is_complete = true;
  type.is_coerced = tape_[given[0]].payload != 0;
  if (given.size() == 2) {
    const Kind missing = tape_[given[1]].kind;
    if (missing != Kind::kNone && missing != Kind::kFloat && missing != Kind::kText)
      return bad_dtype("a StringDType with an odd value for what is missing");
    type.missing = given[1];
  }
  return add_dtype(id, std::move(type));
}

Status Interpreter::decode_dtype_state(NodeId id) {
  const ValueReader reader(tape_);
  const auto state = read_state(reader, tape_.items(tape_.items(tape_.added(id).states)[0]));
  if (!state) return bad_dtype("a dtype state of an unknown version");
  const bool named_by_class = tape_[arguments(id)[0]].kind == Kind::kSymbol;
  return DtypeBuilder(tape_, array_dtypes_, limits_, *state, array_dtypes_[tape_[id].count],
                      tape_.added(id).states.last)
      .run(named_by_class);
}

}  // namespace safe_load::types
