// Chunks: the parts of a tensor that a set of files holds, put together into one tensor.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "data/assembly.h"
#include "pickle/tape.h"
#include "safe_load/dtype.h"
#include "safe_load/result.h"

namespace safe_load::torch {

class TensorInterpreter;

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
