// `safe-load fix FILE -o TARGET`: a checkpoint as a file that torch.load takes by default.
#include <safe_load/safe_load.h>

#include <array>
#include <map>
#include <string>

#include "commands.h"
#include "terminal.h"
#include "writing.h"

namespace cli {
namespace {

constexpr int kWouldChange = 1;
constexpr std::size_t kMostPaths = 3;  // of changes that are alike

using safe_load::Change;

std::string_view word(Change::Kind kind) {
  constexpr std::array<std::string_view, 3> kWords = {"plain", "lossy", "unknown"};
  return kWords[static_cast<std::size_t>(kind)];
}

// Changes that are alike in one line: how many, what into what, and where the first ones are.
std::string describe(const safe_load::Plan& plan, const Options& options) {
  std::string text = safe_load::printable(options.file);
  if (!options.output.empty()) text += " -> " + safe_load::printable(options.output);
  text += ": " + counted(plan.byte_count(), "byte");
  text += ", " + counted(plan.changes().size(), "value") + " changed\n";
  std::map<std::string, std::pair<std::size_t, std::string>> rows;
  for (const Change& change : plan.changes()) {
    std::string what(word(change.kind));
    what += ": " + change.from + " -> " + change.to;
    auto& [count, paths] = rows[what];
    if (++count <= kMostPaths && !change.path.empty())
      paths += (paths.empty() ? "" : ", ") + change.path;
  }
  for (const auto& [what, row] : rows) {
    text += "  " + what;
    if (row.first > 1) text += ", " + std::to_string(row.first) + " times";
    if (!row.second.empty()) text += ": " + row.second;
    if (row.first > kMostPaths) text += " ...";
    text += '\n';
  }
  if (options.write.is_dry) text += "nothing was written\n";
  return text;
}

}  // namespace

int fix(const Options& options) {
  const auto opened = open_to_write(options);
  if (!opened) return kFailed;
  const auto plan = safe_load::plan_torch(*opened, options.torch);
  if (!plan) return refuse(plan.error(), options);
  if (!options.output.empty()) {
    const int written = write(*plan, options);
    if (written != kDone) return written;
  }
  if (!print(describe(*plan, options))) return kFailed;
  return options.write.check && !plan->changes().empty() ? kWouldChange : kDone;
}

}  // namespace cli
