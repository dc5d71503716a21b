// Scan: could a file run code when somebody opens it, what exactly, and where.
//
//   const auto report = safe_load::scan("model.pt");
//   if (!report) { std::cerr << report.error() << '\n'; return 2; }
//   if (report->verdict != safe_load::Verdict::kSafe) std::cout << to_text(*report, "model.pt");
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

#include "safe_load/export.h"
#include "safe_load/file_report.h"
#include "safe_load/issue.h"
#include "safe_load/limits.h"
#include "safe_load/result.h"
#include "safe_load/scan_options.h"
#include "safe_load/source.h"
#include "safe_load/verdict.h"

namespace safe_load {
inline namespace v0 {

// What verdicts depend on. Equal ids and equal bytes give equal verdicts.
struct ScanPolicy {
  std::string id;             // SHA-256 of all below
  std::string table_version;  // SHA-256 of the tables of known names and classes
  bool strict = false;
  Limits limits = {};
};
SAFE_LOAD_EXPORT ScanPolicy scan_policy(const ScanOptions& options = {});

// An error means that the file could not be opened at all.
SAFE_LOAD_EXPORT Result<FileReport, Issue> scan(std::string_view path,
                                                const ScanOptions& options = {});
// `descriptor` is duplicated; its position is neither used nor moved.
SAFE_LOAD_EXPORT Result<FileReport, Issue> scan_descriptor(int descriptor,
                                                           const ScanOptions& options = {});
// What cannot be read makes the verdict INCOMPLETE.
SAFE_LOAD_EXPORT FileReport scan(const Source& source, const ScanOptions& options = {});
SAFE_LOAD_EXPORT Result<FileReport, Issue> scan(std::span<const std::byte> bytes,
                                                const ScanOptions& options = {});

}  // namespace v0
}  // namespace safe_load
