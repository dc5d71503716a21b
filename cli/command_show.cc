// `safe-load show FILE PATH`: one value or tensor.
#include <safe_load/safe_load.h>

#include "commands.h"
#include "terminal.h"

namespace cli {

int show(const Options& options) {
  const auto opened = safe_load::Checkpoint::open(options.file, {.verify = options.verify});
  if (!opened) {
    if (options.json && !print(safe_load::to_json(opened.error(), options.file))) return kFailed;
    complain(safe_load::printable(options.file), opened.error().text());
    return kFailed;
  }
  const auto value = opened->find(options.path);
  if (!value) {
    complain(safe_load::printable(options.file),
             std::string(value.error().reason()) + ": " + std::string(value.error().subject()));
    return kFailed;
  }
  const std::string report = options.json
                                 ? safe_load::to_json(*opened, *value)
                                 : safe_load::to_text(*opened, *value, text_options(options));
  return print(report) ? kDone : kFailed;
}

}  // namespace cli
