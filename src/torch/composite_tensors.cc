// Tensors that are more than a view of one storage: quantized, sparse, nested, on the meta device.
// Here their parts are checked against each other as far as shapes and types go; what only the
// elements can tell (is an index inside?) is checked when they are read, in api/.
#include <algorithm>
#include <cmath>
#include <optional>

#include "base/checked.h"
#include "base/try.h"
#include "pickle/tape_writer.h"
#include "torch/bounds.h"
#include "torch/tensor_interpreter.h"
#include "types/value_reader.h"

namespace safe_load::torch {

using pickle::Kind;
using pickle::NodeId;
using types::Meaning;

namespace {

Error bad_sparse() {
  return Error(ErrorCode::kCorrupt, "a sparse tensor whose parts contradict each other");
}

// The values of a quantized type, and how many of them a byte holds.
struct QuantRange {
  std::int64_t least;
  std::int64_t most;
  std::uint64_t per_byte;
};

std::optional<QuantRange> quant_range(DType dtype) {
  if (dtype == DType::kQint8) return QuantRange{-128, 127, 1};
  if (dtype == DType::kQuint8) return QuantRange{0, 255, 1};
  if (dtype == DType::kQint32) return QuantRange{-2147483648, 2147483647, 1};
  if (dtype == DType::kQuint4x2) return QuantRange{0, 15, 2};
  if (dtype == DType::kQuint2x4) return QuantRange{0, 3, 4};
  return std::nullopt;
}

}  // namespace

const Tensor* TensorInterpreter::tensor_at(NodeId id) const {
  return tape()[id].kind == Kind::kTensor ? &tensors_[tape()[id].payload] : nullptr;
}

// ---- quantized: (storage, offset, sizes, strides, parameters, requires_grad, hooks)

Status TensorInterpreter::rebuild_quantized(std::span<const NodeId> given, Tensor& tensor) {
  tensor.storage = static_cast<std::uint32_t>(tape()[given[0]].payload);
  const data::Storage& storage = storages_[tensor.storage];
  has_composites_ = true;
  const auto range = quant_range(storage.dtype);
  if (storage.is_untyped || !range) return bad("a quantized tensor over a storage of another type");
  tensor.offset = tape()[given[1]].payload;
  tensor.sizes = given[2];
  tensor.strides = given[3];
  tensor.dtype = storage.dtype;
  SAFE_LOAD_TRY_ASSIGN(const Extents sizes, read_extents(tensor.sizes));
  SAFE_LOAD_TRY_ASSIGN(const Extents strides, read_extents(tensor.strides));
  if (range->per_byte == 1) {
    SAFE_LOAD_TRY(check_bounds(sizes.span(), strides.span(), tensor.offset, size_of(tensor.dtype),
                               storage.byte_count));
  } else {
    // Packed values lie in row-major order, whatever the last size is; sizes count values.
    SAFE_LOAD_TRY_ASSIGN(const std::uint64_t values,
                         required_bytes(sizes.span(), strides.span(), 0, 1));
    if (tensor.offset != 0 || !is_contiguous(sizes.span(), strides.span()) ||
        (values + range->per_byte - 1) / range->per_byte > storage.byte_count)
      return bad("a tensor of packed values that does not fit its storage");
  }
  const std::span<const NodeId> parameters = tape().items(given[4]);
  const bool has_scheme = !parameters.empty() && tape()[parameters[0]].kind == Kind::kSymbol &&
                          tape().symbol(parameters[0]).module == "torch";
  if (!has_scheme) return bad("quantization parameters in no known form");
  Quantizer quantizer;
  const std::string_view scheme = tape().symbol(parameters[0]).name;
  if (scheme == "per_tensor_affine") {
    const bool is_known_form = parameters.size() == 3 &&
                               tape()[parameters[1]].kind == Kind::kFloat &&
                               tape()[parameters[2]].kind == Kind::kInt;
    if (!is_known_form) return bad("quantization parameters in no known form");
    quantizer.scale = std::bit_cast<double>(tape()[parameters[1]].payload);
    quantizer.zero_point = static_cast<std::int64_t>(tape()[parameters[2]].payload);
    if (!std::isfinite(quantizer.scale) || quantizer.scale <= 0)
      return bad("a quantization scale that is not above zero");
    if (quantizer.zero_point < range->least || quantizer.zero_point > range->most)
      return bad("a quantization zero point that the type cannot hold");
  } else if (scheme == "per_channel_affine" || scheme == "per_channel_affine_float_qparams") {
    SAFE_LOAD_TRY(read_channels(parameters, sizes.span(), quantizer));
  } else {
    return bad("an unknown quantization scheme").about(scheme);
  }
  SAFE_LOAD_TRY(tape().memory().take(2 * sizeof(Quantizer)));
  tensor.quantizer = static_cast<std::uint32_t>(quantizers_.size());
  quantizers_.push_back(quantizer);
  return {};
}

// (scheme, scales, zero points, axis). torch's writer calls both schemes per_channel_affine: the
// zero points tell.
Status TensorInterpreter::read_channels(std::span<const NodeId> parameters,
                                        std::span<const std::int64_t> sizes,
                                        Quantizer& quantizer) const {
  if (parameters.size() != 4 || tape()[parameters[3]].kind != Kind::kInt)
    return bad("quantization parameters in no known form");
  quantizer.scales = parameters[1];
  quantizer.zero_points = parameters[2];
  quantizer.axis = static_cast<std::int64_t>(tape()[parameters[3]].payload);
  if (quantizer.axis < 0 || static_cast<std::uint64_t>(quantizer.axis) >= sizes.size())
    return bad("a quantization axis that the tensor does not have");
  const std::int64_t channels = sizes[static_cast<std::size_t>(quantizer.axis)];
  const auto has_all = [&](NodeId id) {
    if (tape()[id].kind == Kind::kList) return std::int64_t{tape()[id].count} == channels;
    const Tensor* tensor = tensor_at(id);
    const auto extents = tensor != nullptr ? read_extents(tensor->sizes) : bad("no tensor");
    return extents.ok() && extents->count == 1 && extents->values[0] == channels;
  };
  if (!has_all(quantizer.scales) || !has_all(quantizer.zero_points))
    return bad("another number of quantization parameters than the axis has");
  const Tensor* zero_points = tensor_at(quantizer.zero_points);
  const bool is_float = zero_points != nullptr && info(zero_points->dtype).is_floating;
  quantizer.scheme = is_float ? QuantScheme::kPerChannelFloat : QuantScheme::kPerChannel;
  return {};
}

// ---- meta: (dtype, sizes, strides, requires_grad)

Status TensorInterpreter::rebuild_meta(std::span<const NodeId> given, Tensor& tensor) {
  tensor.dtype = static_cast<DType>(known(given[0])->value);
  tensor.sizes = given[1];
  tensor.strides = given[2];
  SAFE_LOAD_TRY_ASSIGN(const Extents sizes, read_extents(tensor.sizes));
  SAFE_LOAD_TRY_ASSIGN(const Extents strides, read_extents(tensor.strides));
  data::Storage storage;
  storage.dtype = tensor.dtype;
  SAFE_LOAD_TRY_ASSIGN(storage.byte_count,
                       required_bytes(sizes.span(), strides.span(), 0, size_of(tensor.dtype)));
  SAFE_LOAD_TRY_ASSIGN(tensor.storage, storages_.add(storage));
  tensor.requires_grad = tape()[given[3]].payload != 0;
  return {};
}

// ---- records of several tensors

Status TensorInterpreter::decode_composite(NodeId id, Meaning meaning) {
  const std::span<const NodeId> given = arguments(id);
  if (meaning == Meaning::kRebuildWrapper) {
    become(id, Kind::kOpaque, types::kTensorObject);
    return {};
  }
  has_composites_ = true;
  if (meaning == Meaning::kRebuildNested) {
    SAFE_LOAD_TRY(check_nested(given));
  } else if (meaning == Meaning::kRebuildJagged) {
    SAFE_LOAD_TRY(check_jagged(given));
  } else {
    SAFE_LOAD_TRY(unify_sparse(id));
    SAFE_LOAD_TRY(check_sparse(id, meaning));
  }
  become(id, Kind::kRecord, static_cast<std::uint16_t>(meaning));
  return {};
}

bool TensorInterpreter::is_index_tensor(NodeId id, std::size_t dims) const {
  const Tensor* tensor = tensor_at(id);
  if (tensor == nullptr) return false;
  const auto sizes = read_extents(tensor->sizes);
  return sizes.ok() && sizes->count == dims &&
         (tensor->dtype == DType::kInt64 || tensor->dtype == DType::kInt32);
}

// What other writers give becomes what torch.save gives: (layout, parts), and a third argument,
// requires_grad, that only TorchScript has. Their arguments:
//   torch before 0.4   (indices, values, size), to a class that names the type of the values
//   TorchScript        (number of the layout, size, requires_grad, parts ..., hooks)
// Source: torch/csrc/jit/serialization/pickler.cpp, c10/core/Layout.h.
Status TensorInterpreter::unify_sparse(NodeId id) {
  constexpr std::uint64_t kCoo = 1;
  constexpr std::uint64_t kCsr = 2;
  const types::Known& row = *known(tape().call(id).callee);
  const std::span<const NodeId> given = arguments(id);
  pickle::TapeWriter writer(tape());
  std::vector<NodeId> parts;
  std::vector<NodeId> unified;
  if (row.kind != types::SymbolKind::kRebuild) {
    parts.assign(given.begin(), given.end());
    if (tensor_at(parts[1])->dtype != static_cast<DType>(row.value))
      return bad("a tensor whose class contradicts its storage").about(row.name);
    SAFE_LOAD_TRY_ASSIGN(unified.emplace_back(), add_layout("torch.sparse_coo"));
  } else if (tape()[given[0]].kind == Kind::kInt) {
    const std::uint64_t layout = tape()[given[0]].payload;
    parts.assign(given.begin() + 3, given.end() - 1);
    if (layout != (parts.size() == 2 ? kCoo : kCsr)) return bad_sparse();
    parts.push_back(given[1]);
    SAFE_LOAD_TRY_ASSIGN(unified.emplace_back(),
                         add_layout(layout == kCoo ? "torch.sparse_coo" : "torch.sparse_csr"));
  } else {
    return {};
  }
  SAFE_LOAD_TRY_ASSIGN(unified.emplace_back(), writer.tuple(parts));
  if (row.kind == types::SymbolKind::kRebuild) unified.push_back(given[2]);
  SAFE_LOAD_TRY_ASSIGN(tape().call(id).arguments, writer.tuple(unified));
  return {};
}

// The value of torch.serialization._get_layout(name). No symbol was called for it: its name stands
// where the callee would.
Result<NodeId> TensorInterpreter::add_layout(std::string_view name) {
  pickle::TapeWriter writer(tape());
  SAFE_LOAD_TRY_ASSIGN(const NodeId text, writer.text(name));
  SAFE_LOAD_TRY_ASSIGN(const NodeId arguments, writer.tuple(std::span(&text, 1)));
  return tape().add_call({Kind::kRecord, 0, static_cast<std::uint16_t>(Meaning::kLayout), 0, 0},
                         {text, arguments});
}

// COO: (indices, values, size[, is_coalesced]). The others: (compressed, plain, values, size).
Status TensorInterpreter::check_sparse(NodeId id, Meaning meaning) const {
  const std::span<const NodeId> given = arguments(id);
  const std::string_view layout = tape().text(arguments(given[0])[0]);
  const std::span<const NodeId> data = tape().items(given[1]);
  const bool is_coo = layout == "torch.sparse_coo";
  const bool is_compressed = layout == "torch.sparse_csr" || layout == "torch.sparse_csc" ||
                             layout == "torch.sparse_bsr" || layout == "torch.sparse_bsc";
  if (!is_coo && !is_compressed) return bad("a sparse tensor of another layout").about(layout);
  if (meaning == Meaning::kRebuildSparseCsr && layout != "torch.sparse_csr") return bad_sparse();
  const std::size_t size_at = is_coo ? 2 : 3;
  const bool has_flag = is_coo && data.size() == 4 && tape()[data[3]].kind == Kind::kBool;
  if (data.size() != size_at + 1 && !has_flag) return bad_sparse();
  const Tensor* values = tensor_at(data[size_at - 1]);
  if (values == nullptr || tape().changed_at(data[size_at]) > id) return bad_sparse();
  SAFE_LOAD_TRY_ASSIGN(const Extents size, read_extents(data[size_at]));
  SAFE_LOAD_TRY_ASSIGN(const Extents shape, read_extents(values->sizes));
  const auto is_negative = [](std::int64_t n) { return n < 0; };
  if (std::any_of(size.span().begin(), size.span().end(), is_negative)) return bad_sparse();
  if (!is_coo) {
    // Batches are possible; the rest needs the elements.
    const bool good = size.count >= 2 && tensor_at(data[0]) != nullptr &&
                      tensor_at(data[1]) != nullptr &&
                      tensor_at(data[0])->dtype == tensor_at(data[1])->dtype;
    const auto compressed = good ? read_extents(tensor_at(data[0])->sizes) : bad_sparse();
    const bool indexed = compressed.ok() && compressed->count >= 1 &&
                         is_index_tensor(data[0], compressed->count) &&
                         is_index_tensor(data[1], compressed->count);
    return indexed ? Status() : bad_sparse();
  }
  if (!is_index_tensor(data[0], 2) || tensor_at(data[0])->dtype != DType::kInt64)
    return bad_sparse();
  SAFE_LOAD_TRY_ASSIGN(const Extents indices, read_extents(tensor_at(data[0])->sizes));
  const auto sparse_dims = static_cast<std::uint64_t>(indices.values[0]);
  const bool fits = shape.count >= 1 && shape.values[0] == indices.values[1] &&
                    sparse_dims <= size.count && sparse_dims + shape.count - 1 == size.count;
  if (!fits) return bad_sparse();
  for (std::size_t i = 1; i < shape.count; ++i)
    if (shape.values[i] != size.values[static_cast<std::size_t>(sparse_dims) + i - 1])
      return bad_sparse();
  return {};
}

// (buffer, sizes, strides, offsets)
Status TensorInterpreter::check_nested(std::span<const NodeId> given) const {
  const auto bad_nested = [] { return bad("a nested tensor whose parts contradict each other"); };
  const Tensor* buffer = tensor_at(given[0]);
  SAFE_LOAD_TRY_ASSIGN(const Extents length, read_extents(buffer->sizes));
  SAFE_LOAD_TRY_ASSIGN(const Extents step, read_extents(buffer->strides));
  if (length.count != 1 || !is_contiguous(length.span(), step.span())) return bad_nested();
  if (!is_index_tensor(given[1], 2) || !is_index_tensor(given[2], 2)) return bad_nested();
  SAFE_LOAD_TRY_ASSIGN(const Extents sizes, read_extents(tensor_at(given[1])->sizes));
  SAFE_LOAD_TRY_ASSIGN(const Extents strides, read_extents(tensor_at(given[2])->sizes));
  const bool same = sizes.values[0] == strides.values[0] && sizes.values[1] == strides.values[1];
  if (!same || tensor_at(given[1])->dtype != DType::kInt64 ||
      tensor_at(given[2])->dtype != DType::kInt64)
    return bad_nested();
  if (tape()[given[3]].kind == Kind::kList)
    return std::int64_t{tape()[given[3]].count} == sizes.values[0] ? Status() : bad_nested();
  if (!is_index_tensor(given[3], 1)) return bad_nested();
  SAFE_LOAD_TRY_ASSIGN(const Extents offsets, read_extents(tensor_at(given[3])->sizes));
  return offsets.values[0] == sizes.values[0] ? Status() : bad_nested();
}

// {"max_seqlen": tensor, "min_seqlen": tensor}: torch calls methods of what stands there.
bool TensorInterpreter::is_metadata(NodeId id) const {
  if (id == pickle::kNoNode || tape()[id].kind == Kind::kNone) return true;
  if (tape()[id].kind != Kind::kDict) return false;
  constexpr std::size_t kMostItems = 64;
  const std::span<const NodeId> items = tape().items(id);
  const auto is_plain = [&](NodeId part) {
    const Kind kind = tape()[part].kind;
    return kind == Kind::kText || kind == Kind::kInt || kind == Kind::kNone ||
           kind == Kind::kTensor;
  };
  return items.size() <= kMostItems && std::all_of(items.begin(), items.end(), is_plain);
}

// ({values, offsets, lengths, _ragged_idx, _metadata_cache, requires_grad},)
Status TensorInterpreter::check_jagged(std::span<const NodeId> given) const {
  constexpr std::size_t kMostItems = 64;
  const std::span<const NodeId> items = tape().items(given[0]);
  bool is_plain = items.size() <= kMostItems;
  for (std::size_t i = 0; is_plain && i < items.size(); i += 2)
    is_plain = tape()[items[i]].kind == Kind::kText;
  if (!is_plain) return bad("a jagged tensor whose parts contradict each other");
  const types::ValueReader reader(tape());
  const auto find = [&](std::string_view key) { return reader.find(given[0], key); };
  const auto is_one_row = [&](NodeId id) {
    return id != pickle::kNoNode && is_index_tensor(id, 1);
  };
  const NodeId values = find("values");
  const NodeId lengths = find("lengths");
  const NodeId ragged = find("_ragged_idx");
  const bool good =
      is_metadata(find("_metadata_cache")) && values != pickle::kNoNode &&
      tensor_at(values) != nullptr && is_one_row(find("offsets")) &&
      (lengths == pickle::kNoNode || tape()[lengths].kind == Kind::kNone || is_one_row(lengths)) &&
      ragged != pickle::kNoNode && tape()[ragged].kind == Kind::kInt;
  if (!good) return bad("a jagged tensor whose parts contradict each other");
  SAFE_LOAD_TRY_ASSIGN(const Extents shape, read_extents(tensor_at(values)->sizes));
  const std::uint64_t axis = tape()[ragged].payload;
  return axis >= 1 && axis <= shape.count
             ? Status()
             : bad("a jagged tensor whose parts contradict each other");
}

// ---- torch.Generator: (seed, offset or None, state)

Status TensorInterpreter::decode_tensor_state(NodeId id, Meaning meaning) {
  if (meaning != Meaning::kGenerator) return decode_old_state(id, meaning);
  const std::span<const NodeId> state = tape().items(tape().items(tape().added(id).states)[0]);
  const auto is_number = [&](NodeId part) {
    return tape()[part].kind == Kind::kInt || tape()[part].kind == Kind::kBigInt;
  };
  const Tensor* bytes = state.size() == 3 ? tensor_at(state[2]) : nullptr;
  const bool good = bytes != nullptr && bytes->dtype == DType::kUint8 && is_number(state[0]) &&
                    (is_number(state[1]) || tape()[state[1]].kind == Kind::kNone);
  return good ? Status() : bad("a generator with a state it never gets");
}

}  // namespace safe_load::torch
