// Glob: patterns for the names of files.
#pragma once

#include <string>

namespace cli {

// `*`, `?`, `[...]` within a component, `**` over several; matched with the whole of `path`, or,
// without a slash in the pattern, with its last component.
bool matches_glob(const std::string& pattern, const std::string& path);

}  // namespace cli
