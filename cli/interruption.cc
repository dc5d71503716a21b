#include "interruption.h"

#include <csignal>

namespace cli {
namespace {

std::atomic<bool> is_interrupted = false;

void interrupt(int) { is_interrupted = true; }

}  // namespace

const std::atomic<bool>& watch_for_interruption() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before = {};
    if (::sigaction(signal, nullptr, &before) != 0 || before.sa_handler == SIG_IGN) continue;
    struct sigaction action = {};
    action.sa_handler = interrupt;  // without SA_RESTART
    ::sigaction(signal, &action, nullptr);
  }
  return is_interrupted;
}

}  // namespace cli
