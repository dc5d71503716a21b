// Slice: the bytes of one container: a whole file, or a member of another container.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/budget.h"
#include "base/checked.h"
#include "base/source.h"
#include "safe_load/limits.h"
#include "safe_load/shared_bytes.h"

namespace safe_load::container {

// Containers in each other that are opened.
inline constexpr int kDeepest = 8;

// [offset, offset + size) of `whole`, which is the file, or memory that holds what had to be
// inflated.
struct Slice {
  std::shared_ptr<const Source> whole;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  const std::byte* memory = nullptr;  // the bytes of `whole`; null: it is the file
  std::string name;                   // of the member, escaped; "" for a file
  std::uint64_t shift = 0;            // of a part of a member: where in it the part begins
  int depth = 0;                      // containers around this one
  // What the whole file may inflate to, shared by all containers in it.
  std::shared_ptr<base::Budget> inflation;

  base::PartSource part() const { return {*whole, offset, size}; }
  // Without its first bytes.
  Slice behind(std::uint64_t bytes) const {
    Slice rest = *this;
    rest.offset += bytes;
    rest.size -= bytes;
    rest.shift += bytes;
    return rest;
  }
  // A name inside of this one, as errors show it.
  std::string inside(std::string_view member) const {
    return name.empty() ? std::string(member) : name + "/" + std::string(member);
  }
};

// What a file of this size may inflate to.
inline std::shared_ptr<base::Budget> inflation_budget(std::uint64_t file_size,
                                                      const Limits& limits) {
  const std::uint64_t by_ratio =
      base::checked_mul(limits.max_inflated_ratio, file_size).value_or(UINT64_MAX);
  constexpr Reason kExhausted = "the records inflate to more than Limits::max_inflated_bytes";
  return std::make_shared<base::Budget>(std::max(limits.max_inflated_bytes, by_ratio), kExhausted);
}

// A slice of memory, which it keeps alive.
inline Slice slice_of(SharedBytes bytes) {
  struct Kept {
    explicit Kept(SharedBytes from) : bytes(std::move(from)), source(bytes.bytes) {}
    SharedBytes bytes;
    base::MemorySource source;
  };
  const auto kept = std::make_shared<Kept>(std::move(bytes));
  Slice slice;
  slice.whole = std::shared_ptr<const Source>(kept, &kept->source);
  slice.size = kept->bytes.bytes.size();
  slice.memory = kept->bytes.bytes.data();
  return slice;
}

inline Slice slice_of(std::vector<std::byte> bytes) {
  const auto kept = std::make_shared<std::vector<std::byte>>(std::move(bytes));
  return slice_of(SharedBytes{*kept, kept});
}

}  // namespace safe_load::container
