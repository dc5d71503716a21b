// What one tape asks for: every symbol, call and state, checked against the table of known names.
#pragma once

#include <string>

#include "container/opened.h"
#include "scan/findings.h"
#include "scan/script_program.h"

namespace safe_load::scanner {

struct Asked {
  std::uint64_t listed = 0;    // symbols of the table
  std::uint64_t unlisted = 0;  // all others
  std::uint64_t calls = 0;     // of symbols
  bool is_dangerous = false;   // one of them is known to be bad
  bool anything() const { return listed + unlisted + calls != 0; }
};

// REQUIRES: opened.tape. It may be the beginning of a broken pickle. `chain`: the members around.
// The classes of `script` are known, if it is given.
Asked scan_tape(const container::Opened& opened, const std::string& chain, Findings& findings,
                const ScriptProgram* script = nullptr);

// "outer!inner", without what is empty.
std::string join_members(const std::string& chain, const std::string& member);

}  // namespace safe_load::scanner
