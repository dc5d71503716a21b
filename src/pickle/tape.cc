#include "pickle/tape.h"

#include <algorithm>

#include "base/try.h"
#include "pickle/chain.h"

namespace safe_load::pickle {
namespace {

std::uint64_t budget_for(std::uint64_t bytes, std::uint64_t base, std::uint64_t per_byte) {
  return base + per_byte * bytes;
}

constexpr std::uint64_t kFreeWork = 1'000'000;

}  // namespace

Tape::Tape(base::Bytes pickle, const Limits& limits, base::Blocks* blocks)
    : pickle_(pickle),
      memory_(budget_for(pickle.size(), limits.memory_base, limits.memory_per_byte) - pickle.size(),
              "the values need more memory than Limits::memory_per_byte allows"),
      work_(budget_for(pickle.size(), kFreeWork, limits.work_per_byte),
            "the values need more work than Limits::work_per_byte allows"),
      nodes_(memory_, blocks != nullptr ? *blocks : heap_, pickle.size() * 8),
      children_(memory_, blocks != nullptr ? *blocks : heap_, pickle.size() * 4),
      calls_(memory_, blocks != nullptr ? *blocks : heap_, pickle.size()),
      added_(memory_, blocks != nullptr ? *blocks : heap_, pickle.size()),
      arena_(memory_, blocks != nullptr ? *blocks : heap_, pickle.size() / 4) {}

std::string_view Tape::text(NodeId id) const {
  const Node& node = nodes_[id];
  if (node.count == 0) return {};
  if ((node.flags & kInArena) != 0)
    return {&arena_[static_cast<std::uint32_t>(node.payload)], node.count};
  return base::as_text(pickle_.subspan(static_cast<std::size_t>(node.payload), node.count));
}

Run Added::*Tape::run_for(Kind kind) {
  if (kind == Kind::kDict) return &Added::dict_items;
  if (kind == Kind::kSet || kind == Kind::kFrozenSet) return &Added::set_items;
  return &Added::list_items;
}

Result<Added*> Tape::change_added(NodeId id) {
  Call& own = call(id);
  if (own.added == kNoNode) {
    SAFE_LOAD_TRY_ASSIGN(own.added, added_.add({}));
  }
  return &added_[own.added];
}

Run Tape::run_of(NodeId id) const {
  const Node& node = nodes_[id];
  const bool has_items = node.kind == Kind::kTuple || node.kind == Kind::kList ||
                         node.kind == Kind::kDict || node.kind == Kind::kSet ||
                         node.kind == Kind::kFrozenSet;
  if (!has_items || node.count == 0) return {};
  if ((node.flags & kFromCall) != 0) return added(id).*run_for(node.kind);
  return {static_cast<std::uint32_t>(node.payload), static_cast<std::uint32_t>(node.payload >> 32),
          node.count};
}

std::vector<NodeId> Tape::growing_items(NodeId dict) const {
  const Node& node = nodes_[dict];
  if (node.kind != Kind::kDict || node.count > kMostGrowing) return {};
  return chain_items(children_, {static_cast<std::uint32_t>(node.payload),
                                 static_cast<std::uint32_t>(node.payload >> 32), node.count});
}

NodeId Tape::last_state(NodeId call) const { return last_of_chain(children_, added(call).states); }

std::span<const NodeId> Tape::items(NodeId id) const { return items(run_of(id)); }

std::uint32_t Tape::changed_at(NodeId id) const {
  const Node& node = nodes_[id];
  if (const Call* const made_by = call_of(id)) {
    std::uint32_t latest = 0;
    const Added& own = added(*made_by);
    for (const Run* run : {&own.list_items, &own.dict_items, &own.set_items, &own.states})
      if (run->count != 0) latest = std::max(latest, run->last);
    return latest;
  }
  if (node.kind == Kind::kList || node.kind == Kind::kDict || node.kind == Kind::kSet)
    return node.count == 0 ? 0 : static_cast<std::uint32_t>(node.payload >> 32);
  return 0;
}

Result<std::uint32_t> Tape::add_text(std::string_view text) {
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t index, arena_.allocate(text.size()));
  std::copy(text.begin(), text.end(),
            arena_.run(index, static_cast<std::uint32_t>(text.size())).begin());
  return index;
}

Result<Run> Tape::add_run(std::span<const NodeId> items, std::span<const NodeId> more) {
  const auto count = static_cast<std::uint32_t>(items.size() + more.size());
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t index, children_.allocate(items.size() + more.size()));
  NodeId* to = children_.run(index, count).data();
  to = std::copy(items.begin(), items.end(), to);
  std::copy(more.begin(), more.end(), to);
  return Run{index, 0, count};
}

Result<NodeId> Tape::add_call(Node node, const Call& call) {
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t index, calls_.add(call));
  node.flags = kFromCall;
  node.payload = index;
  return nodes_.add(node);
}

void Tape::replace_items(NodeId id, const Run& run) {
  Node& node = nodes_[id];
  if ((node.flags & kFromCall) != 0) {
    if (call(id).added == kNoNode) return;  // it had no items
    Run& own = added_[call(id).added].*run_for(node.kind);
    own = {run.first, own.last, run.count};
  } else {
    constexpr std::uint64_t kChangedAt = std::uint64_t{0xFFFFFFFF} << 32;
    node.payload = (node.payload & kChangedAt) | run.first;
  }
  node.count = run.count;
}

}  // namespace safe_load::pickle
