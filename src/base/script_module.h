// The modules that classes of TorchScript programs lie in: none of Python's.
#pragma once

#include <string_view>

namespace safe_load::base {

inline bool is_script_module(std::string_view module) {
  return module == "__torch__" || module.starts_with("__torch__.");
}

}  // namespace safe_load::base
