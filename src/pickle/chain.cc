#include "pickle/chain.h"

#include <algorithm>

#include "base/try.h"

namespace safe_load::pickle {
namespace {

// A segment is (next, count, changed at, items ...).
constexpr std::uint32_t kHeader = 3;

}  // namespace

Status extend_chain(base::Pool<NodeId>& children, Run& run, std::span<const NodeId> items,
                    NodeId now) {
  if (items.empty()) return {};
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t segment, children.allocate(items.size() + kHeader));
  const auto count = static_cast<std::uint32_t>(items.size());
  const std::span<NodeId> words = children.run(segment, count + kHeader);
  words[0] = kNoNode;
  words[1] = count;
  words[2] = now;
  std::copy(items.begin(), items.end(), words.begin() + kHeader);
  if (run.last == kNoNode) {
    run.first = segment;
  } else {
    children[run.last] = segment;
  }
  run.last = segment;
  run.count += count;
  return {};
}

Status join_chain(base::Pool<NodeId>& children, Run& run) {
  if (run.count == 0) return {};
  const NodeId changed = children[run.last + 2];
  if (run.first == run.last) {
    run = {run.first + kHeader, changed, run.count};
    return {};
  }
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t whole, children.allocate(run.count));
  NodeId* to = children.run(whole, run.count).data();
  for (std::uint32_t segment = run.first; segment != kNoNode; segment = children[segment]) {
    const auto words = children.run(segment + kHeader, children[segment + 1]);
    to = std::copy(words.begin(), words.end(), to);
  }
  run = {whole, changed, run.count};
  return {};
}

std::vector<NodeId> chain_items(const base::Pool<NodeId>& children, const Run& run) {
  std::vector<NodeId> items;
  if (run.count == 0) return items;
  for (std::uint32_t segment = run.first; segment != kNoNode; segment = children[segment]) {
    const auto words = children.run(segment + kHeader, children[segment + 1]);
    items.insert(items.end(), words.begin(), words.end());
  }
  return items;
}

NodeId last_of_chain(const base::Pool<NodeId>& children, const Run& run) {
  return run.count == 0 ? kNoNode : children[run.last + kHeader + children[run.last + 1] - 1];
}

}  // namespace safe_load::pickle
