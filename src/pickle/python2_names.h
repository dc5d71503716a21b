// Names that Python 2 used, as Python 3 knows them.
#pragma once

#include <string_view>
#include <utility>

namespace safe_load::pickle {

// Pairs are tried before modules; a name that is not in the tables stays as it is.
// Source: CPython Lib/_compat_pickle.py (the facts, not the text).
std::pair<std::string_view, std::string_view> modern_name(std::string_view module,
                                                          std::string_view name);

}  // namespace safe_load::pickle
