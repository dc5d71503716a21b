// A container of so many plain values that a person wants to know what they are, not each of them.
#pragma once

#include <optional>
#include <string>

#include "safe_load/value.h"

namespace safe_load::report {

// "150,000 integers, 0 to 149,999", "dict of 50,257 texts to integers, 0 to 50,256"; or none, if
// the container holds anything but numbers, texts and None, or no more than a page shows well.
std::optional<std::string> run_of_scalars(const ValueView& container);

}  // namespace safe_load::report
