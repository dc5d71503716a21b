// The header of a .npy file: {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
// Source: numpy/lib/format.py, "Format Version 1.0" to "3.0".
#pragma once

#include <cstdint>
#include <string_view>

#include "pickle/tape.h"
#include "safe_load/result.h"

namespace safe_load::types {

// Reads one Python literal of texts, whole numbers, True, False, None, tuples, lists and dicts to
// the end of `text`, as values of the tape. kCorrupt with the offset in `text`: anything else, or
// deeper than 32.
Result<pickle::NodeId> read_python_literal(pickle::Tape& tape, std::string_view text);

}  // namespace safe_load::types
