// NumPy arrays and scalars: (dtype, shape, data) checked against each other.
#include <algorithm>
#include <optional>
#include <vector>

#include "base/checked.h"
#include "base/try.h"
#include "types/interpreter.h"
#include "types/value_reader.h"

namespace safe_load::types {

using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;

namespace {

Error bad_array(Reason reason) { return Error(ErrorCode::kCorrupt, reason).about("numpy.ndarray"); }

}  // namespace

std::optional<std::uint64_t> item_count(const pickle::Tape& tape, NodeId shape,
                                        const Limits& limits) {
  const ValueReader reader(tape);
  if (tape[shape].kind == Kind::kBool) return std::nullopt;
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

Status Interpreter::decode_array(NodeId id, Meaning meaning) {
  if (meaning == Meaning::kArrayDtype) return decode_dtype(id);
  if (meaning == Meaning::kArrayFromBuffer) return decode_from_buffer(id);
  if (meaning == Meaning::kArrayScalar) return decode_scalar(id);
  if (meaning == Meaning::kStringDtype) return decode_string_dtype(id);
  if (meaning == Meaning::kMaskedConstant) {
    become(id, Kind::kRecord, static_cast<std::uint16_t>(meaning));
    return {};
  }
  std::span<const NodeId> shell = arguments(id);
  const bool is_masked = tape_.symbol(shell[0]).name == "MaskedArray";
  if (is_masked != (meaning == Meaning::kMaskedShell))
    return bad_array("an array shell in no known form");
  if (is_masked) {  // (MaskedArray, ndarray, (0,), "b")
    if (!tape_.symbol(shell[1]).is("numpy", "ndarray"))
      return bad_array("a masked array over an unusual class");
    shell = shell.subspan(1);
  }
  const auto start = tape_.items(shell[1]);
  if (start.size() != 1 || tape_[start[0]].payload != 0 || tape_.text(shell[2]) != "b")
    return bad_array("an array shell in no known form");
  if (tape_.added(id).states.count == 0) return bad_array("an array that is never filled");
  return {};  // it becomes an array when it is given its state
}

Status Interpreter::decode_array_state(NodeId id) {
  const ValueReader reader(tape_);
  std::span<const NodeId> state = tape_.items(tape_.items(tape_.added(id).states)[0]);
  if (state.size() == 5 && reader.integer(state[0]) == 1) state = state.subspan(1);
  if (state.size() != 4) return bad_array("an array state in no known form");
  const auto fortran = reader.integer(state[2]);
  if (!fortran || (*fortran != 0 && *fortran != 1) || tape_[state[0]].kind != Kind::kTuple)
    return bad_array("an array state in no known form");
  if ((sorts_of(state[1]) & bit(kSortInert)) != 0) return become_opaque(id, kObject);  // ml_dtypes
  if (tape_[state[1]].kind != Kind::kArrayDtype ||
      !array_dtypes_[tape_[state[1]].count].is_complete)
    return bad_array("an array without a dtype");
  Array array;
  array.array_class = arguments(id)[0];
  array.shape = state[0];
  array.dtype = tape_[state[1]].count;
  array.is_fortran = *fortran == 1;
  array.data = state[3];
  return add_array(id, Kind::kArray, array, tape_.added(id).states.last);
}

// (1, shape, dtype, is_fortran, data, mask, fill value)
// numpy asks any other object for an array of its own.
bool Interpreter::is_plain_value(NodeId id) const {
  constexpr std::size_t kMostParts = 1000;  // of a structured value
  std::vector<NodeId> open = {id};
  for (std::size_t next = 0; next < open.size(); ++next) {
    const Kind kind = tape_[open[next]].kind;
    if (kind == Kind::kTuple) {
      const std::span<const NodeId> items = tape_.items(open[next]);
      if (items.size() + open.size() > kMostParts) return false;
      open.insert(open.end(), items.begin(), items.end());
    } else if (kind > Kind::kPy2Text && kind != Kind::kComplex && kind != Kind::kScalar &&
               kind != Kind::kArray) {
      return false;
    }
  }
  return true;
}

Status Interpreter::decode_masked_state(NodeId id) {
  const ValueReader reader(tape_);
  const std::span<const NodeId> state = tape_.items(tape_.items(tape_.added(id).states)[0]);
  if (state.size() != 7 || reader.integer(state[0]) != 1 || tape_[state[1]].kind != Kind::kTuple ||
      tape_[state[2]].kind != Kind::kArrayDtype ||
      !array_dtypes_[tape_[state[2]].count].is_complete)
    return bad_array("a masked array in no known form");
  const auto fortran = reader.integer(state[3]);
  if (!fortran || (*fortran != 0 && *fortran != 1))
    return bad_array("a masked array in no known form");
  Array array;
  array.array_class = arguments(id)[0];
  array.shape = state[1];
  array.dtype = tape_[state[2]].count;
  array.is_fortran = *fortran == 1;
  array.data = state[4];
  array.mask = state[5];
  array.fill_value = state[6];
  if (!is_plain_value(array.fill_value))
    return bad_array("a masked array whose fill value is not a plain value");
  const pickle::Node& mask = tape_[array.mask];
  const bool is_bytes = mask.kind == Kind::kBytes ||
                        (mask.kind == Kind::kText && (mask.flags & pickle::kPython2) != 0);
  const auto count = item_count(tape_, array.shape, limits_);
  const auto bytes =
      count ? base::checked_mul(*count, array_dtypes_[array.dtype].mask_size) : std::nullopt;
  if (!is_bytes || !bytes || tape_.text(array.mask).size() != *bytes)
    return bad_array("a mask of another size than its array");
  SAFE_LOAD_TRY(tape_.memory().take(*bytes));
  SAFE_LOAD_TRY(tape_.work().take(array_dtypes_[array.dtype].parts));  // a mask has as many types
  return add_array(id, Kind::kArray, array, tape_.added(id).states.last);
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
        return bad_array("an axis order that is not a permutation");
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
  if (tape_[given[1]].kind != Kind::kArray) return add_array(id, Kind::kScalar, scalar, id);
  // A structure with objects comes as an array without dimensions of the very same dtype.
  const Array& array = arrays_[tape_[given[1]].count];
  if (!array_dtypes_[scalar.dtype].has_objects() || array.dtype != scalar.dtype ||
      !tape_.items(array.shape).empty())
    return bad_array("a scalar whose data is another array");
  SAFE_LOAD_TRY(tape_.memory().take(2 * sizeof(Array)));
  arrays_.push_back(scalar);
  become(id, Kind::kScalar);
  tape_[id].count = static_cast<std::uint32_t>(arrays_.size() - 1);
  return {};
}

// Texts where the type is StringDType; tuples of as many parts as a structure has fields.
Status Interpreter::check_objects(const ArrayDtype& type, std::span<const NodeId> items) {
  if (!type.is_text() && type.fields.empty()) return {};
  SAFE_LOAD_TRY(tape_.work().take(items.size()));
  const auto is_good = [&](NodeId item) {
    const pickle::Node& node = tape_[item];
    if (!type.is_text()) return node.kind == Kind::kTuple && node.count == type.fields.size();
    return node.kind == Kind::kText ||
           (type.missing != kNoNode && node.kind == tape_[type.missing].kind);
  };
  if (std::all_of(items.begin(), items.end(), is_good)) return {};
  return bad_array("an object that does not fit the type of its array");
}

// Each array has its objects in a place of its own, and its texts (StringDType) as copies.
Status Interpreter::charge_objects(const ArrayDtype& type, std::span<const NodeId> items) {
  std::uint64_t bytes = items.size() * std::max<std::uint64_t>(type.itemsize, sizeof(void*));
  if (type.is_text())
    for (const NodeId item : items)
      if (tape_[item].kind == Kind::kText) bytes += tape_.text(item).size();
  SAFE_LOAD_TRY(tape_.work().take(items.size()));
  return tape_.memory().take(bytes);
}

Status Interpreter::add_array(NodeId id, Kind kind, Array array, std::uint32_t taken_at) {
  const ValueReader reader(tape_);
  const ArrayDtype& type = array_dtypes_[array.dtype];
  if (type.base != kNoDtype) return bad_array("an array of subarrays outside of a structure");
  std::optional<std::uint64_t> count = 1;
  if (array.shape != kNoNode) {
    SAFE_LOAD_TRY(tape_.work().take(tape_.items(array.shape).size()));
    count = item_count(tape_, array.shape, limits_);
  }
  if (!count) return bad_array("impossible sizes");

  const Kind data = tape_[array.data].kind;
  if (type.has_objects()) {
    if (data != Kind::kList || tape_[array.data].aux != kPlainList ||
        tape_.items(array.data).size() != *count || tape_.changed_at(array.data) > taken_at)
      return bad_array("as many objects as the sizes say are not there");
    SAFE_LOAD_TRY(check_objects(type, tape_.items(array.data)));
    SAFE_LOAD_TRY(charge_objects(type, tape_.items(array.data)));
  } else {
    const auto bytes = base::checked_mul(*count, type.itemsize);
    if (!bytes) return bad_array("impossible sizes");
    if (data != Kind::kBytes && data != Kind::kByteArray && data != Kind::kText)
      return bad_array("data that is not bytes");
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
