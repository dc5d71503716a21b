// LegacyPickles: the form of torch.save before torch 1.6, which it still gives to a storage that a
// plain pickle holds. Five programs in a row (a magic number, a version, what the writer's machine
// was like, the object, the keys of its storages) and then, for each key, the storage's bytes.
#pragma once

#include <vector>

#include "base/bytes.h"
#include "pickle/machine.h"
#include "safe_load/result.h"

namespace safe_load::torch {

struct LegacyPickles {
  pickle::NodeId object = pickle::kNoNode;
  pickle::NodeId keys = pickle::kNoNode;
  std::uint64_t data_offset = 0;  // of the storages
  int protocol = 0;
};

// Where one of the five begins: its first node on the tape, its first byte in all of them.
struct LegacyStart {
  pickle::NodeId node;
  std::uint64_t offset;
};

// Adds all five to the tape. kCorrupt: these bytes are no such checkpoint. `starts` gets one row
// for each that was run, also for the one that failed.
Result<LegacyPickles> run_legacy(pickle::Tape& tape, const pickle::Program& program,
                                 std::vector<LegacyStart>& starts);

// Whether this value is torch's magic number. torch.load takes any file without a container whose
// first pickle has it, however that is spelled.
bool is_magic_number(const pickle::Tape& tape, pickle::NodeId value);
// Whether the first pickle of a file ends in its first bytes, `head`, and has that value.
bool begins_with_magic_number(base::Bytes head, const Limits& limits);

}  // namespace safe_load::torch
