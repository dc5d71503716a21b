// `safe-load convert FILE TARGET.safetensors`: the weights of a checkpoint, written anew.
#include <safe_load/safe_load.h>

#include <atomic>
#include <string>

#include "commands.h"
#include "interruption.h"
#include "terminal.h"

namespace cli {
namespace {

constexpr std::size_t kMostNamed = 12;

std::string counted(std::size_t count, const std::string& noun) {
  return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

// What is going to be in the file, and what is not.
std::string describe(const safe_load::Plan& plan, const Options& options) {
  std::string text = safe_load::printable(options.file) + " -> ";
  text += safe_load::printable(options.output) + ": " + counted(plan.tensor_count(), "tensor");
  text += ", " + counted(plan.byte_count(), "byte") + '\n';
  std::size_t named = 0;
  for (const auto& [name, kept] : plan.aliases()) {
    if (++named > kMostNamed) break;
    text += "  noted: " + safe_load::printable(name) + " is " + safe_load::printable(kept) + '\n';
  }
  if (plan.aliases().size() > kMostNamed)
    text += "  noted: " + counted(plan.aliases().size() - kMostNamed, "further name") + '\n';
  if (!plan.aliases().empty())
    text += "  (for programs that do not tie weights: --aliases duplicate)\n";
  if (plan.left_out_count() != 0)
    text += "  left out: " + counted(plan.left_out_count(), "tensor") + " of " +
            counted(plan.left_out_bytes(), "byte") + "; --key takes others\n";
  if (options.convert.dry_run) text += "nothing was written\n";
  return text;
}

}  // namespace

int convert(const Options& options) {
  const auto opened = safe_load::Checkpoint::open(
      options.file, {.access = safe_load::Access::kCopied, .verify = options.verify});
  if (!opened) {
    complain(safe_load::printable(options.file), opened.error().text());
    return kFailed;
  }
  const auto plan = safe_load::plan_safetensors(*opened, options.convert.options);
  if (!plan) {
    for (const safe_load::Issue& issue : plan.error())
      complain(safe_load::printable(options.file), issue.text());
    complain(safe_load::printable(options.output), "nothing was written");
    return kFailed;
  }
  const std::atomic<bool>& is_interrupted = watch_for_interruption();
  const safe_load::WriteOptions write_options = {
      .overwrite = options.convert.force,
      .report = [&](std::uint64_t, std::uint64_t) { return !is_interrupted; },
  };
  const auto written = options.convert.dry_run
                           ? safe_load::check_target(*plan, options.output, write_options)
                           : safe_load::write(*plan, options.output, write_options);
  if (!written) {
    complain(safe_load::printable(options.output), written.error().text());
    return is_interrupted ? kInterrupted : kFailed;
  }
  return print(describe(*plan, options)) ? kDone : kFailed;
}

}  // namespace cli
