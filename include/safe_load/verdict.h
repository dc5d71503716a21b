// Verdict: what a scan says about a file, and the rules that lead to it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "safe_load/export.h"

namespace safe_load {
inline namespace v0 {

// The values are fixed: later is worse.
enum class Verdict : std::uint8_t { kSafe = 0, kUnknown = 1, kIncomplete = 2, kDangerous = 3 };
// What a finding does to the verdict.
enum class Severity : std::uint8_t { kNote = 0, kUnknown = 1, kIncomplete = 2, kDanger = 3 };

SAFE_LOAD_EXPORT std::string_view to_text(Verdict verdict);    // "SAFE"
SAFE_LOAD_EXPORT std::string_view to_text(Severity severity);  // "danger"

// One way to attack or to confuse a reader. Ids are never given to anything else.
struct ScanRule {
  std::string_view id;  // "SL-P01"
  std::string_view name;
  Severity severity;  // of the trick itself; a finding may say otherwise
  std::string_view what;
  std::string_view advice;
  std::string_view advisories;  // public ids, separated by blanks; may be empty
};
SAFE_LOAD_EXPORT std::span<const ScanRule> scan_rules();
// The rule of this id ("SL-P01" or "P01"), or null.
SAFE_LOAD_EXPORT const ScanRule* find_scan_rule(std::string_view id);

}  // namespace v0
}  // namespace safe_load
