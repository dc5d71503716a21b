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

// The family of a name that honest files hold, too, and that only its arguments tell apart: what
// rebuilds functions from byte code or source, and what looks up a method by its name.
std::optional<Rule> find_double_edged(std::string_view module, std::string_view name);
// A name in such arguments that no weight, schedule or metric needs.
bool is_dangerous_word(std::string_view word);
// The same for the words of program text.
bool has_dangerous_word(std::string_view text);

// An attribute that reaches behind an object, such as __globals__ or __class__.
bool is_hook(std::string_view attribute);

}  // namespace safe_load::scanner
