// The rules of torch 2.13's weights_only reader, applied to what a pickle built. Used to explain,
// never to load.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "pickle/tape.h"
#include "safe_load/result.h"

namespace safe_load::torch {

// Source: torch 2.13, torch/_weights_only_unpickler.py.
bool is_allowed_by_torch(std::string_view module, std::string_view name);
bool is_blocked_by_torch(std::string_view module);
// Allowed once torch._dynamo or torch.distributed.tensor was imported.
bool is_allowed_after_import(std::string_view module, std::string_view name);

// An opcode that torch's reader lacks, or a text that it cannot decode.
struct OddOpcode {
  std::string_view name;
  std::uint64_t offset = 0;  // of the first, in the program
  std::uint64_t count = 0;
  bool is_text = false;
};
// Of the programs that follow each other from the start of `bytes`.
std::vector<OddOpcode> odd_opcodes(base::Bytes bytes, int programs);

// What torch refuses to do with the result of a call.
struct OddCall {
  enum class Kind : std::uint8_t { kUnnamedClass, kCallable, kItems } kind;
  pickle::NodeId node;
  std::string name;  // of the class
};
std::vector<OddCall> odd_calls(const pickle::Tape& tape);

}  // namespace safe_load::torch
