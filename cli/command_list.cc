// `safe-load ls FILE...`: what checkpoints hold.
#include <safe_load/safe_load.h>

#include "commands.h"
#include "terminal.h"

namespace cli {

int list(const Options& options) {
  int exit_code = kDone;
  for (const std::string& file : options.files) {
    const auto opened = safe_load::Checkpoint::open(file, {.verify = options.verify});
    if (!opened) {
      if (options.json && !print(safe_load::to_json(opened.error(), file))) return kFailed;
      complain(safe_load::printable(file), opened.error().text());
      exit_code = kFailed;
      continue;
    }
    const std::string report = options.json
                                   ? safe_load::to_json(*opened, file)
                                   : safe_load::to_text(*opened, file, text_options(options));
    if (!print(report)) return kFailed;
    if (!opened->issues().empty()) {
      complain(safe_load::printable(file),
               std::to_string(opened->issues().size()) + " damaged values, listed above");
      exit_code = kFailed;
    }
  }
  return exit_code;
}

}  // namespace cli
