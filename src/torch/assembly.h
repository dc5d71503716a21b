// Assembly: the storage of a tensor that a file holds in pieces, put together when its bytes are
// first asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "pickle/tape.h"
#include "safe_load/dtype.h"
#include "safe_load/result.h"

namespace safe_load::torch {

class TensorInterpreter;

struct Assembly {
  // A view of a storage, inside of which it lies.
  struct Piece {
    std::uint32_t storage = 0;
    std::uint64_t offset = 0;         // of its first element in the storage, in elements
    std::uint64_t place = 0;          // of its first element in the whole, in elements
    std::vector<std::int64_t> sizes;  // of the outer dimensions
    std::vector<std::int64_t> strides;
    std::uint64_t run = 1;  // elements of the inner dimensions, which lie in one row in both
  };

  DType dtype = DType::kUint8;
  std::vector<std::int64_t> strides;  // of the whole: its elements lie in one row
  std::vector<Piece> pieces;
};

// Copies a piece to its place. `storage`: the bytes of its storage. All numbers were checked when
// the assembly was made.
void copy_piece(const Assembly& assembly, const Assembly::Piece& piece, base::Bytes storage,
                std::span<std::byte> whole);

// One chunk of a tensor, as the container that holds it has it.
struct Chunk {
  pickle::NodeId tensor = pickle::kNoNode;  // what the container had in its place
  std::vector<std::int64_t> offsets;
  std::vector<std::int64_t> sizes;  // that it must have
};

// The tensor of these chunks, in row-major order: the only one of them if it is that, else a new
// one, whose storage is an assembly. `name` must outlive the interpreter.
Result<pickle::NodeId> assemble(TensorInterpreter& interpreter, std::string_view name, DType dtype,
                                std::span<const std::int64_t> sizes, std::span<const Chunk> chunks);

}  // namespace safe_load::torch
