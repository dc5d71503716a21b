// KeyTable: which keys of a dict or set are equal, by Python's rules.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "pickle/tape.h"
#include "safe_load/limits.h"
#include "safe_load/result.h"

namespace safe_load::types {

// The places of the distinct keys, in order of first appearance. 1, 1.0 and True are equal; text
// and bytes are not; tuples are compared item by item; what Python compares by identity, and the
// rarer values, are compared as nodes.
class KeyTable {
 public:
  // `check_part` is asked about each part of a key that has parts of its own which the table does
  // not look into.
  KeyTable(pickle::Tape& tape, const Limits& limits,
           std::function<Status(pickle::NodeId)> check_part)
      : tape_(tape), limits_(limits), check_part_(std::move(check_part)) {}

  // Begins with an empty table for so many keys. kLimit if their memory is not paid for.
  Status start(std::size_t expected);

  // The number of this key among the distinct ones; `is_new` tells whether it just became one.
  // An error if Python could not use it as a key.
  Result<std::uint32_t> add(pickle::NodeId key, bool& is_new);

 private:
  struct Slot {
    std::uint64_t hash = 0;
    std::uint32_t number = kFree;
  };
  static constexpr std::uint32_t kFree = 0xFFFFFFFF;

  Result<std::uint64_t> hash(pickle::NodeId key);
  Result<bool> equal(pickle::NodeId a, pickle::NodeId b);
  Status append(pickle::NodeId key, std::string& out);
  Status append_simple(pickle::NodeId key, std::string& out);

  pickle::Tape& tape_;
  const Limits& limits_;
  std::function<Status(pickle::NodeId)> check_part_;
  std::vector<Slot> slots_;
  std::vector<pickle::NodeId> keys_;
  std::size_t largest_ = 0;  // of the tables so far
};

}  // namespace safe_load::types
