// NumPy: from (dtype, state) and (shape, data) to checked descriptions. docs/format/types.md lists
// what each NumPy release writes.
#include <algorithm>
#include <iterator>
#include <optional>

#include "base/checked.h"
#include "base/text.h"
#include "base/try.h"
#include "types/interpreter.h"

namespace safe_load::types {

using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;

namespace {

// NumPy's flags, as far as pickles carry them. Source: numpy/ndarraytypes.h.
constexpr std::uint8_t kHasObject = 0x01;
constexpr std::uint8_t kNeedsInit = 0x08;
constexpr std::uint8_t kNeedsPython = 0x10;
constexpr std::uint8_t kObjectFlags = 0x3F;
constexpr std::uint8_t kInheritedFlags = 0x1B;  // what a field or base passes on
constexpr std::uint8_t kAlignedStruct = 0x80;

constexpr std::uint8_t kMaxDepth = 8;
constexpr std::string_view kUnits[] = {"Y",  "M",  "W",  "D",  "h",  "m",  "s",
                                       "ms", "us", "ns", "ps", "fs", "as"};

struct FixedType {
  std::string_view text;
  char kind;
  std::uint8_t size;
};

constexpr FixedType kFixedTypes[] = {
    {"b1", 'b', 1},  {"i1", 'i', 1},   {"i2", 'i', 2},   {"i4", 'i', 4},   {"i8", 'i', 8},
    {"u1", 'u', 1},  {"u2", 'u', 2},   {"u4", 'u', 4},   {"u8", 'u', 8},   {"f2", 'f', 2},
    {"f4", 'f', 4},  {"f8", 'f', 8},   {"f16", 'f', 16}, {"f12", 'f', 12}, {"c8", 'c', 8},
    {"c16", 'c', 16}, {"c32", 'c', 32}, {"c24", 'c', 24}, {"O8", 'O', 8},   {"O4", 'O', 8},
    {"O", 'O', 8},   {"M8", 'M', 8},   {"m8", 'm', 8},
};

bool has_order(char kind, std::uint64_t size) {
  return kind == 'U' || ((kind == 'i' || kind == 'u' || kind == 'f' || kind == 'c' ||
                          kind == 'M' || kind == 'm') && size > 1);
}

// A view of a tape that reads small values.
class Reader {
 public:
  explicit Reader(const pickle::Tape& tape) : tape_(tape) {}

  std::optional<std::int64_t> integer(NodeId id) const {
    const Kind kind = tape_[id].kind;
    if (kind != Kind::kInt && kind != Kind::kBool) return std::nullopt;
    return static_cast<std::int64_t>(tape_[id].payload);
  }

  bool is_none(NodeId id) const { return tape_[id].kind == Kind::kNone; }

  std::optional<std::string_view> text(NodeId id) const {
    const Kind kind = tape_[id].kind;
    if (kind != Kind::kText && kind != Kind::kBytes) return std::nullopt;
    return tape_.text(id);
  }

  std::span<const NodeId> tuple(NodeId id) const {
    return tape_[id].kind == Kind::kTuple ? tape_.items(id) : std::span<const NodeId>();
  }

 private:
  const pickle::Tape& tape_;
};

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

std::optional<DtypeState> read_state(const Reader& reader, std::span<const NodeId> s) {
  if (s.empty()) return std::nullopt;
  const auto version = reader.integer(s[0]);
  if (version == 4 && s.size() == 9)
    return DtypeState{s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8]};
  if (version == 3 && s.size() == 8)
    return DtypeState{s[1], s[2], s[3], s[4], s[5], s[6], s[7], kNoNode};
  if (version == 2 && s.size() == 7)
    return DtypeState{s[1], s[2], s[3], s[4], s[5], s[6], kNoNode, kNoNode};
  return std::nullopt;
}

Error bad_dtype(Reason reason) { return Error(ErrorCode::kCorrupt, reason).about("numpy.dtype"); }
Error bad_array(Reason reason) { return Error(ErrorCode::kCorrupt, reason).about("numpy.ndarray"); }

// The unit of a datetime type: metadata is (anything, (unit, count, divisor, events)).
Status read_unit(const Reader& reader, NodeId metadata, ArrayDtype& type) {
  if (metadata == kNoNode) return bad_dtype("a date type without a unit");
  const auto outer = reader.tuple(metadata);
  const auto unit = outer.size() == 2 ? reader.tuple(outer[1]) : outer;
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

// The number of items of a shape: a tuple of sizes, or one size. Empty if they are no sizes.
std::optional<std::uint64_t> product(const Reader& reader, const pickle::Tape& tape, NodeId shape,
                                     const Limits& limits) {
  if (const auto one = reader.integer(shape))
    return *one < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(*one));
  if (tape[shape].kind != Kind::kTuple || tape.items(shape).size() > limits.max_dims)
    return std::nullopt;
  std::optional<std::uint64_t> count = 1;
  bool empty = false;
  for (const NodeId id : tape.items(shape)) {
    const auto size = reader.integer(id);
    if (!size || *size < 0 || tape[id].kind == Kind::kBool) return std::nullopt;
    empty = empty || *size == 0;
    if (*size != 0 && count) count = base::checked_mul(*count, static_cast<std::uint64_t>(*size));
    if (!count) return std::nullopt;
  }
  return empty ? 0 : count;
}

}  // namespace

std::string ArrayDtype::text() const {
  std::string out(1, order);
  out += kind;
  if (kind == 'O') return out;
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
  const char kind = text.empty() ? '\0' : text[0];
  const auto size = text.size() > 1 && text[1] != '-' ? base::parse_uint64(text.substr(1))
                                                       : std::optional<std::uint64_t>(0);
  if ((kind != 'S' && kind != 'a' && kind != 'U' && kind != 'V') || !size || *size > 0x7FFFFFFF / 4)
    return bad_dtype("a type that NumPy does not write").about(text);
  type.kind = kind == 'a' ? 'S' : kind;
  type.itemsize = kind == 'U' ? 4 * *size : *size;
  if (kind == 'U') {
    type.order = '<';
    type.flags = kNeedsInit;
  }
  return type;
}

Status Interpreter::decode_array(NodeId id, Meaning meaning) {
  if (meaning == Meaning::kArrayDtype) return decode_dtype(id);
  if (meaning == Meaning::kArrayFromBuffer) return decode_from_buffer(id);
  if (meaning == Meaning::kArrayScalar) return decode_scalar(id);
  const std::span<const NodeId> shell = arguments(id);
  const auto start = tape_.items(shell[1]);
  if (start.size() != 1 || tape_[start[0]].payload != 0 || tape_.text(shell[2]) != "b")
    return bad_array("an array shell in no known form");
  if (tape_.call(id).states.count == 0) return bad_array("an array that is never filled");
  return {};  // it becomes an array when it is given its state
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
  type.is_complete = tape_.call(id).states.count == 0;
  SAFE_LOAD_TRY(tape_.memory().take(2 * sizeof(ArrayDtype)));
  array_dtypes_.push_back(std::move(type));
  become(id, Kind::kArrayDtype);
  tape_[id].count = static_cast<std::uint32_t>(array_dtypes_.size() - 1);
  return {};
}

Status Interpreter::decode_dtype_state(NodeId id) {
  const Reader reader(tape_);
  const NodeId state_node = tape_.items(tape_.call(id).states)[0];
  const auto state = read_state(reader, tape_.items(state_node));
  if (!state) return bad_dtype("a dtype state of an unknown version");
  ArrayDtype& type = array_dtypes_[tape_[id].count];

  const auto order = reader.text(state->order);
  if (!order || order->size() != 1 || std::string_view("<>|=").find(order->front()) == std::string_view::npos)
    return bad_dtype("an unknown byte order");
  if (has_order(type.kind, type.itemsize)) {
    if (*order == "|") return bad_dtype("a number without a byte order");
    type.order = *order == ">" ? '>' : '<';
  }

  const auto size = reader.integer(state->size);
  const auto alignment = reader.integer(state->alignment);
  if (!size || !alignment) return bad_dtype("a size that is no number");
  const bool is_flexible = type.kind == 'S' || type.kind == 'U' || type.kind == 'V';
  if (is_flexible) {
    if (*size < 0 || *size > 0x7FFFFFFF) return bad_dtype("an impossible item size");
    const bool named_by_class = tape_[arguments(id)[0]].kind == Kind::kSymbol;
    if (named_by_class) type.itemsize = static_cast<std::uint64_t>(*size);
    if (type.itemsize != static_cast<std::uint64_t>(*size))
      return bad_dtype("an item size that contradicts the type");
  } else if (*size != -1 || *alignment != -1) {
    return bad_dtype("an item size for a type that has none");
  }

  if (!reader.is_none(state->subarray)) {
    const auto parts = reader.tuple(state->subarray);
    if (type.kind != 'V' || parts.size() != 2 || tape_[parts[0]].kind != Kind::kArrayDtype ||
        !reader.is_none(state->names))
      return bad_dtype("a subarray in no known form");
    const ArrayDtype& base_type = array_dtypes_[tape_[parts[0]].count];
    const auto count = product(reader, tape_, parts[1], limits_);
    const auto bytes = count ? base::checked_mul(*count, base_type.itemsize) : std::nullopt;
    if (!base_type.is_complete || !bytes || *bytes != type.itemsize)
      return bad_dtype("a subarray whose size contradicts its parts");
    if (base_type.depth >= kMaxDepth) return bad_dtype("dtypes nested too deep");
    type.base = tape_[parts[0]].count;
    type.shape = parts[1];
    type.depth = static_cast<std::uint8_t>(base_type.depth + 1);
    type.flags = base_type.flags & kInheritedFlags;
  }

  if (!reader.is_none(state->names)) {
    const auto names = reader.tuple(state->names);
    if (type.kind != 'V' || tape_[state->names].kind != Kind::kTuple ||
        tape_[state->fields].kind != Kind::kDict)
      return bad_dtype("fields in no known form");
    const std::span<const NodeId> entries = tape_.items(state->fields);
    SAFE_LOAD_TRY(tape_.work().take(names.size()));
    SAFE_LOAD_TRY(tape_.memory().take(2 * sizeof(ArrayField) * names.size()));
    type.flags = kNeedsPython;
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto name = reader.text(names[i]);
      if (!name) return bad_dtype("a field whose name is no text");
      // Usually the dict has the order of the names; titles stand in between.
      std::size_t entry = 2 * i;
      const auto is_it = [&](std::size_t e) {
        return e < entries.size() && reader.text(entries[e]) == name;
      };
      if (!is_it(entry)) {
        SAFE_LOAD_TRY(tape_.work().take(entries.size()));
        entry = 0;
        while (entry < entries.size() && !is_it(entry)) entry += 2;
      }
      if (entry >= entries.size()) return bad_dtype("a name without a field");
      const auto parts = reader.tuple(entries[entry + 1]);
      if (parts.size() < 2 || parts.size() > 3 || tape_[parts[0]].kind != Kind::kArrayDtype)
        return bad_dtype("a field in no known form");
      const ArrayDtype& part = array_dtypes_[tape_[parts[0]].count];
      const auto offset = reader.integer(parts[1]);
      if (!part.is_complete || !offset || *offset < 0 ||
          !base::fits(static_cast<std::uint64_t>(*offset), part.itemsize, type.itemsize))
        return bad_dtype("a field that reaches out of its item");
      if (part.depth >= kMaxDepth) return bad_dtype("dtypes nested too deep");
      type.depth = std::max(type.depth, static_cast<std::uint8_t>(part.depth + 1));
      type.flags |= part.flags & kInheritedFlags;
      type.fields.push_back({names[i], parts.size() == 3 ? parts[2] : kNoNode,
                             tape_[parts[0]].count, static_cast<std::uint64_t>(*offset)});
    }
    if (type.has_objects()) {
      auto sorted = type.fields;
      std::sort(sorted.begin(), sorted.end(),
                [](const ArrayField& a, const ArrayField& b) { return a.offset < b.offset; });
      for (std::size_t i = 1; i < sorted.size(); ++i)
        if (sorted[i - 1].offset + array_dtypes_[sorted[i - 1].dtype].itemsize > sorted[i].offset)
          return bad_dtype("fields that overlap where objects lie");
    }
  } else if (!reader.is_none(state->fields)) {
    return bad_dtype("fields without names");
  }

  if (state->flags != kNoNode) {
    const auto flags = reader.integer(state->flags);
    if (!flags || *flags < -128 || *flags > 255) return bad_dtype("flags that are no flags");
    const auto given = static_cast<std::uint8_t>(*flags & 0xFF);  // NumPy 1 wrote a signed byte
    type.is_aligned = !type.fields.empty() && (given & kAlignedStruct) != 0;
    if ((given & 0x7F) != type.flags) return bad_dtype("flags that contradict the type");
    if ((given & kAlignedStruct) != 0 && !type.is_aligned)
      return bad_dtype("flags that contradict the type");
  }
  if (type.kind == 'M' || type.kind == 'm') {
    SAFE_LOAD_TRY(read_unit(reader, state->metadata, type));
  }
  type.is_complete = true;
  return {};
}

Status Interpreter::decode_array_state(NodeId id) {
  const Reader reader(tape_);
  std::span<const NodeId> state = tape_.items(tape_.items(tape_.call(id).states)[0]);
  if (state.size() == 5 && reader.integer(state[0]) == 1) state = state.subspan(1);
  if (state.size() != 4) return bad_array("an array state in no known form");
  const auto fortran = reader.integer(state[2]);
  if (!fortran || (*fortran != 0 && *fortran != 1) || tape_[state[0]].kind != Kind::kTuple)
    return bad_array("an array state in no known form");
  if (tape_[state[1]].kind != Kind::kArrayDtype || !array_dtypes_[tape_[state[1]].count].is_complete)
    return bad_array("an array without a dtype");
  Array array;
  array.array_class = arguments(id)[0];
  array.shape = state[0];
  array.dtype = tape_[state[1]].count;
  array.is_fortran = *fortran == 1;
  array.data = state[3];
  return add_array(id, Kind::kArray, array, tape_.call(id).states.last);
}

Status Interpreter::decode_from_buffer(NodeId id) {
  const std::span<const NodeId> given = arguments(id);
  const std::string_view order = tape_.text(given[3]);
  Array array;
  array.dtype = tape_[given[1]].count;
  array.shape = given[2];
  array.data = given[0];
  array.is_fortran = order == "F";
  const bool permuted = given.size() == 5 && tape_[given[4]].kind == Kind::kTuple;
  if (order == "K" && permuted) {
    const std::span<const NodeId> axes = tape_.items(given[4]);
    std::vector<bool> seen(tape_.items(given[2]).size());
    if (axes.size() != seen.size()) return bad_array("an axis order of another length");
    for (const NodeId axis : axes) {
      const std::uint64_t place = tape_[axis].payload;
      if (place >= seen.size() || seen[static_cast<std::size_t>(place)])
        return bad_array("an axis order that is no permutation");
      seen[static_cast<std::size_t>(place)] = true;
    }
    array.axes = given[4];
  } else if ((order != "C" && order != "F") || permuted) {
    return bad_array("an array in an unknown order");
  }
  return add_array(id, Kind::kArray, array, id);
}

Status Interpreter::decode_scalar(NodeId id) {
  const std::span<const NodeId> given = arguments(id);
  Array scalar;
  scalar.dtype = tape_[given[0]].count;
  scalar.data = given[1];
  return add_array(id, Kind::kScalar, scalar, id);
}

Status Interpreter::add_array(NodeId id, Kind kind, Array array, std::uint32_t taken_at) {
  const Reader reader(tape_);
  const ArrayDtype& type = array_dtypes_[array.dtype];
  if (type.base != kNoDtype) return bad_array("an array of subarrays outside of a structure");
  std::optional<std::uint64_t> count = 1;
  if (array.shape != kNoNode) {
    SAFE_LOAD_TRY(tape_.work().take(tape_.items(array.shape).size()));
    count = product(reader, tape_, array.shape, limits_);
  }
  if (!count) return bad_array("impossible sizes");

  const Kind data = tape_[array.data].kind;
  if (type.has_objects()) {
    if (data != Kind::kList || tape_.items(array.data).size() != *count ||
        tape_.changed_at(array.data) > taken_at)
      return bad_array("as many objects as the sizes say are not there");
  } else {
    const auto bytes = base::checked_mul(*count, type.itemsize);
    if (!bytes) return bad_array("impossible sizes");
    if (data != Kind::kBytes && data != Kind::kByteArray && data != Kind::kText)
      return bad_array("data that is no bytes");
    if (data == Kind::kText && (tape_[array.data].flags & pickle::kPython2) == 0)
      return bad_array("data that is text");
    if (tape_.text(array.data).size() != *bytes)
      return bad_array("data of another size than the sizes say");
    // Each array is a copy for whoever asks for it, also when many name one block of bytes.
    SAFE_LOAD_TRY(tape_.memory().take(*bytes));
  }
  SAFE_LOAD_TRY(tape_.memory().take(2 * sizeof(Array)));
  arrays_.push_back(array);
  become(id, kind);
  tape_[id].count = static_cast<std::uint32_t>(arrays_.size() - 1);
  return {};
}

}  // namespace safe_load::types
