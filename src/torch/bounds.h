// The bounds of a tensor: the only place where sizes, strides and an offset meet a storage.
#pragma once

#include <cstdint>
#include <span>

#include "safe_load/result.h"

namespace safe_load::torch {

// Rules B1 to B8 of docs/format/tensors.md. `offset` and `strides` count elements. After it every
// element lies inside the storage and no product or sum of these numbers overflows 64 bits.
Status check_bounds(std::span<const std::int64_t> sizes, std::span<const std::int64_t> strides,
                    std::uint64_t offset, std::uint64_t element_size, std::uint64_t storage_bytes);

// The bytes that a storage needs for such a tensor; the rules without the storage.
Result<std::uint64_t> required_bytes(std::span<const std::int64_t> sizes,
                                     std::span<const std::int64_t> strides, std::uint64_t offset,
                                     std::uint64_t element_size);

// Whether the elements lie in row-major order without gaps. Dimensions of size 1 may have any
// stride.
bool is_contiguous(std::span<const std::int64_t> sizes, std::span<const std::int64_t> strides);

}  // namespace safe_load::torch
