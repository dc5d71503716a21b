// Expressions of torch.export programs, which torch.export.load gives to sympy.sympify(): it
// evaluates them as Python.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace safe_load::scanner {

// The first `expr_str` of a serialized program, in JSON, that is more than names, numbers and
// operators; nothing if there is none or if this is not JSON.
std::optional<std::string> find_evil_expression(std::string_view program);

}  // namespace safe_load::scanner
