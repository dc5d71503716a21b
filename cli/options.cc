#include "options.h"

#include <safe_load/version.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <map>
#include <string_view>

namespace cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  safe-load model.pt                          what is in it\n"
    "  safe-load show model.pt '$[\"args\"]'         one value\n"
    "  safe-load show model.pt model.fc.weight     one tensor, with its statistics\n"
    "  safe-load explain model.pt                  why torch.load refuses it\n"
    "  safe-load --json model.pt                   for programs\n\n"
    "safe-load opens any PyTorch checkpoint, whoever made it, and runs none of it.\n";

// A path is short for `ls PATH`.
std::vector<std::string> with_command(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto is_word = [](const std::string& text) {
    return text == "ls" || text == "show" || text == "explain";
  };
  const auto is_flag = [](const std::string& text) { return text.size() > 1 && text[0] == '-'; };
  const auto first = std::find_if_not(arguments.begin(), arguments.end(), is_flag);
  if (first != arguments.end() && !is_word(*first)) arguments.insert(arguments.begin(), "ls");
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants it
  return arguments;
}

void add_common(CLI::App& command, Options& options) {
  command.add_flag("--json", options.json, "Print JSON instead of text");
  command.add_flag("--all", options.all, "Print every value, however many there are");
  command.add_flag("--no-truncate", options.no_truncate, "Never cut lines at the terminal's width");
  command.add_flag("--verify", options.verify, "Check the CRC-32 of every record (reads the file)");
  const std::map<std::string, Color> words = {
      {"auto", Color::kAuto}, {"always", Color::kAlways}, {"never", Color::kNever}};
  command.add_option("--color", options.color, "auto, always or never")
      ->transform(CLI::CheckedTransformer(words).description(""))
      ->type_name("WHEN");
}

}  // namespace

Parsed parse(int argc, char** argv) {
  Parsed parsed;
  Options& options = parsed.options;
  CLI::App app(kExamples, "safe-load");
  app.set_version_flag("--version", "safe-load " + std::string(safe_load::kVersion));
  app.require_subcommand(1);

  CLI::App* list = app.add_subcommand("ls", "List what checkpoints hold (the default)");
  list->add_option("FILE", options.files, "Checkpoints")->required();
  CLI::App* show = app.add_subcommand("show", "Show one value or tensor");
  show->add_option("FILE", options.file, "A checkpoint")->required();
  show->add_option("PATH", options.path,
                   "An object path such as $[\"model\"][0].lr, or a tensor's dotted name")
      ->required();
  CLI::App* explain = app.add_subcommand(
      "explain", "Say why torch.load(weights_only=True) of torch 2.13 refuses checkpoints");
  explain->add_option("FILE", options.files, "Checkpoints")->required();
  for (CLI::App* command : {list, show, explain}) add_common(*command, options);
  app.footer("Exit codes: 0 done, 2 a file could not be read, 4 wrong usage.");

  std::vector<std::string> arguments = with_command(argc, argv);
  try {
    app.parse(arguments);
  } catch (const CLI::Success& help) {
    parsed.exit_code = app.exit(help);
    return parsed;
  } catch (const CLI::ParseError& error) {
    std::cerr << "safe-load: " << error.what() << "\nsafe-load -h shows how it is used\n";
    parsed.exit_code = kUsage;
    return parsed;
  }
  options.command = show->parsed()      ? Command::kShow
                    : explain->parsed() ? Command::kExplain
                                        : Command::kList;
  return parsed;
}

}  // namespace cli
