#include "scan/rule.h"

#include <algorithm>
#include <array>

namespace safe_load::scanner {
namespace {

constexpr auto kRules = std::to_array<ScanRule>({
#define SAFE_LOAD_SCAN_RULE(id, severity, name, what, advice, advisories) \
  {"SL-" #id, name, Severity::severity, what, advice, advisories},
    SAFE_LOAD_SCAN_RULES(SAFE_LOAD_SCAN_RULE)
#undef SAFE_LOAD_SCAN_RULE
});

static_assert(std::all_of(kRules.begin(), kRules.end(), [](const ScanRule& rule) {
  return !rule.name.empty() && !rule.what.empty() &&
         (rule.severity == Severity::kNote || !rule.advice.empty());
}));

}  // namespace

const ScanRule& describe(Rule rule) { return kRules[static_cast<std::size_t>(rule)]; }

}  // namespace safe_load::scanner

namespace safe_load {
inline namespace v0 {

std::span<const ScanRule> scan_rules() { return scanner::kRules; }

const ScanRule* find_scan_rule(std::string_view id) {
  for (const ScanRule& rule : scanner::kRules)
    if (rule.id == id || rule.id.substr(3) == id) return &rule;
  return nullptr;
}

std::string_view to_text(Verdict verdict) {
  constexpr std::string_view kTexts[] = {"SAFE", "UNKNOWN", "INCOMPLETE", "DANGEROUS"};
  return kTexts[static_cast<std::size_t>(verdict)];
}

std::string_view to_text(Severity severity) {
  constexpr std::string_view kTexts[] = {"note", "unknown", "incomplete", "danger"};
  return kTexts[static_cast<std::size_t>(severity)];
}

}  // namespace v0
}  // namespace safe_load
