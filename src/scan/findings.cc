#include "scan/findings.h"

#include <algorithm>
#include <utility>

namespace safe_load::scanner {
namespace {

constexpr std::size_t kMostPaths = 3;

bool is_strict_note(const ScanRule& rule) {
  const ScanRule& first = describe(Rule::kN01);
  return (&rule >= &first && &rule <= &describe(Rule::kN04)) || &rule == &describe(Rule::kG16);
}

}  // namespace

Finding make_finding(Rule rule) {
  const ScanRule& row = describe(rule);
  return make_finding(rule, row.severity, std::string(row.what));
}

Finding make_finding(Rule rule, Severity severity, std::string message) {
  Finding finding;
  finding.rule = &describe(rule);
  finding.severity = severity;
  finding.message = std::move(message);
  return finding;
}

void Findings::add(Finding finding) {
  if (options_.strict && is_strict_note(*finding.rule))
    finding.severity = std::max(finding.severity, Severity::kUnknown);
  worst_ = std::max(worst_, finding.severity);
  // What cannot be in any of the texts separates them.
  std::string identity = std::string(finding.rule->id) + '\n' +
                         std::to_string(static_cast<int>(finding.severity)) + '\n' +
                         finding.member + '\n' + finding.module + '\n' + finding.name + '\n' +
                         (finding.module.empty() ? finding.message : "");
  const auto [place, is_new] = places_.emplace(std::move(identity), kept_.size());
  if (!is_new) {
    Finding& first = kept_[place->second];
    first.count += finding.count;
    if (!finding.path.empty() && first.more_paths.size() < kMostPaths)
      first.more_paths.push_back(std::move(finding.path));
    return;
  }
  if (kept_.size() < options_.max_findings) {
    ++by_severity_[static_cast<std::size_t>(finding.severity)];
    kept_.push_back(std::move(finding));
    return;
  }
  places_.erase(place);
  ++dropped_;
  // A worse one takes the place of the mildest, if there is a milder one at all.
  const auto milder = std::find_if(
      by_severity_.begin(), by_severity_.begin() + static_cast<std::ptrdiff_t>(finding.severity),
      [](std::size_t count) { return count != 0; });
  if (milder == by_severity_.begin() + static_cast<std::ptrdiff_t>(finding.severity)) return;
  const auto mildest =
      std::min_element(kept_.begin(), kept_.end(),
                       [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
  --by_severity_[static_cast<std::size_t>(mildest->severity)];
  ++by_severity_[static_cast<std::size_t>(finding.severity)];
  *mildest = std::move(finding);
}

void Findings::move_to(FileReport& report) && {
  for (const Severity severity :
       {Severity::kDanger, Severity::kIncomplete, Severity::kUnknown, Severity::kNote})
    for (Finding& finding : kept_)
      if (finding.severity == severity) report.findings.push_back(std::move(finding));
  report.findings_dropped = dropped_;
}

}  // namespace safe_load::scanner
