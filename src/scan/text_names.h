// Texts that an unpickler would begin to read: "import os" is INST to it, "cd /tmp" a GLOBAL.
#pragma once

#include <string_view>

#include "pickle/tape.h"

namespace safe_load::scanner {

// Whether nothing is imported under this name: its first part is empty, or has blanks, quotes or
// brackets.
bool names_no_module(std::string_view module);

// Whether the tape of a text that breaks off for every reader asks for nothing but the first words
// of the text, which are the name of no module.
bool is_only_words(const pickle::Tape& tape);

}  // namespace safe_load::scanner
