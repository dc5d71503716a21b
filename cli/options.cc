#include "options.h"

#include <safe_load/report.h>
#include <safe_load/version.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <memory>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "terminal.h"

namespace cli {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  safe-load model.pt                          what is in it\n"
    "  safe-load show model.pt '$[\"args\"]'         one value\n"
    "  safe-load show model.pt model.fc.weight     one tensor, with its statistics\n"
    "  safe-load explain model.pt                  why torch.load refuses it\n"
    "  safe-load scan models/                      could it run code when it is opened\n"
    "  safe-load report model.pt -o report.html    all of it on one page\n"
    "  safe-load fix best.pth -o plain.pth         so that torch.load takes it\n"
    "  safe-load convert model.pt x.safetensors    its weights as safetensors\n"
    "  safe-load --json model.pt                   for programs\n\n"
    "safe-load opens any PyTorch checkpoint, whoever made it, and runs none of it.\n";

constexpr std::array<std::string_view, 7> kWords = {"ls",     "show", "explain", "scan",
                                                    "report", "fix",  "convert"};

bool is_word(std::string_view text) {
  return std::find(kWords.begin(), kWords.end(), text) != kWords.end();
}

std::vector<std::string>::iterator first_word(std::vector<std::string>& arguments) {
  const auto is_flag = [](const std::string& text) { return text.size() > 1 && text[0] == '-'; };
  return std::find_if_not(arguments.begin(), arguments.end(), is_flag);
}

// The command that a first word was meant to be which is neither a command nor a file.
std::string_view meant_command(const std::string& word) {
  std::error_code ignored;
  if (is_word(word) || std::filesystem::exists(std::filesystem::symlink_status(word, ignored)))
    return "";
  return safe_load::nearest_word(word, kWords);
}

// A path is short for `ls PATH`.
void add_command(std::vector<std::string>& arguments) {
  const auto first = first_word(arguments);
  if (first != arguments.end() && !is_word(*first)) arguments.insert(arguments.begin(), "ls");
}

// Says that a command may be left out.
class Help : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string name) const override {
    if (app->get_parent() != nullptr) return CLI::Formatter::make_usage(app, std::move(name));
    return "Usage: safe-load FILE...\n       safe-load COMMAND [OPTIONS] ...\n";
  }
};

// What a mistyped flag was probably meant to be, as a question; "" if nothing is near.
std::string question(const CLI::App& app, const std::vector<std::string>& arguments) {
  std::vector<std::string> flags;
  const auto add = [&](const CLI::App& command) {
    for (const CLI::Option* option : command.get_options())
      for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  };
  add(app);
  for (const CLI::App* command : app.get_subcommands()) add(*command);
  const std::vector<std::string_view> words(flags.begin(), flags.end());
  for (const std::string& argument : arguments) {
    const std::string typed = argument.substr(0, argument.find('='));
    if (!typed.starts_with("--") || std::find(flags.begin(), flags.end(), typed) != flags.end())
      continue;
    const std::string_view near = safe_load::nearest_word(typed, words);
    if (!near.empty()) return "; did you mean " + std::string(near) + "?";
  }
  return "";
}

// One word of several. (The transformers of CLI11 would print the numbers of enumerators as bytes.)
template <class T>
CLI::Option* add_choice(CLI::App& command, const std::string& name, T& target,
                        const std::vector<std::pair<std::string, T>>& choices,
                        const std::string& text) {
  std::vector<std::string> words;
  words.reserve(choices.size());
  for (const auto& [word, value] : choices) words.push_back(word);
  const auto choose = [&target, choices](const std::string& chosen) {
    for (const auto& [word, value] : choices)
      if (word == chosen) target = value;
  };
  return command.add_option_function<std::string>(name, choose, text)
      ->check(CLI::IsMember(words).description(""));
}

void add_color(CLI::App& command, Options& options) {
  add_choice<Color>(command, "--color", options.color,
                    {{"auto", Color::kAuto}, {"always", Color::kAlways}, {"never", Color::kNever}},
                    "auto, always or never")
      ->type_name("WHEN");
}

void add_verify(CLI::App& command, Options& options) {
  command.add_flag("--verify", options.verify, "Check the CRC-32 of every record (reads the file)");
}

void add_common(CLI::App& command, Options& options) {
  command.add_flag("--json", options.json, "Print JSON instead of text");
  command.add_flag("--all", options.all, "Print every value, however many there are");
  command.add_flag("--no-truncate", options.no_truncate, "Never cut lines at the terminal's width");
  add_verify(command, options);
  add_color(command, options);
}

CLI::App* add_scan(CLI::App& app, Options& options) {
  ScanCommand& scan = options.scan;
  CLI::App* command = app.add_subcommand(
      "scan", "Say whether files could run code when somebody opens them, and where");
  command->add_option("PATH", options.files,
                      "Files, folders, or - for one file over standard input");
  command
      ->add_option("--files-from", scan.files_from,
                   "Read paths from this file (- for standard input)")
      ->type_name("FILE");
  command->add_flag("--null", scan.null,
                    "Paths of --files-from end in NUL, as find -print0 writes them");
  command
      ->add_option("--include", scan.include, "Only files of folders that match (*, ?, [...], **)")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  command->add_option("--exclude", scan.exclude, "No files of folders that match")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  command->add_flag("--follow-symlinks", scan.follow_symlinks, "Follow links to folders, too");
  command->add_option("-j,--jobs", scan.jobs, "Processes that scan (default: one for each core)")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  add_choice<safe_load::ScanFormat>(*command, "--format", scan.format,
                                    {{"text", safe_load::ScanFormat::kText},
                                     {"json", safe_load::ScanFormat::kJson},
                                     {"jsonl", safe_load::ScanFormat::kJsonl},
                                     {"sarif", safe_load::ScanFormat::kSarif}},
                                    "text, json, jsonl or sarif")
      ->type_name("FORMAT");
  command->add_option("-o,--output", scan.output, "Write to this file")->type_name("FILE");
  command->add_flag("--strict", scan.options.strict,
                    "Some notes count as unknown, and files of folders must be checkpoints");
  command->add_flag("--deep", scan.options.deep,
                    "Check the CRC-32 of every record (reads the file)");
  command
      ->add_option("--fail-on", scan.fail_on,
                   "Verdicts that give an exit code: dangerous,incomplete,unknown")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"dangerous", "incomplete", "unknown"}))
      ->type_name("LIST");
  command->add_option("--max-findings", scan.options.max_findings, "Findings kept of one file")
      ->type_name("N");
  command->add_option("--timeout", scan.timeout, "Seconds for one file (default: no limit)")
      ->type_name("SECONDS");
  command->add_option("--sarif-category", scan.sarif_category, "The category of a SARIF log")
      ->type_name("NAME");
  command->add_option("--explain", scan.explain, "Say what a rule is about")->type_name("RULE");
  command->add_flag("--list-rules", scan.list_rules, "List the rules");
  command->add_flag("-q,--quiet", scan.quiet, "Print the last line only");
  command->add_flag("-v,--verbose", scan.verbose, "Print SAFE files and notes, too");
  add_color(*command, options);
  command->footer(
      "Exit codes: 0 all files are SAFE, 1 one is DANGEROUS, 2 one is INCOMPLETE or could not be\n"
      "read, 3 one is UNKNOWN, 4 wrong usage, 130 interrupted.");
  return command;
}

void add_writing(CLI::App& command, Options& options) {
  command.add_flag("-f,--force", options.write.force, "Replace a file that is there");
  command.add_flag("--dry-run", options.write.is_dry,
                   "Say what would be written, and write nothing");
  add_verify(command, options);
}

CLI::App* add_fix(CLI::App& app, Options& options) {
  CLI::App* command =
      app.add_subcommand("fix", "Write a checkpoint so that torch.load takes it by default");
  command->add_option("FILE", options.file, "A checkpoint")->required();
  CLI::Option* output =
      command->add_option("-o,--output", options.output, "Write to this file")->type_name("FILE");
  command
      ->add_flag("--check", options.write.check,
                 "Write nothing; exit 1 if a value would be another one")
      ->excludes(output);
  command->add_flag("--lossy", options.torch.lossy,
                    "Also where something gets lost, such as the function behind a name");
  add_choice<safe_load::Unknown>(*command, "--unknown", options.torch.unknown,
                                 {{"refuse", safe_load::Unknown::kRefuse},
                                  {"drop", safe_load::Unknown::kDrop},
                                  {"dict", safe_load::Unknown::kDict},
                                  {"record", safe_load::Unknown::kRecord}},
                                 "Objects of classes that are not known: refuse, drop, dict (their "
                                 "attributes) or record (with the name of the class)")
      ->type_name("WHAT");
  add_writing(*command, options);
  command->footer(
      "Exit codes: 0 done, 1 --check: a value would be another one, 2 nothing was written, 4 wrong "
      "usage, 130 interrupted.");
  return command;
}

CLI::App* add_convert(CLI::App& app, Options& options) {
  CLI::App* command =
      app.add_subcommand("convert", "Write the weights of a checkpoint as a safetensors file");
  command->add_option("FILE", options.file, "A checkpoint")->required();
  command->add_option("TARGET", options.output, "A path that ends in .safetensors")->required();
  command
      ->add_option("--key", options.safetensors.keys,
                   "Where the weights are: a path, or keys joined by dots")
      ->type_name("PATH")
      ->allow_extra_args(false);
  add_choice<safe_load::Aliases>(*command, "--aliases", options.safetensors.aliases,
                                 {{"note", safe_load::Aliases::kNote},
                                  {"duplicate", safe_load::Aliases::kDuplicate},
                                  {"refuse", safe_load::Aliases::kRefuse}},
                                 "One tensor with several names: note, duplicate or refuse")
      ->type_name("WHAT");
  add_writing(*command, options);
  command->footer("Exit codes: 0 done, 2 nothing was written, 4 wrong usage, 130 interrupted.");
  return command;
}

}  // namespace

Parsed parse(int argc, char** argv) {
  Parsed parsed;
  Options& options = parsed.options;
  CLI::App app(kExamples, "safe-load");
  app.set_version_flag("--version", "safe-load " + std::string(safe_load::kVersion));
  app.require_subcommand(1);
  app.formatter(std::make_shared<Help>());

  CLI::App* list = app.add_subcommand("ls", "List what checkpoints hold (the default)");
  list->add_option("FILE", options.files, "Checkpoints")->required();
  list->add_flag("--summary", options.summary, "Print one line for each file");
  list->add_flag("--tree", options.tree, "Print tensors as a tree of the parts of their names");
  add_choice<safe_load::TensorOrder>(*list, "--sort", options.order,
                                     {{"file", safe_load::TensorOrder::kFile},
                                      {"size", safe_load::TensorOrder::kSize},
                                      {"name", safe_load::TensorOrder::kName}},
                                     "file, size or name: what tensors are ordered by")
      ->type_name("ORDER");
  CLI::App* show = app.add_subcommand("show", "Show one value or tensor");
  show->add_option("FILE", options.file, "A checkpoint")->required();
  show->add_option("PATH", options.path,
                   "An object path such as $[\"model\"][0].lr, or a tensor's dotted name")
      ->required();
  CLI::App* explain = app.add_subcommand(
      "explain", "Say why torch.load(weights_only=True) of torch 2.13 refuses checkpoints");
  explain->add_option("FILE", options.files, "Checkpoints")->required();
  for (CLI::App* command : {list, show, explain}) add_common(*command, options);
  CLI::App* scan = add_scan(app, options);
  CLI::App* report =
      app.add_subcommand("report", "Write one page in HTML: verdict, tensors, sizes, values");
  report->add_option("FILE", options.file, "A checkpoint")->required();
  report->add_option("-o,--output", options.output, "Write to this file")->type_name("FILE");
  CLI::App* convert = add_convert(app, options);
  CLI::App* fix = add_fix(app, options);
  for (CLI::App* command : {list, show, explain, scan, report, fix, convert})
    command->group("Commands");
  app.footer("Exit codes: 0 done, 2 a file could not be read, 4 wrong usage.");

  const auto refuse = [&parsed](const std::string& why, std::string_view command) {
    std::cerr << "safe-load: " << safe_load::printable(why) << "\nsafe-load" << command
              << " -h shows how it is used\n";
    parsed.exit_code = kUsage;
    return parsed;
  };
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (const auto first = first_word(arguments); first != arguments.end()) {
    if (const std::string_view meant = meant_command(*first); !meant.empty())
      return refuse(
          "there is no file or command " + *first + "; did you mean " + std::string(meant) + "?",
          "");
  }
  add_command(arguments);
  try {
    // As CLI11 wants them.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::Success& help) {
    std::ostringstream text;
    (void)app.exit(help, text, text);
    parsed.exit_code = print(text.str()) ? kDone : kFailed;
    return parsed;
  } catch (const CLI::ParseError& error) {
    return refuse(error.what() + question(app, arguments), "");
  }
  if (convert->parsed() && !options.output.ends_with(".safetensors"))
    return refuse("convert writes files that end in .safetensors, not " + options.output,
                  " convert");
  if (fix->parsed() && options.output.empty() && !options.write.check)
    return refuse("fix needs a place to write to, -o FILE", " fix");
  const ScanCommand& asked = options.scan;
  if (scan->parsed() && options.files.empty() && asked.files_from.empty() && !asked.list_rules &&
      asked.explain.empty())
    return refuse("scan needs a PATH or --files-from", " scan");
  options.command = show->parsed()      ? Command::kShow
                    : explain->parsed() ? Command::kExplain
                    : scan->parsed()    ? Command::kScan
                    : report->parsed()  ? Command::kReport
                    : convert->parsed() ? Command::kConvert
                    : fix->parsed()     ? Command::kFix
                                        : Command::kList;
  return parsed;
}

}  // namespace cli
