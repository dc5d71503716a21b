// Arrays between the opcodes of a pickle, which joblib reads and no other program.
#pragma once

#include "pickle/tape.h"

namespace safe_load::scanner {

// Whether a program names the class that describes one. Where one stands, joblib.load reads the
// bytes as an array, joblib before 1.2 begins with it elsewhere, other programs take them for
// opcodes, and nobody checks what the next one would make of them.
bool names_stream_arrays(const pickle::Tape& tape);

// Whether a program names anything that is known to be bad.
bool names_danger(const pickle::Tape& tape);

}  // namespace safe_load::scanner
