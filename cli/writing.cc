#include "writing.h"

#include <safe_load/report.h>

#include <atomic>
#include <cstdint>
#include <utility>

#include "interruption.h"
#include "terminal.h"

namespace cli {

std::string counted(std::size_t count, std::string_view noun) {
  std::string text = std::to_string(count) + ' ';
  text += noun;
  return count == 1 ? text : text + 's';
}

std::optional<safe_load::Checkpoint> open_to_write(const Options& options) {
  auto opened = safe_load::Checkpoint::open(
      options.file, {.access = safe_load::Access::kCopied, .verify = options.verify});
  if (opened) return *std::move(opened);
  complain(safe_load::printable(options.file), opened.error().text());
  return std::nullopt;
}

int refuse(const std::vector<safe_load::Issue>& issues, const Options& options) {
  for (const safe_load::Issue& issue : issues)
    complain(safe_load::printable(options.file), issue.text());
  const std::string& about = options.output.empty() ? options.file : options.output;
  complain(safe_load::printable(about), "nothing was written");
  return kFailed;
}

int write(const safe_load::Plan& plan, const Options& options) {
  const std::atomic<bool>& is_interrupted = watch_for_interruption();
  const safe_load::WriteOptions how = {
      .overwrite = options.write.force,
      .report = [&](std::uint64_t, std::uint64_t) { return !is_interrupted; },
  };
  const auto written = options.write.is_dry ? safe_load::check_target(plan, options.output, how)
                                            : safe_load::write(plan, options.output, how);
  if (written) return kDone;
  complain(safe_load::printable(options.output), written.error().text());
  return is_interrupted ? kInterrupted : kFailed;
}

}  // namespace cli
