// Findings of one file: equal ones become one, and no more are kept than were asked for.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "safe_load/file_report.h"
#include "safe_load/scan_options.h"
#include "safe_load/verdict.h"
#include "scan/rule.h"

namespace safe_load::scanner {

// A finding with what its rule says about it.
Finding make_finding(Rule rule);
Finding make_finding(Rule rule, Severity severity, std::string message);

class Findings {
 public:
  explicit Findings(const ScanOptions& options) : options_(options) {}

  void add(Finding finding);
  Severity worst() const { return worst_; }
  // Whether a finding keeps the file from being SAFE.
  bool refutes() const { return worst_ != Severity::kNote; }

  // The worst first, then in the order in which they came.
  void move_to(FileReport& report) &&;

 private:
  const ScanOptions& options_;
  Severity worst_ = Severity::kNote;
  std::vector<Finding> kept_;
  std::array<std::size_t, 4> by_severity_ = {};  // how many are kept
  std::map<std::string, std::size_t> places_;    // by what makes findings equal
  std::uint64_t dropped_ = 0;
};

}  // namespace safe_load::scanner
