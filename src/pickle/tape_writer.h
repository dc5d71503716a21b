// TapeWriter: adds values to a tape that no pickle built: those of containers without pickles.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "pickle/tape.h"
#include "safe_load/result.h"

namespace safe_load::pickle {

class TapeWriter {
 public:
  explicit TapeWriter(Tape& tape) : tape_(tape) {}

  Result<NodeId> none() { return tape_.add_node({}); }
  Result<NodeId> boolean(bool value);
  Result<NodeId> integer(std::int64_t value);
  Result<NodeId> floating(double value);
  // `text` is copied, and must be UTF-8.
  Result<NodeId> text(std::string_view text);
  Result<NodeId> tuple(std::span<const NodeId> items);
  Result<NodeId> list(std::span<const NodeId> items);
  // Keys and values in turn.
  Result<NodeId> dict(std::span<const NodeId> items);
  // A tuple of whole numbers.
  Result<NodeId> integers(std::span<const std::int64_t> values);

 private:
  Result<NodeId> container(Kind kind, std::span<const NodeId> items);

  Tape& tape_;
};

}  // namespace safe_load::pickle
