// What standard output is, and what the program prints there.
#pragma once

#include <safe_load/report.h>

#include <string>

#include "options.h"

namespace cli {

// Width and colour for a terminal; neither for files and pipes. Honours NO_COLOR and
// CLICOLOR_FORCE.
safe_load::TextOptions text_options(const Options& options);

// Writes a result to standard output. A reader that went away is no failure. False on other errors.
bool print(const std::string& text);

// "safe-load: FILE: TEXT" to standard error.
void complain(const std::string& file, const std::string& text);

}  // namespace cli
