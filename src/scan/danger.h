// The danger table: names that are known to be bad, and why. Wording only: a name that is not known
// keeps a file from being SAFE with or without it, so its gaps cost words, not soundness.
#pragma once

#include <optional>
#include <string_view>

#include "scan/rule.h"

namespace safe_load::scanner {

// The family (G01 to G12, A08) of a symbol, or none. `name` may have dots.
std::optional<Rule> find_danger(std::string_view module, std::string_view name);

// The same for what a dotted name reaches: "torch" and "serialization.os.system".
std::optional<Rule> find_danger_in_tail(std::string_view module, std::string_view name);

// Modules of cloudpickle and its copies, which rebuild functions from their byte code: honest files
// hold them, and nothing short of reading byte code tells whether this one is.
bool is_code_builder(std::string_view module);
// A name in such a function that no weight, schedule or metric needs.
bool is_dangerous_word(std::string_view word);

// An attribute that reaches behind an object, such as __globals__ or __class__.
bool is_hook(std::string_view attribute);

}  // namespace safe_load::scanner
