// Whether somebody wants the program to end.
#pragma once

#include <atomic>

namespace cli {

inline constexpr int kInterrupted = 130;  // exit code

// From now on SIGINT, SIGTERM and SIGHUP do not end the program but set this, so that it can put
// away what is half done. Waiting ends too. Signals that were ignored before stay so.
const std::atomic<bool>& watch_for_interruption();

}  // namespace cli
