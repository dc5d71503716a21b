// A tree of tensors: names parted at their dots, and what is below each part.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "report/page.h"
#include "safe_load/checkpoint.h"

namespace safe_load::report {

// A part of names, behind the parts that it is in.
struct TreeRow {
  std::size_t depth = 0;
  std::string name;
  std::uint64_t bytes = 0;
  std::string held;  // "F32 [8, 3]", "2 tensors"
  bool is_parent = false;
};

std::vector<TreeRow> tree_rows(const std::vector<NamedTensor>& tensors, TensorOrder order);

// The heading, and a row for each part and each tensor. Parts are in the order of the file, or in
// that of what they hold. A tensor counts once for each of its names. Does not recurse.
void add_tree(const std::vector<NamedTensor>& tensors, TensorOrder order, Page& page);

}  // namespace safe_load::report
