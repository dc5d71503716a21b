// Options: every flag of the program, in one place.
#pragma once

#include <safe_load/report.h>
#include <safe_load/scan_report.h>
#include <safe_load/write.h>

#include <cstddef>
#include <string>
#include <vector>

namespace cli {

enum class Command { kList, kShow, kExplain, kScan, kReport, kConvert, kFix };
enum class Color { kAuto, kAlways, kNever };

// Of `safe-load scan`.
struct ScanCommand {
  safe_load::ScanOptions options;
  safe_load::ScanFormat format = safe_load::ScanFormat::kText;
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::vector<std::string> fail_on = {"dangerous", "incomplete", "unknown"};
  std::string files_from;  // "-": standard input; "": none
  std::string output;      // "": standard output
  std::string explain;     // the id of a rule
  std::string sarif_category = "scan";
  std::size_t jobs = 0;  // 0: one for each core
  unsigned timeout = 0;  // seconds for one file; 0: none
  bool null = false;     // paths of files_from end in NUL
  bool follow_symlinks = false;
  bool quiet = false;
  bool verbose = false;
  bool list_rules = false;
};

// Of the commands that write a checkpoint.
struct WriteCommand {
  bool force = false;   // overwrite
  bool is_dry = false;  // plan only
  bool check = false;   // of kFix: the same, and 1 if something would change
};

struct Options {
  Command command = Command::kList;
  std::vector<std::string> files;  // of kList, kExplain and kScan
  std::string file;                // of kShow, kReport, kConvert and kFix
  std::string path;                // of kShow: an object path, or the dotted name of a tensor
  std::string output;              // of kReport ("": standard output), kConvert and kFix
  bool json = false;
  bool all = false;
  bool no_truncate = false;
  bool verify = false;
  bool summary = false;  // of kList
  bool tree = false;     // of kList
  safe_load::TensorOrder order = safe_load::TensorOrder::kFile;
  Color color = Color::kAuto;
  ScanCommand scan;
  WriteCommand write;
  safe_load::SafetensorsOptions safetensors;  // of kConvert
  safe_load::TorchOptions torch;              // of kFix
};

inline constexpr int kDone = 0;
inline constexpr int kFailed = 2;
inline constexpr int kUsage = 4;

// What the arguments ask for; or an exit code, when help was printed or the arguments are wrong.
struct Parsed {
  Options options;
  int exit_code = -1;  // below 0: go on
};
Parsed parse(int argc, char** argv);

}  // namespace cli
