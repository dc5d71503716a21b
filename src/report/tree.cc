#include "report/tree.h"

#include <algorithm>
#include <limits>
#include <sstream>
#include <unordered_map>

namespace safe_load::report {
namespace {

constexpr std::size_t kMostDepth = 32;  // what lies deeper is named in one part

// A part of names; the first is the root, and parents come before their children.
struct Branch {
  std::string name;
  const NamedTensor* tensor = nullptr;  // what has this very name
  std::vector<std::size_t> children;
  std::uint64_t tensors = 0;  // here and below
  std::uint64_t bytes = 0;
};

class Tree {
 public:
  explicit Tree(const std::vector<NamedTensor>& tensors) : branches_(1) {
    for (const NamedTensor& tensor : tensors) add(tensor);
  }

  void sort(TensorOrder order) {
    if (order == TensorOrder::kFile) return;
    for (Branch& branch : branches_)
      std::ranges::stable_sort(branch.children, [&](std::size_t a, std::size_t b) {
        if (order == TensorOrder::kName) return branches_[a].name < branches_[b].name;
        return branches_[a].bytes > branches_[b].bytes;
      });
  }

  std::vector<TreeRow> rows() const {
    struct Open {
      std::size_t branch;
      std::size_t depth;
    };
    std::vector<TreeRow> rows;
    std::vector<Open> open;
    const auto enter = [&](std::size_t branch, std::size_t depth) {
      const std::vector<std::size_t>& children = branches_[branch].children;
      for (auto child = children.rbegin(); child != children.rend(); ++child)
        open.push_back({*child, depth});
    };
    enter(0, 0);
    while (!open.empty()) {
      const Open current = open.back();
      open.pop_back();
      rows.push_back(row(branches_[current.branch], current.depth));
      enter(current.branch, current.depth + 1);
    }
    return rows;
  }

 private:
  void add(const NamedTensor& tensor) {
    std::size_t at = 0;
    std::string_view rest = tensor.name;
    std::string path;
    count(at, tensor);
    for (std::size_t depth = 1; true; ++depth) {
      const std::size_t dot = depth < kMostDepth ? rest.find('.') : std::string_view::npos;
      const std::string_view part = rest.substr(0, dot);
      path.append(part).push_back('.');
      at = child(at, path, part);
      count(at, tensor);
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
    branches_[at].tensor = &tensor;
  }

  std::size_t child(std::size_t parent, const std::string& path, std::string_view part) {
    const auto [known, is_new] = by_path_.try_emplace(path, branches_.size());
    if (is_new) {
      branches_[parent].children.push_back(branches_.size());
      branches_.push_back({std::string(part), nullptr, {}, 0, 0});
    }
    return known->second;
  }

  void count(std::size_t branch, const NamedTensor& tensor) {
    ++branches_[branch].tensors;
    std::uint64_t& bytes = branches_[branch].bytes;
    const std::uint64_t sum = bytes + tensor.tensor.byte_count();
    bytes = sum < bytes ? std::numeric_limits<std::uint64_t>::max() : sum;
  }

  static TreeRow row(const Branch& branch, std::size_t depth) {
    std::string held;
    if (branch.tensor != nullptr) {
      std::ostringstream out;
      out << info(branch.tensor->tensor.dtype()).label << ' ' << branch.tensor->tensor.shape();
      held = out.str();
    }
    if (!branch.children.empty()) {
      held += held.empty() ? "" : ", ";
      held += std::to_string(branch.tensors) + (branch.tensors == 1 ? " tensor" : " tensors");
    }
    return {depth, branch.name.empty() ? "$" : branch.name, branch.bytes, std::move(held),
            !branch.children.empty()};
  }

  std::vector<Branch> branches_;
  std::unordered_map<std::string, std::size_t> by_path_;
};

}  // namespace

std::vector<TreeRow> tree_rows(const std::vector<NamedTensor>& tensors, TensorOrder order) {
  Tree tree(tensors);
  tree.sort(order);
  return tree.rows();
}

void add_tree(const std::vector<NamedTensor>& tensors, TensorOrder order, Page& page) {
  if (tensors.empty()) return;
  std::vector<Row> rows;
  for (const TreeRow& row : tree_rows(tensors, order))
    rows.push_back({std::string(2 * row.depth, ' ') + row.name, human_size(row.bytes), row.held});
  page.heading("tensors");
  page.table(std::move(rows));
}

}  // namespace safe_load::report
