// StateJudgement: what BUILD gives an object, as far as that changes what the object does.
#pragma once

#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "pickle/tape.h"
#include "scan/callee.h"
#include "scan/findings.h"

namespace safe_load::scanner {

class StateJudgement {
 public:
  // Both must outlive this.
  StateJudgement(const pickle::Tape& tape, const Callees& callees)
      : tape_(tape), callees_(callees) {}

  // Of the states of one call, without their places. A state that many objects of a kind share is
  // looked at once.
  std::vector<Finding> judge(pickle::NodeId id);

 private:
  // What an object is, as far as it says what a state may do to it.
  enum class Owner : std::uint8_t { kOther, kDict, kFunction, kUnknownClass };

  Owner owner_of(pickle::NodeId id) const;
  void judge_state(pickle::NodeId id, pickle::NodeId state);
  bool names_anything(pickle::NodeId state);
  pickle::NodeId judge_attributes(Owner owner, pickle::NodeId state);
  Severity judge_attribute_name(Owner owner, std::string_view key, pickle::NodeId value) const;
  bool is_dict(pickle::NodeId id) const;

  const pickle::Tape& tape_;
  const Callees& callees_;
  std::vector<Finding> found_;
  std::unordered_set<std::uint64_t> judged_;                 // states, by the kind of their objects
  std::unordered_map<pickle::NodeId, bool> names_anything_;  // by state
};

}  // namespace safe_load::scanner
