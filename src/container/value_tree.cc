#include "container/value_tree.h"

#include <algorithm>

#include "base/try.h"
#include "pickle/tape_writer.h"

namespace safe_load::container {

using pickle::kNoNode;
using pickle::NodeId;

namespace {

Error contradiction(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

bool is_index(const ValueTree::Step& step) { return std::holds_alternative<std::int64_t>(step); }

}  // namespace

void ValueTree::put(const Path& path, NodeId value) {
  std::size_t at = 0;
  for (const Step& step : path) {
    Branch& parent = branches_[at];
    const bool fits =
        parent.value == kNoNode && (at == 0 || parent.children.empty() ||
                                    is_index(parent.children.begin()->first) == is_index(step));
    if (!fits) {
      parent.error = contradiction("a path that goes on where another one ends or branches");
      return;
    }
    const auto [child, is_new] = parent.children.try_emplace(step, branches_.size());
    at = child->second;
    if (is_new) branches_.emplace_back();
  }
  Branch& leaf = branches_[at];
  if (at == 0 || leaf.value != kNoNode || !leaf.children.empty())
    leaf.error = contradiction("two values with one path");
  leaf.value = value;
}

Result<NodeId> ValueTree::build(torch::TensorInterpreter& interpreter) const {
  std::vector<NodeId> built(branches_.size(), kNoNode);
  for (std::size_t number = branches_.size(); number-- > 0;) {
    SAFE_LOAD_TRY_ASSIGN(built[number],
                         build_branch(interpreter, branches_[number], number == 0, built));
  }
  return NodeId{built[0]};
}

Result<NodeId> ValueTree::build_branch(torch::TensorInterpreter& interpreter, const Branch& branch,
                                       bool is_root, std::span<const NodeId> built) const {
  if (branch.error) return interpreter.add_damaged_value(*branch.error);
  if (branch.value != kNoNode) return NodeId{branch.value};
  pickle::TapeWriter writer(interpreter.tape());
  std::vector<std::pair<std::size_t, Step>> children;  // in the order in which they came
  for (const auto& [step, child] : branch.children) children.emplace_back(child, step);
  const bool is_list = !is_root && is_index(branch.children.begin()->first);
  if (is_list) {
    const auto last = std::get<std::int64_t>(branch.children.rbegin()->first);
    const auto first = std::get<std::int64_t>(branch.children.begin()->first);
    if (first != 0 || static_cast<std::uint64_t>(last) != children.size() - 1)
      return interpreter.add_damaged_value(contradiction("a list of which items are missing"));
  } else {
    std::sort(children.begin(), children.end());
  }
  std::vector<NodeId> items;
  for (const auto& [child, step] : children) {
    if (!is_list) {
      const auto* const name = std::get_if<std::string>(&step);
      SAFE_LOAD_TRY_ASSIGN(const NodeId key, name != nullptr
                                                 ? writer.text(*name)
                                                 : writer.integer(std::get<std::int64_t>(step)));
      items.push_back(key);
    }
    items.push_back(built[child]);
  }
  return is_list ? writer.list(items) : writer.dict(items);
}

}  // namespace safe_load::container
