// The constants of a TorchScript program, which its code calls CONSTANTS.c0, CONSTANTS.c1, ...
// Frozen modules have all their weights there, and traced ones what tracing met.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "pickle/tape.h"
#include "safe_load/result.h"

namespace safe_load::torch {

// A constant and its number in the program.
struct ScriptConstant {
  std::size_t number;
  pickle::NodeId value;
};

// Those of constants.pkl.
Result<std::vector<ScriptConstant>> read_constants(const pickle::Tape& tape, pickle::NodeId root);

// The module, an inert record or a dict, with the attribute CONSTANTS, a dict from "c0", ... to the
// constants; if it has one of that name, or is no module, a dict of both. Without constants the
// module stays as it is.
Result<pickle::NodeId> with_constants(pickle::Tape& tape, pickle::NodeId module,
                                      std::span<const ScriptConstant> constants);

}  // namespace safe_load::torch
