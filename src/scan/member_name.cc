#include "scan/member_name.h"

#include <string>

namespace safe_load::scanner {
namespace {

bool is_unsafe_path(std::string_view name) {
  if (name.starts_with('/') || name.find('\\') != std::string_view::npos) return true;
  return name.size() > 1 && name[1] == ':';
}

bool climbs(std::string_view name) {
  while (!name.empty()) {
    const std::size_t slash = name.find('/');
    if (name.substr(0, slash) == "..") return true;
    if (slash == std::string_view::npos) return false;
    name.remove_prefix(slash + 1);
  }
  return false;
}

}  // namespace

std::optional<Finding> judge_member_name(std::string_view name) {
  const bool is_climbing = climbs(name);
  if (!is_climbing && !is_unsafe_path(name)) return std::nullopt;
  Finding finding = make_finding(Rule::kC17);
  if (is_climbing) finding.severity = Severity::kDanger;
  return finding;
}

}  // namespace safe_load::scanner
