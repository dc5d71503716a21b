// Arrays between the opcodes of a pickle, which joblib reads and no other program.
#pragma once

#include "container/container.h"

namespace safe_load::scanner {

// Whether joblib may read an array where we did not, other unpicklers read on where one stands, or
// a description of one is used for anything but to be replaced by its array.
bool has_odd_stream_arrays(const pickle::Tape& tape, const container::StreamArrays& arrays);

// Whether a program names anything that is known to be bad.
bool names_danger(const pickle::Tape& tape);

}  // namespace safe_load::scanner
