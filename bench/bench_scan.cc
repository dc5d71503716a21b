// Scans its arguments: for callgrind.
#include <safe_load/scan.h>

#include <iostream>

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const auto report = safe_load::scan(argv[i]);
    if (!report || report->verdict != safe_load::Verdict::kSafe) {
      std::cerr << argv[i] << ": not SAFE\n";
      return 1;
    }
  }
  return 0;
}
