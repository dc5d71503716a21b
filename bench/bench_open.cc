// Opens each checkpoint and nothing else: what callgrind counts and stopwatches time.
#include <safe_load/safe_load.h>

#include <iostream>

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const auto opened = safe_load::Checkpoint::open(argv[i]);
    if (!opened) {
      std::cerr << opened.error() << '\n';
      return 2;
    }
    if (!opened->issues().empty()) return 2;
  }
  return argc > 1 ? 0 : 4;
}
