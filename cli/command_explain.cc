// `safe-load explain FILE...`: why torch refuses checkpoints, and what to do.
#include <safe_load/safe_load.h>

#include "commands.h"
#include "terminal.h"

namespace cli {

int explain(const Options& options) {
  int exit_code = kDone;
  for (const std::string& file : options.files) {
    const auto opened = safe_load::Checkpoint::open(file);
    if (!opened) {
      if (options.json && !print(safe_load::to_json(opened.error(), file))) return kFailed;
      complain(safe_load::printable(file), opened.error().text());
      exit_code = kFailed;
      continue;
    }
    const std::string report =
        options.json ? safe_load::explanation_json(*opened, file)
                     : safe_load::explanation_text(*opened, safe_load::printable(file));
    if (!print(report)) return kFailed;
  }
  return exit_code;
}

}  // namespace cli
