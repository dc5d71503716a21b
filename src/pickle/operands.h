// Operands: what readers make of what stands behind an opcode.
//
// A pickler writes each operand in one form. Readers take others too, and not all the same: CPython
// has an unpickler in C and one in Python, and torch has a third for weights_only. The tables in
// operands.cc say how each of them reads the operands of each opcode. Loading refuses what they do
// not agree on; scanning follows whichever goes on.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pickle/opcodes.h"
#include "pickle/tape.h"

namespace safe_load::pickle {

enum class Agreement : std::uint8_t {
  kPlain,  // all readers of the opcode give one value, in the form in which picklers write it
  kOdd,    // they give one value, in another form
  kSplit,  // some go on, others stop or go on with another value
  kNone,   // all stop
};

// kBool, kInt, kBigInt, kFloat, kText or kPy2Text. kNone: some number of the sign of `bits`, which
// only some versions of the reader take.
struct Operand {
  Kind kind = Kind::kNone;
  std::uint64_t bits = 0;  // as Node::payload has them
  std::string text;        // of kBigInt, kText and kPy2Text, as Tape::text gives it
  friend bool operator==(const Operand&, const Operand&) = default;
};

struct Reading {
  Agreement agreement = Agreement::kNone;
  Operand value;  // what a reader that goes on makes of it
};

// A line, without its line feed. REQUIRES: INT, LONG, FLOAT, STRING, UNICODE, GET or PUT.
Reading read_operand(Opcode opcode, std::string_view line);

// A line that is a name or a persistent id. REQUIRES: GLOBAL, INST or PERSID.
Agreement read_name(Opcode opcode, std::string_view line);

// A number of bytes, or a version. REQUIRES: BINSTRING, LONG4 or PROTO.
Agreement read_count(Opcode opcode, std::uint32_t count);

}  // namespace safe_load::pickle
