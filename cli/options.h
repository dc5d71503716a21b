// Options: every flag of the program, in one place.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace cli {

enum class Command { kList, kShow, kExplain };
enum class Color { kAuto, kAlways, kNever };

struct Options {
  Command command = Command::kList;
  std::vector<std::string> files;  // of kList and kExplain
  std::string file;                // of kShow
  std::string path;                // of kShow: an object path, or the dotted name of a tensor
  bool json = false;
  bool all = false;
  bool no_truncate = false;
  bool verify = false;
  Color color = Color::kAuto;
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
