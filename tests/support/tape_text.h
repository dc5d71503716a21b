// tape_text: what a tape holds, on one line, so that a test case reads {pickle, text}.
#pragma once

#include <string>
#include <string_view>

#include "pickle/tape.h"

namespace test_support {

// Runs the machine on `pickle` and prints the result: 7, 'text', [..], (..), {k: v}, set,
// name(args), .build(state), +[items]. A value that was printed before is &N, its number in order
// of printing. An error prints as "error CODE at OFFSET: reason".
std::string run_to_text(std::string_view pickle);

}  // namespace test_support
