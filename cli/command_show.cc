// `safe-load show FILE PATH`: one value or tensor.
#include <safe_load/safe_load.h>

#include <optional>

#include "commands.h"
#include "terminal.h"

namespace cli {
namespace {

using safe_load::Checkpoint;
using safe_load::ValueView;

// An object path; or, for convenience, the dotted name that the listing shows.
safe_load::Result<ValueView> find(const Checkpoint& checkpoint, const std::string& path) {
  if (path.starts_with('$')) return checkpoint.find(path);
  std::optional<ValueView> found;
  checkpoint.for_each([&](const safe_load::Place& place) {
    if (!found && !place.is_key() && place.name() == path) found = place.value();
  });
  if (found) return *found;
  return safe_load::Error(safe_load::ErrorCode::kMismatch,
                          "nothing has this name; `safe-load FILE` lists what there is")
      .about(path);
}

}  // namespace

int show(const Options& options) {
  const auto opened = Checkpoint::open(options.file, {.verify = options.verify});
  if (!opened) {
    if (options.json && !print(safe_load::to_json(opened.error(), options.file))) return kFailed;
    complain(safe_load::printable(options.file), opened.error().text());
    return kFailed;
  }
  const auto value = find(*opened, options.path);
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
