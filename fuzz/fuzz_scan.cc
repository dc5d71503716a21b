// Promise: whatever the bytes, a scan ends in a verdict whose texts can be printed, and the record
// of it can be read back. What is SAFE opens as a checkpoint in which nothing is damaged or
// unknown, unless it is a pickle whose storages lie elsewhere, or holds no checkpoint at all.
#include <safe_load/safe_load.h>

#include <algorithm>
#include <cstdlib>

using namespace safe_load;

namespace {

bool has_note(const FileReport& report, std::string_view rule) {
  return std::any_of(report.findings.begin(), report.findings.end(),
                     [&](const Finding& finding) { return finding.rule->id == rule; });
}

void check_texts(const FileReport& report) {
  const std::string record = to_json(report, "x");
  for (const char c : to_text(report, "x", {.verbose = true}) + record)
    if (c != '\n' && (static_cast<unsigned char>(c) < ' ' || c == '\x7f')) std::abort();
  const auto again = read_scan_record(record);
  if (!again || to_json(*again, "x") != record) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  const auto report = scan(bytes);
  if (!report) std::abort();
  if (size % 16 == 0) check_texts(*report);  // which costs three times the scan
  if (report->verdict != Verdict::kSafe) return 0;
  if (!report->coverage.complete || report->unlisted_symbols != 0) std::abort();
  if (has_note(*report, "SL-N03") || has_note(*report, "SL-N06")) return 0;
  const auto opened = Checkpoint::open(bytes);
  // A record that asks for known names, and breaks off, makes no checkpoint.
  if (!opened && opened.error().code == ErrorCode::kUnsupported) return 0;
  if (!opened || !opened->issues().empty()) std::abort();
  for (const SymbolUse& symbol : opened->symbols())
    if (!symbol.is_known) std::abort();
  return 0;
}
