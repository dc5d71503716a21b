// PackageStates: whether a state gives the methods of well-known packages nothing to call.
//
// The methods that were read (tools/package_classes.py) update __dict__ with a state, and look at
// some parts of it: those must be what honest objects have there.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>

#include "pickle/tape.h"

namespace safe_load::scanner {

class PackageStates {
 public:
  // `tape` must outlive this.
  explicit PackageStates(const pickle::Tape& tape) : tape_(tape) {}

  // Of a state that BUILD took when the tape had `built_at` nodes: what changed later is not what
  // was taken. Asked for each state once, it takes time for what is there, however often parts are
  // shared.
  bool is_harmless(pickle::NodeId state, std::uint32_t built_at);

 private:
  bool is_part(std::string_view key, pickle::NodeId value, std::uint32_t built_at);
  bool is_dict(pickle::NodeId id) const;
  bool is_table(pickle::NodeId id);
  bool has_names_of_parts(std::span<const pickle::NodeId> pairs) const;
  bool is_name_of_part(pickle::NodeId key) const;
  bool is_numeric_array(pickle::NodeId id) const;
  bool is_name(pickle::NodeId id) const;
  bool is_plain(pickle::NodeId id, pickle::Kind kind) const;

  const pickle::Tape& tape_;
  std::unordered_map<pickle::NodeId, bool> tables_;  // whether it is one
};

}  // namespace safe_load::scanner
