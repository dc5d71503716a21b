// Elements of tensors and arrays as numbers of this machine.
#pragma once

#include <cstddef>
#include <cstdint>

#include "safe_load/dtype.h"

namespace safe_load::data {

// A function that reads one element of this type as a double; null for complex, quantized and
// sub-byte types. Integers beyond 2^53 are rounded.
using ReadElement = double (*)(const std::byte* element);
ReadElement element_reader(DType dtype);

// Whether every value of `from` is also one of `to` (bfloat16 of float, int8 of int64).
bool widens(DType from, DType to);

// Writes the element as a `to`. REQUIRES: widens(from, to).
void widen(DType from, const std::byte* element, DType to, std::byte* out);

// Flips the sign bit of a number of `size` bytes in the byte order of this machine.
void flip_sign(std::byte* number, std::size_t size);

// Replaces the element by its negative. REQUIRES: an element type that torch can mark as negated
// (numbers with a sign, and whole ones).
void negate(DType dtype, std::byte* element);

}  // namespace safe_load::data
