// Machine: runs a pickle program. It has no callables: it only writes down what was asked for.
#pragma once

#include <cstdint>

#include "pickle/tape.h"
#include "safe_load/result.h"

namespace safe_load::pickle {

// Fills `tape` from tape.pickle(), which begins with a pickle of protocol 0 to 5. Returns the
// offset behind its STOP. Errors carry the offset of the opcode and name it.
Result<std::uint64_t> run(Tape& tape);

}  // namespace safe_load::pickle
