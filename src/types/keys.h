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
// and bytes are not; tuples are compared item by item; what Python compares by identity is compared
// as nodes. So are the rarer values, whose equality only Python can tell: they are undecided.
class KeyTable {
 public:
  // `check_part` is asked about each part of a key that has parts of its own which the table does
  // not look into, and `stands_for_value` about each symbol.
  KeyTable(pickle::Tape& tape, const Limits& limits,
           std::function<Status(pickle::NodeId)> check_part,
           std::function<bool(pickle::NodeId)> stands_for_value)
      : tape_(tape),
        limits_(limits),
        check_part_(std::move(check_part)),
        stands_for_value_(std::move(stands_for_value)) {}

  // Begins with an empty table for so many keys. kLimit if their memory is not paid for.
  Status start(std::size_t expected);

  // The number of this key among the distinct ones; `is_new` tells whether it just became one.
  // An error if Python could not use it as a key.
  Result<std::uint32_t> add(pickle::NodeId key, bool& is_new);

  // Whether keys were added that may be equal to others although the table keeps them apart.
  bool has_undecided() const {
    return (seen_ & kRare) != 0 || (seen_ & kBigNumbers) == kBigNumbers;
  }

 private:
  struct Slot {
    std::uint32_t tag = 0;  // of the hash, what does not choose the place
    std::uint32_t number = kFree;
  };
  static constexpr std::uint32_t kFree = 0xFFFFFFFF;

  Result<std::uint64_t> hash(pickle::NodeId key);
  Result<bool> equal(pickle::NodeId a, pickle::NodeId b);
  Status append(pickle::NodeId key, std::string& out);
  Status append_simple(pickle::NodeId key, std::string& out);
  void look_at(pickle::NodeId key);

  // Keys that may be equal to others of another sort.
  enum Seen : std::uint8_t { kBigInteger = 1, kBigFloat = 2, kBigNumbers = 3, kRare = 4 };

  pickle::Tape& tape_;
  const Limits& limits_;
  std::function<Status(pickle::NodeId)> check_part_;
  std::function<bool(pickle::NodeId)> stands_for_value_;
  std::vector<Slot> slots_;
  std::vector<pickle::NodeId> keys_;
  std::size_t largest_ = 0;  // of the tables so far
  std::uint8_t seen_ = 0;
};

}  // namespace safe_load::types
