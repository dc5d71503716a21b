// The first bytes of a slice, by which it is recognised.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "container/failure.h"
#include "container/slice.h"

namespace safe_load::container {

using Head = std::array<std::byte, 4096>;

// All of it, or what the slice has of it.
Outcome<std::span<const std::byte>> read_head(const Slice& slice, Head& buffer);

// Says that the head of a file will be read, and its tail, where the directory of a zip file ends:
// most are such files.
void tell_ends(const Source& file);
void tell_ends(std::span<const Slice> files);
// The same for members of another container, whose tails nobody asks for.
void tell_heads(std::span<const Slice> members);

}  // namespace safe_load::container
