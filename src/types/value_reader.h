// Reading the small values of a pickle: numbers, texts, tuples, keys and shapes.
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

  // The value of a key that is text; kNoNode if there is none. Of equal keys the last one counts,
  // as in Python. A search: for dicts of a few keys.
  pickle::NodeId find(pickle::NodeId dict, std::string_view key) const {
    const std::span<const pickle::NodeId> items = tape_.items(dict);
    for (std::size_t i = items.size(); i >= 2; i -= 2)
      if (tape_[items[i - 2]].kind == pickle::Kind::kText && tape_.text(items[i - 2]) == key)
        return items[i - 1];
    return pickle::kNoNode;
  }

 private:
  const pickle::Tape& tape_;
};

// The number of items of a shape: a tuple of sizes, or one size. Empty if they are not sizes, or if
// their product overflows.
std::optional<std::uint64_t> item_count(const pickle::Tape& tape, pickle::NodeId shape,
                                        const Limits& limits);

}  // namespace safe_load::types
