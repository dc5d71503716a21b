// Pool<T>: an append-only array in chunks, addressed by 32-bit indices, under a budget.
//
// A growing vector copies everything each time and holds up to three times its size meanwhile. Here
// nothing moves: chunks have one size, a power of two, and an index is (chunk, place). A run longer
// than a chunk gets one block that fills several chunk slots, so every run is contiguous in memory
// and indices stay a shift and a mask.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/blocks.h"
#include "base/budget.h"
#include "base/try.h"
#include "safe_load/result.h"

namespace safe_load::base {

template <class T>
class Pool {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  // `expected_bytes`: a guess of the final size; a chunk is an eighth of it (4 KiB to 2 MiB), so
  // that little of the last one stays unused.
  Pool(Budget& budget, Blocks& blocks, std::uint64_t expected_bytes)
      : budget_(&budget), blocks_(&blocks) {
    const std::uint64_t bytes = std::clamp<std::uint64_t>(expected_bytes / 8, 4096, 2u << 20);
    shift_ = static_cast<std::uint32_t>(std::bit_width(bytes / sizeof(T)) - 1);
    mask_ = (std::uint32_t{1} << shift_) - 1;
  }

  std::uint32_t size() const { return size_; }

  T& operator[](std::uint32_t index) { return chunks_[index >> shift_][index & mask_]; }
  const T& operator[](std::uint32_t index) const { return chunks_[index >> shift_][index & mask_]; }

  // REQUIRES: a range that one call of allocate() gave, or a part of it.
  std::span<T> run(std::uint32_t index, std::uint32_t count) {
    return count == 0 ? std::span<T>() : std::span<T>(&(*this)[index], count);
  }
  std::span<const T> run(std::uint32_t index, std::uint32_t count) const {
    return count == 0 ? std::span<const T>() : std::span<const T>(&(*this)[index], count);
  }

  // Whether so many items in a row fit without a new block; then the two below cannot fail.
  bool has_room(std::uint64_t count) const { return count <= capacity_ - size_; }
  std::uint32_t add_within(const T& item) {  // REQUIRES: has_room(1)
    (*this)[size_] = item;
    return size_++;
  }
  std::uint32_t allocate_within(std::uint32_t count) {  // REQUIRES: has_room(count)
    return std::exchange(size_, size_ + count);
  }

  Result<std::uint32_t> add(const T& item) {
    if (!has_room(1)) {
      SAFE_LOAD_TRY(grow(1));
    }
    return add_within(item);
  }

  // The index of `count` items in a row, to be written before they are read.
  Result<std::uint32_t> allocate(std::uint64_t count) {
    if (!has_room(count)) {
      SAFE_LOAD_TRY(grow(count));
    }
    return allocate_within(static_cast<std::uint32_t>(count));
  }

 private:
  Status grow(std::uint64_t count) {
    const std::uint64_t chunk = std::uint64_t{mask_} + 1;
    const std::uint64_t slots = (count + mask_) >> shift_;
    // The last index value is kept free: callers use it for "none".
    if (slots >= (std::numeric_limits<std::uint32_t>::max() - capacity_) >> shift_)
      return Error(ErrorCode::kLimit, "more than 2^32 parts");
    SAFE_LOAD_TRY(budget_->take(slots * chunk * sizeof(T)));
    // Trivial types: they begin to exist when they are written.
    void* block = blocks_->take(static_cast<std::size_t>(slots * chunk * sizeof(T)));
    for (std::uint64_t slot = 0; slot < slots; ++slot)
      chunks_.push_back(static_cast<T*>(block) + slot * chunk);
    size_ = capacity_;  // what was left of the last chunk stays unused: a run never crosses a block
    capacity_ += static_cast<std::uint32_t>(slots * chunk);
    return {};
  }

  Budget* budget_;
  Blocks* blocks_;
  std::vector<T*> chunks_;
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = 0;
  std::uint32_t shift_ = 0;
  std::uint32_t mask_ = 0;
};

}  // namespace safe_load::base
