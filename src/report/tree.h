// A tree of tensors: names parted at their dots, and what is below each part.
#pragma once

#include <vector>

#include "report/page.h"
#include "safe_load/checkpoint.h"

namespace safe_load::report {

// The heading, and a row for each part and each tensor. Parts are in the order of the file, or in
// that of what they hold. A tensor counts once for each of its names. Does not recurse.
void add_tree(const std::vector<NamedTensor>& tensors, TensorOrder order, Page& page);

}  // namespace safe_load::report
