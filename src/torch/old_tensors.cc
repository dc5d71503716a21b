// Tensors as old and odd writers left them: torch before 0.4 (torch.FloatTensor with a state,
// Variable), devices without storages (as NumPy arrays), TorchScript's own helpers.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "base/checked.h"
#include "base/try.h"
#include "pickle/tape_writer.h"
#include "torch/tensor_interpreter.h"

namespace safe_load::torch {

using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;
using types::Meaning;

namespace {

constexpr types::Schema kTensorState = "(storage,uint,ints,ints)";
// (requires_grad, volatile, hooks) of torch 0.2 and 0.3
constexpr types::Schema kVariableState = "(bool,bool,any)";
// (data, grad, hooks, requires_grad, volatile) of torch 0.1
constexpr types::Schema kFirstVariableState = "(tensor,any,any,bool,bool)";

// The torch type with the same elements as a NumPy type.
std::optional<DType> dtype_of(const types::ArrayDtype& type) {
  struct Row {
    char kind;
    std::uint64_t size;
    DType dtype;
  };
  constexpr Row kRows[] = {
      {'b', 1, DType::kBool},      {'u', 1, DType::kUint8},       {'i', 1, DType::kInt8},
      {'i', 2, DType::kInt16},     {'i', 4, DType::kInt32},       {'i', 8, DType::kInt64},
      {'f', 2, DType::kFloat16},   {'f', 4, DType::kFloat32},     {'f', 8, DType::kFloat64},
      {'c', 8, DType::kComplex64}, {'c', 16, DType::kComplex128},
  };
  for (const Row& row : kRows)
    if (row.kind == type.kind && row.size == type.itemsize) return row.dtype;
  return std::nullopt;
}

template <class T>
void append_little(T value, std::string& out) {
  if constexpr (std::endian::native == std::endian::big) value = base::reversed(value);
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof(T));
  out.append(bytes.data(), bytes.size());
}

template <class T>
bool append_integer(std::int64_t value, std::string& out) {
  if (value < std::numeric_limits<T>::min() || value > std::numeric_limits<T>::max()) return false;
  append_little(static_cast<T>(value), out);
  return true;
}

// One element, as Python's tolist() gave it.
bool append_number(const pickle::Node& node, DType dtype, std::string& out) {
  if (dtype == DType::kFloat32 || dtype == DType::kFloat64) {
    if (node.kind != Kind::kFloat) return false;
    const auto value = std::bit_cast<double>(node.payload);
    if (dtype == DType::kFloat64) {
      append_little(value, out);
      return true;
    }
    const auto narrow = static_cast<float>(value);
    append_little(narrow, out);
    return std::isnan(value) || static_cast<double>(narrow) == value;  // it was a float before
  }
  if (node.kind != Kind::kInt) return false;
  const auto value = static_cast<std::int64_t>(node.payload);
  if (dtype == DType::kInt64) return append_integer<std::int64_t>(value, out);
  if (dtype == DType::kInt32) return append_integer<std::int32_t>(value, out);
  if (dtype == DType::kInt16) return append_integer<std::int16_t>(value, out);
  if (dtype == DType::kInt8) return append_integer<std::int8_t>(value, out);
  return dtype == DType::kUint8 && append_integer<std::uint8_t>(value, out);
}

}  // namespace

Status TensorInterpreter::decode_old(NodeId id, Meaning meaning) {
  const std::span<const NodeId> given = arguments(id);
  if (meaning == Meaning::kListBuilder) {  // its first argument, as it is
    const pickle::Node& value = tape()[given[0]];
    const bool was_call = value.kind == Kind::kCall || (value.flags & pickle::kFromCall) != 0;
    if (was_call && tape().added(given[0]).states.count != 0 &&
        tape().added(given[0]).states.last > id)
      return bad("a value that is used before it was filled");
    tape().replace(id, tape()[given[0]]);
    return {};
  }
  if (meaning == Meaning::kTensorFromId) {
    SAFE_LOAD_TRY_ASSIGN(const pickle::Node tensor, ids_->tensor(*this, tape()[given[0]].payload));
    tape().replace(id, tensor);
    return {};
  }
  if (meaning == Meaning::kRebuildFromArray) return rebuild_from_array(id);
  if (meaning == Meaning::kStorageFromList) return storage_from_list(id);
  if (tape().added(id).states.count != 0) return {};  // it becomes a tensor with its state
  if (given.empty()) return bad("a tensor that is never filled");
  Tensor tensor = tensors_[tape()[given[0]].payload];
  tensor.is_parameter = true;
  tensor.requires_grad = given.size() == 1 || tape()[given[1]].payload != 0;
  return become_tensor(id, tensor, attributes_[tape()[given[0]].payload]);
}

Status TensorInterpreter::decode_old_state(NodeId id, Meaning meaning) {
  const pickle::Run& states = tape().added(id).states;
  const NodeId given_state = tape().items(states)[0];
  const std::span<const NodeId> state = tape().items(given_state);
  const std::span<const NodeId> given = arguments(id);
  const auto is = [&](const types::Schema& schema) {
    return std::any_of(schema.begin(), schema.end(),
                       [&](const types::Form& form) { return matches(form, state, states.last); });
  };
  Tensor tensor;
  NodeId attributes = kNoNode;
  const bool has_data = meaning == Meaning::kOldVariable && !given.empty();
  if (is(kTensorState) && !has_data) {
    SAFE_LOAD_TRY(rebuild_view(Meaning::kRebuildTensor, state, tensor));
    const types::Known& row = *known(tape().call(id).callee);
    const bool has_type = meaning == Meaning::kOldTensor && row.value != types::kUntyped;
    if (has_type && static_cast<DType>(row.value) != tensor.dtype)
      return bad("a tensor whose class contradicts its storage").about(row.name);
  } else if (is(kVariableState) && has_data) {
    tensor = tensors_[tape()[given[0]].payload];
    attributes = attributes_[tape()[given[0]].payload];
    tensor.requires_grad = tape()[state[0]].payload != 0;
  } else if (is(kFirstVariableState) && !has_data && meaning == Meaning::kOldVariable) {
    tensor = tensors_[tape()[state[0]].payload];
    tensor.requires_grad = tape()[state[3]].payload != 0;
  } else {
    return bad("a tensor with a state it never gets");
  }
  tensor.is_parameter = meaning == Meaning::kOldVariable;
  return become_tensor(id, tensor, attributes);
}

// (array, dtype, device, requires_grad): how devices without storages were written until 2024.
Status TensorInterpreter::rebuild_from_array(NodeId id) {
  const std::span<const NodeId> given = arguments(id);
  const types::Array& array = arrays()[tape()[given[0]].count];
  const types::ArrayDtype& type = array_dtypes()[array.dtype];
  const auto wanted = static_cast<DType>(known(given[1])->value);
  const auto own = dtype_of(type);
  const bool is_rounded = wanted == DType::kBfloat16 && own == DType::kFloat32;
  if (!own || (*own != wanted && !is_rounded) || array.axes != kNoNode || array.mask != kNoNode ||
      tape()[array.data].kind != Kind::kBytes)
    return bad("an array of another type than its tensor").about(name(wanted));

  data::Storage storage;
  storage.dtype = wanted;
  std::string_view content = tape().text(array.data);
  storage.is_big_endian = type.order == '>';
  if (is_rounded) {
    SAFE_LOAD_TRY_ASSIGN(content, upper_halves(content, storage.is_big_endian));
    storage.is_big_endian = false;
  }
  storage.byte_count = content.size();
  if (!content.empty()) storage.place = base::as_bytes(content).data();
  if (is_text(tape()[given[2]]) && !is_device(tape().text(given[2])))
    return bad("an impossible device").about(tape().text(given[2]));
  const std::string_view location =
      is_text(tape()[given[2]]) ? tape().text(given[2]) : tape().text(arguments(given[2])[0]);
  SAFE_LOAD_TRY_ASSIGN(storage.location, storages_.number_of_location(location));
  Tensor tensor;
  tensor.dtype = wanted;
  SAFE_LOAD_TRY_ASSIGN(tensor.storage, storages_.add(storage));
  tensor.sizes = array.shape;
  SAFE_LOAD_TRY_ASSIGN(const Extents sizes, read_extents(array.shape));
  SAFE_LOAD_TRY_ASSIGN(tensor.strides, add_dense_strides(sizes.span(), array.is_fortran));
  SAFE_LOAD_TRY(check_tensor(tensor));
  tensor.requires_grad = tape()[given[3]].payload != 0;
  return become_tensor(id, tensor, kNoNode);
}

Result<NodeId> TensorInterpreter::add_dense_strides(std::span<const std::int64_t> sizes,
                                                    bool is_fortran) {
  std::array<std::int64_t, kMostDims> strides{};
  std::uint64_t step = 1;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::size_t axis = is_fortran ? i : sizes.size() - 1 - i;
    strides[axis] = static_cast<std::int64_t>(step);
    const auto next = base::checked_mul(
        step, std::max<std::uint64_t>(1, static_cast<std::uint64_t>(sizes[axis])));
    if (!next || *next > static_cast<std::uint64_t>(INT64_MAX))
      return bad("a tensor with an impossible size");
    step = *next;
  }
  std::array<NodeId, kMostDims> items{};
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    SAFE_LOAD_TRY_ASSIGN(
        items[i], tape().add_node({Kind::kInt, 0, 0, 0, static_cast<std::uint64_t>(strides[i])}));
  }
  return pickle::TapeWriter(tape()).tuple(std::span(items).first(sizes.size()));
}

// torch.FloatStorage([0.5, 1.5]): how pickle wrote a storage before torch 0.4.
Status TensorInterpreter::storage_from_list(NodeId id) {
  const types::Known& row = *known(tape().call(id).callee);
  const std::span<const NodeId> items = tape().items(arguments(id)[0]);
  data::Storage storage;
  storage.dtype = static_cast<DType>(row.value);
  std::string content;
  content.reserve(items.size() * size_of(storage.dtype));
  SAFE_LOAD_TRY(tape().work().take(items.size()));
  for (const NodeId item : items)
    if (!append_number(tape()[item], storage.dtype, content))
      return bad("a storage of numbers that its type cannot hold").about(row.name);
  SAFE_LOAD_TRY_ASSIGN(const std::string_view kept, keep_bytes(content));
  storage.byte_count = kept.size();
  if (!kept.empty()) storage.place = base::as_bytes(kept).data();
  SAFE_LOAD_TRY_ASSIGN(storage.location,
                       storages_.number_of_location(row.module == "torch" ? "cpu" : "cuda"));
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t number, storages_.add(storage));
  tape().replace(id, storage_node(number));
  return {};
}

// A copy that lives as long as the tape.
Result<std::string_view> TensorInterpreter::keep_bytes(std::string_view content) {
  SAFE_LOAD_TRY(tape().memory().take(content.size()));
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t place, tape().add_text(content));
  SAFE_LOAD_TRY_ASSIGN(const NodeId node,
                       tape().add_node({Kind::kBytes, pickle::kInArena, 0,
                                        static_cast<std::uint32_t>(content.size()), place}));
  return tape().text(node);
}

// float32 that were bfloat16: their lower halves are zero.
Result<std::string_view> TensorInterpreter::upper_halves(std::string_view floats, bool is_big) {
  std::string halves(floats.size() / 2, '\0');
  for (std::size_t i = 0; i < halves.size(); i += 2) {
    const std::string_view item = floats.substr(2 * i, 4);
    const std::string_view low = is_big ? item.substr(2) : item.substr(0, 2);
    if (low[0] != '\0' || low[1] != '\0') return bad("a bfloat16 that was stored with more digits");
    halves[i] = is_big ? item[1] : item[2];
    halves[i + 1] = is_big ? item[0] : item[3];
  }
  return keep_bytes(halves);
}

}  // namespace safe_load::torch
