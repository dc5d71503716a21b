// `safe-load report FILE -o report.html`: one page about one file.
#include <safe_load/safe_load.h>
#include <safe_load/scan.h>

#include <filesystem>

#include "commands.h"
#include "output.h"
#include "terminal.h"

namespace cli {

int report(const Options& options) {
  const std::string shown = safe_load::printable(options.file);
  const auto scan = safe_load::scan(options.file);
  if (!scan) {
    complain(shown, scan.error().text());
    return kFailed;
  }
  Output output(options.output);
  if (output.replaces(options.file)) output.refuse("the report would replace the checkpoint");
  const auto opened = safe_load::Checkpoint::open(options.file);
  if (!opened) complain(shown, opened.error().text());
  const std::string page = safe_load::to_html(
      *scan, std::filesystem::path(options.file).filename().string(), opened ? &*opened : nullptr);
  if (!output.is_open() || !output.write(page) || !output.finish()) {
    complain(safe_load::printable(output.name()), output.failure());
    return kFailed;
  }
  return opened ? kDone : kFailed;
}

}  // namespace cli
