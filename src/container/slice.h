// Slice: the bytes of one container: a whole file, or a member of another container.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/budget.h"
#include "base/source.h"

namespace safe_load::container {

// [offset, offset + size) of `whole`, which is the file, or memory that holds what had to be
// inflated.
struct Slice {
  std::shared_ptr<const base::Source> whole;
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

// A slice of memory, which it owns.
inline Slice slice_of(std::vector<std::byte> bytes) {
  struct Owned {
    explicit Owned(std::vector<std::byte> from) : bytes(std::move(from)), source(bytes) {}
    std::vector<std::byte> bytes;
    base::MemorySource source;
  };
  const auto owned = std::make_shared<Owned>(std::move(bytes));
  Slice slice;
  slice.whole = std::shared_ptr<const base::Source>(owned, &owned->source);
  slice.size = owned->bytes.size();
  slice.memory = owned->bytes.data();
  return slice;
}

}  // namespace safe_load::container
