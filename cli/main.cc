// safe-load: the command line of the library.
#include <fcntl.h>
#include <safe_load/report.h>
#include <unistd.h>

#include <csignal>
#include <exception>
#include <iostream>

#include "commands.h"
#include "options.h"

namespace {

// The number of a standard descriptor that is closed would go to the next file that is opened. What
// stands in for it fails as it would: it cannot be read, or not be written.
bool fill_standard_descriptors() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    if (::open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY) != number) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  // A reader that stops early (`safe-load x.pt | head`) is success: the write fails, we go on.
  std::signal(SIGPIPE, SIG_IGN);
  if (!fill_standard_descriptors()) return cli::kFailed;
  try {
    const cli::Parsed parsed = cli::parse(argc, argv);
    if (parsed.exit_code >= 0) return parsed.exit_code;
    switch (parsed.options.command) {
      case cli::Command::kList:
        return cli::list(parsed.options);
      case cli::Command::kShow:
        return cli::show(parsed.options);
      case cli::Command::kExplain:
        return cli::explain(parsed.options);
      case cli::Command::kScan:
        return cli::scan(parsed.options);
      case cli::Command::kReport:
        return cli::report(parsed.options);
      case cli::Command::kConvert:
        return cli::convert(parsed.options);
      case cli::Command::kFix:
        return cli::fix(parsed.options);
    }
    return cli::kUsage;
  } catch (const std::exception& error) {
    std::cerr << "safe-load: " << safe_load::printable(error.what()) << '\n';
    return cli::kFailed;
  }
}
