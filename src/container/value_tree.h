// ValueTree: puts values that are known by their paths into nested dicts and lists.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "safe_load/result.h"
#include "torch/tensor_interpreter.h"

namespace safe_load::container {

class ValueTree {
 public:
  using Step = std::variant<std::string, std::int64_t>;  // a key of a dict, an index of a list
  using Path = std::vector<Step>;

  // Rule D8 of docs/format/sets.md: what contradicts an earlier path becomes a damaged value.
  void put(const Path& path, pickle::NodeId value);

  // The root, a dict in the order in which its values came.
  Result<pickle::NodeId> build(torch::TensorInterpreter& interpreter) const;

 private:
  struct Branch {
    std::map<Step, std::size_t> children;  // numbers of branches, which are larger than its own
    pickle::NodeId value = pickle::kNoNode;
    std::optional<Error> error;
  };
  Result<pickle::NodeId> build_branch(torch::TensorInterpreter& interpreter, const Branch& branch,
                                      bool is_root, std::span<const pickle::NodeId> built) const;
  std::vector<Branch> branches_ = {{}};
};

}  // namespace safe_load::container
