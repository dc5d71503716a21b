// safe-load: the command line of the library.
#include <csignal>
#include <exception>
#include <iostream>

#include "commands.h"
#include "options.h"

int main(int argc, char** argv) {
  // A reader that stops early (`safe-load x.pt | head`) is success: the write fails, we go on.
  std::signal(SIGPIPE, SIG_IGN);
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
    }
    return cli::kUsage;
  } catch (const std::exception& error) {
    std::cerr << "safe-load: " << error.what() << '\n';
    return cli::kFailed;
  }
}
