#include "torch/chunks.h"

#include <algorithm>
#include <unordered_set>

#include "base/checked.h"
#include "base/try.h"
#include "pickle/tape_writer.h"
#include "torch/bounds.h"
#include "torch/tensor_interpreter.h"
#include "torch/tiling.h"

namespace safe_load::torch {

using pickle::Kind;
using pickle::NodeId;

namespace {

Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

std::vector<std::int64_t> as_vector(const Extents& extents) {
  return {extents.values.begin(),
          extents.values.begin() + static_cast<std::ptrdiff_t>(extents.count)};
}

// The chunk as a plain tensor of the promised type and sizes.
Result<Tensor> check_chunk(const TensorInterpreter& interpreter, DType dtype, const Chunk& chunk) {
  const pickle::Node& node = interpreter.tape()[chunk.tensor];
  if (node.kind != Kind::kTensor) return bad("a chunk that is not a tensor");
  const Tensor& tensor = interpreter.tensors()[node.payload];
  if (tensor.dtype != dtype)
    return bad("a chunk of another type than its tensor").about(name(tensor.dtype));
  SAFE_LOAD_TRY_ASSIGN(const Extents sizes, interpreter.read_extents(tensor.sizes));
  if (!std::equal(sizes.span().begin(), sizes.span().end(), chunk.sizes.begin(), chunk.sizes.end()))
    return bad("a chunk of another shape than was promised");
  return Tensor{tensor};
}

void join_inner_dimensions(data::Assembly::Piece& piece, std::span<const std::int64_t> whole) {
  while (!piece.sizes.empty()) {
    const auto run = static_cast<std::int64_t>(piece.run);
    const bool is_row = piece.strides.back() == run && whole[piece.strides.size() - 1] == run;
    if (piece.sizes.back() != 1 && !is_row) return;
    piece.run *= static_cast<std::uint64_t>(piece.sizes.back());
    piece.sizes.pop_back();
    piece.strides.pop_back();
  }
}

}  // namespace

Result<NodeId> assemble(TensorInterpreter& interpreter, std::string_view name, DType dtype,
                        std::span<const std::int64_t> sizes, std::span<const Chunk> chunks) {
  base::Budget& memory = interpreter.tape().memory();
  std::vector<Box> boxes;
  std::vector<Tensor> tensors;
  for (const Chunk& chunk : chunks) {
    SAFE_LOAD_TRY(
        memory.take(sizeof(Box) + 2 * sizeof(std::int64_t) * sizes.size() + sizeof(Tensor)));
    SAFE_LOAD_TRY_ASSIGN(const Tensor tensor, check_chunk(interpreter, dtype, chunk));
    boxes.push_back({chunk.offsets, chunk.sizes});
    tensors.push_back(tensor);
  }
  SAFE_LOAD_TRY(check_tiling(sizes, boxes, interpreter.tape().work()));
  if (chunks.size() == 1 && std::ranges::equal(chunks[0].sizes, sizes)) {
    SAFE_LOAD_TRY_ASSIGN(const Extents strides, interpreter.read_extents(tensors[0].strides));
    if (is_contiguous(sizes, strides.span())) return NodeId{chunks[0].tensor};
  }

  Tensor whole;
  whole.dtype = dtype;
  SAFE_LOAD_TRY_ASSIGN(whole.sizes, pickle::TapeWriter(interpreter.tape()).integers(sizes));
  SAFE_LOAD_TRY_ASSIGN(whole.strides, interpreter.add_dense_strides(sizes));
  SAFE_LOAD_TRY_ASSIGN(const Extents rows, interpreter.read_extents(whole.strides));
  data::Assembly assembly;
  assembly.dtype = dtype;
  assembly.strides = as_vector(rows);
  std::unordered_set<std::uint32_t> storages;
  std::uint64_t given = 0;
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    const Tensor& tensor = tensors[i];
    if (tensor.is_conjugated || tensor.is_negated || tensor.quantizer != kNotQuantized)
      return bad("a chunk that is conjugated, negated or quantized");
    if (std::find(chunks[i].sizes.begin(), chunks[i].sizes.end(), 0) != chunks[i].sizes.end())
      continue;
    const data::Storage& storage = interpreter.storages()[tensor.storage];
    if (storage.is_meta()) return bad("a chunk without data");
    if (storages.insert(tensor.storage).second) given += storage.byte_count;
    SAFE_LOAD_TRY_ASSIGN(const Extents strides, interpreter.read_extents(tensor.strides));
    SAFE_LOAD_TRY(
        memory.take(2 * sizeof(data::Assembly::Piece) + 2 * sizeof(std::int64_t) * sizes.size()));
    data::Assembly::Piece piece;
    piece.storage = tensor.storage;
    piece.offset = tensor.offset;
    piece.sizes = chunks[i].sizes;
    piece.strides = as_vector(strides);
    join_inner_dimensions(piece, assembly.strides);
    for (std::size_t axis = 0; axis < sizes.size(); ++axis)
      piece.place += static_cast<std::uint64_t>(chunks[i].offsets[axis] * assembly.strides[axis]);
    assembly.pieces.push_back(std::move(piece));
  }

  SAFE_LOAD_TRY_ASSIGN(const std::uint64_t bytes,
                       required_bytes(sizes, assembly.strides, 0, size_of(dtype)));
  if (bytes > given) return bad("a tensor that is larger than the bytes of its chunks");
  data::Storage storage;
  storage.key = name;
  SAFE_LOAD_TRY_ASSIGN(storage.location, interpreter.storages().number_of_location("cpu"));
  storage.dtype = dtype;
  storage.byte_count = bytes;
  SAFE_LOAD_TRY_ASSIGN(whole.storage,
                       interpreter.storages().add_assembly(storage, std::move(assembly)));
  return interpreter.add_tensor(whole);
}

}  // namespace safe_load::torch
