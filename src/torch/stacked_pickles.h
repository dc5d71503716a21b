// StackedPickles: the form of torch.save before torch 1.6, which it still gives to a storage that a
// plain pickle holds. Five programs in a row (a magic number, a version, what the writer's machine
// was like, the object, the keys of its storages) and then, for each key, the storage's bytes.
#pragma once

#include "base/bytes.h"
#include "pickle/machine.h"
#include "safe_load/result.h"

namespace safe_load::torch {

struct StackedPickles {
  pickle::NodeId object = pickle::kNoNode;
  pickle::NodeId keys = pickle::kNoNode;
  std::uint64_t object_offset = 0;  // of the object's program, in all of them
  std::uint64_t data_offset = 0;    // of the storages
  int protocol = 0;
};

// Adds all five to the tape. kCorrupt: these bytes are no such checkpoint.
Result<StackedPickles> run_stacked(pickle::Tape& tape, const pickle::Program& program);

}  // namespace safe_load::torch
