// TapeWriter: adds values to a tape that no pickle built: those of containers without pickles.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "pickle/tape.h"
#include "safe_load/result.h"

namespace safe_load::container {

class TapeWriter {
 public:
  explicit TapeWriter(pickle::Tape& tape) : tape_(tape) {}

  Result<pickle::NodeId> none() { return tape_.add_node({}); }
  Result<pickle::NodeId> boolean(bool value);
  Result<pickle::NodeId> integer(std::int64_t value);
  Result<pickle::NodeId> floating(double value);
  // `text` is copied, and must be UTF-8.
  Result<pickle::NodeId> text(std::string_view text);
  Result<pickle::NodeId> tuple(std::span<const pickle::NodeId> items);
  Result<pickle::NodeId> list(std::span<const pickle::NodeId> items);
  // Keys and values in turn.
  Result<pickle::NodeId> dict(std::span<const pickle::NodeId> items);
  // A tuple of whole numbers.
  Result<pickle::NodeId> integers(std::span<const std::int64_t> values);

 private:
  Result<pickle::NodeId> container(pickle::Kind kind, std::span<const pickle::NodeId> items);

  pickle::Tape& tape_;
};

}  // namespace safe_load::container
