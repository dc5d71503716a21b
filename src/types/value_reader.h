// Reading the small values of a NumPy pickle: numbers, texts, tuples and shapes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "pickle/tape.h"
#include "safe_load/limits.h"

namespace safe_load::types {

// A view of a tape that reads small values.
class ValueReader {
 public:
  explicit ValueReader(const pickle::Tape& tape) : tape_(tape) {}

  std::optional<std::int64_t> integer(pickle::NodeId id) const {
    const pickle::Kind kind = tape_[id].kind;
    if (kind != pickle::Kind::kInt && kind != pickle::Kind::kBool) return std::nullopt;
    return static_cast<std::int64_t>(tape_[id].payload);
  }

  bool is_none(pickle::NodeId id) const { return tape_[id].kind == pickle::Kind::kNone; }

  std::optional<std::string_view> text(pickle::NodeId id) const {
    const pickle::Kind kind = tape_[id].kind;
    if (kind != pickle::Kind::kText && kind != pickle::Kind::kBytes) return std::nullopt;
    return tape_.text(id);
  }

  std::span<const pickle::NodeId> tuple(pickle::NodeId id) const {
    return tape_[id].kind == pickle::Kind::kTuple ? tape_.items(id)
                                                  : std::span<const pickle::NodeId>();
  }

 private:
  const pickle::Tape& tape_;
};

// The number of items of a shape: a tuple of sizes, or one size. Empty if they are no sizes, or if
// their product overflows.
std::optional<std::uint64_t> item_count(const pickle::Tape& tape, pickle::NodeId shape,
                                        const Limits& limits);

}  // namespace safe_load::types
