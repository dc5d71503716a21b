// The elements of a tensor on their way into a file.
#pragma once

#include <cstdint>
#include <functional>

#include "api/state.h"
#include "safe_load/sink.h"
#include "safe_load/tensor.h"

namespace safe_load::api {

// The elements in row-major order, little-endian, a block at a time; conjugation and negation are
// resolved, and bool is 0 or 1. What is contiguous in a file is not kept; of all else the whole
// storage is in memory meanwhile. `took` is told how many bytes each block has, and may end it
// (kStopped). REQUIRES: not quantized, data, and copy_size().
Status stream_elements(const State& state, const TensorView& tensor, Sink& sink,
                       const std::function<bool(std::uint64_t)>& took);

}  // namespace safe_load::api
