// Names of members as paths: what they would do if somebody unpacked the archive.
#pragma once

#include <optional>
#include <string_view>

#include "scan/findings.h"

namespace safe_load::scanner {

// A finding if the name leads out of the folder it is unpacked to.
std::optional<Finding> judge_member_name(std::string_view name);

}  // namespace safe_load::scanner
