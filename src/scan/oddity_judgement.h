// What the scanner makes of each oddity of a pickle.
#pragma once

#include "pickle/oddity.h"
#include "safe_load/verdict.h"
#include "scan/rule.h"

namespace safe_load::scanner {

struct Judgement {
  Rule rule;
  Severity severity;
};

// No row is left to chance: an oddity that nobody judged does not compile.
Judgement judge(pickle::Oddity oddity);

}  // namespace safe_load::scanner
