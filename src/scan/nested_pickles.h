// Pickles in the bytes of a pickle: functions of honest libraries that unpickle what they are
// given.
#pragma once

#include <string_view>
#include <vector>

#include "pickle/tape.h"

namespace safe_load::scanner {

// Whether calling this name unpickles its first argument. torch.storage._load_from_bytes, which
// takes a whole file, is not among them.
bool is_pickle_reader(const pickle::Symbol& symbol);

// Whether what it is given are bytes of the file, which can be looked at.
bool reads_literal(const pickle::Tape& tape, const pickle::Call& call);

// Each of these pickles once.
std::vector<std::string_view> nested_pickles(const pickle::Tape& tape);

}  // namespace safe_load::scanner
