// `safe-load convert FILE TARGET.safetensors`: the weights of a checkpoint, written anew.
#include <safe_load/safe_load.h>

#include <string>

#include "commands.h"
#include "terminal.h"
#include "writing.h"

namespace cli {
namespace {

constexpr std::size_t kMostNamed = 12;

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
  if (options.write.is_dry) text += "nothing was written\n";
  return text;
}

}  // namespace

int convert(const Options& options) {
  const auto opened = open_to_write(options);
  if (!opened) return kFailed;
  const auto plan = safe_load::plan_safetensors(*opened, options.safetensors);
  if (!plan) return refuse(plan.error(), options);
  const int written = write(*plan, options);
  if (written != kDone) return written;
  return print(describe(*plan, options)) ? kDone : kFailed;
}

}  // namespace cli
