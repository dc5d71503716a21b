// Names that honest picklers keep, and that are bad only if something uses them: map in a cell of a
// function, setattr as dill writes it.
#pragma once

#include <cstdint>

#include "pickle/tape.h"
#include "scan/callee.h"

namespace safe_load::scanner {

// Whether a symbol stands nowhere but as what is called, in the cells of functions, and where dill
// asks for its own setattr. Looks at the whole tape.
bool is_only_kept(const pickle::Tape& tape, const Callees& callees, std::uint32_t symbol);

}  // namespace safe_load::scanner
