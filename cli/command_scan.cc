// `safe-load scan PATH...`: could these files run code, what exactly, and where.
#include <safe_load/safe_load.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <string_view>

#include "commands.h"
#include "interruption.h"
#include "output.h"
#include "scan_run.h"
#include "terminal.h"

namespace cli {
namespace {

using safe_load::ScanSummary;
using safe_load::Verdict;

constexpr int kDangerous = 1;
constexpr int kUnread = 2;
constexpr int kUnknown = 3;

int exit_code(const ScanSummary& summary, const ScanCommand& command) {
  const auto fails = [&](std::string_view word) {
    return std::find(command.fail_on.begin(), command.fail_on.end(), word) != command.fail_on.end();
  };
  if (summary.of(Verdict::kDangerous) != 0) return kDangerous;
  if (summary.is_interrupted) return kInterrupted;
  if (summary.files() == 0) return kUnread;
  if (summary.of(Verdict::kIncomplete) != 0 && fails("incomplete")) return kUnread;
  if (summary.of(Verdict::kUnknown) != 0 && fails("unknown")) return kUnknown;
  return kDone;
}

int explain_rule(const std::string& id) {
  const safe_load::ScanRule* const rule = safe_load::find_scan_rule(id);
  if (rule == nullptr) {
    complain(safe_load::printable(id), "no rule of this name; `safe-load scan --list-rules`");
    return kUsage;
  }
  return print(safe_load::to_text(*rule)) ? kDone : kFailed;
}

int complain_of(const Output& output) {
  complain(safe_load::printable(output.name()), "cannot be written: " + output.failure());
  return kFailed;
}

}  // namespace

int scan(const Options& options) {
  const ScanCommand& command = options.scan;
  if (command.list_rules) return print(safe_load::scan_rules_text()) ? kDone : kFailed;
  if (!command.explain.empty()) return explain_rule(command.explain);
  std::ifstream file;
  if (!command.files_from.empty() && command.files_from != "-") {
    file.open(command.files_from, std::ios::binary);
    if (!file) {
      complain(safe_load::printable(command.files_from), "cannot be read");
      return kFailed;
    }
  }
  std::istream* const list = command.files_from.empty()  ? nullptr
                             : command.files_from == "-" ? &std::cin
                                                         : &file;
  Output output(command.output);
  if (!output.is_open()) return complain_of(output);
  const bool color = command.output.empty() && text_options(options).color;
  ScanRun run(command, output, color, watch_for_interruption());
  if (!run.run(options.files, list) || !output.finish()) return complain_of(output);
  if (run.summary().files() == 0 && command.format != safe_load::ScanFormat::kText)
    std::cerr << "safe-load: no checkpoint was scanned\n";
  return exit_code(run.summary(), command);
}

}  // namespace cli
