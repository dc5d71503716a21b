// Machine: runs a pickle program. It has no callables: it only writes down what was asked for.
#pragma once

#include <cstdint>

#include "pickle/tape.h"
#include "safe_load/result.h"

namespace safe_load::pickle {

class StreamReader;

// Where a program stands: its bytes, which may go on behind STOP, are bytes that the tape shows.
struct Program {
  base::Bytes bytes;
  std::uint64_t place = 0;         // of the first byte, as Node::payload of text counts it
  std::uint8_t flags = 0;          // kInArena, or 0 for tape.pickle()
  StreamReader* reader = nullptr;  // who reads on in the stream where a BUILD ends, or null
  bool by_steps = false;           // each opcode by itself, to compare with: slower, no different
};

struct Built {
  NodeId root = kNoNode;
  std::uint64_t end = 0;  // behind STOP, in Program::bytes
  int protocol = 0;
};

// Adds to `tape` what a pickle of protocol 0 to 5 builds. Errors carry the offset of the opcode in
// Program::bytes and name it.
Result<Built> run(Tape& tape, const Program& program);

// Runs the pickle with which tape.pickle() begins, whose result becomes the root of the tape.
// Returns the offset behind its STOP.
Result<std::uint64_t> run(Tape& tape);

}  // namespace safe_load::pickle
