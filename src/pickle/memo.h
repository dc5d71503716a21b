// Memo: which value a pickle put under which number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "base/hash.h"
#include "pickle/tape.h"

namespace safe_load::pickle {

// Node numbers by memo index: dense as long as the indices are, so that one huge index costs one
// entry and not a table.
class Memo {
 public:
  std::uint32_t entries() const { return entries_; }

  // Returns whether nothing was there before.
  bool put(std::uint32_t index, NodeId id) {
    if (index < dense_.size() || (index <= 2 * std::uint64_t{entries_} + 1024 && sparse_.empty())) {
      if (index >= dense_.size()) dense_.resize(std::size_t{index} + 1, kNoNode);
      return store(dense_[index], id);
    }
    return store(sparse_.try_emplace(index, kNoNode).first->second, id);
  }

  // The same where this is the next entry of a dense memo; else false, and nothing is done.
  bool put_next(std::uint32_t index, NodeId id) {
    if (index != dense_.size() || !sparse_.empty()) return false;
    dense_.push_back(id);
    ++entries_;
    return true;
  }

  // kNoNode if nothing was put there.
  NodeId get(std::uint32_t index) const {
    if (const NodeId id = get_dense(index); id != kNoNode) return id;
    const auto found = sparse_.find(index);
    return found == sparse_.end() ? kNoNode : found->second;
  }

  // kNoNode also for what lies apart.
  NodeId get_dense(std::uint32_t index) const {
    return index < dense_.size() ? dense_[index] : kNoNode;
  }

 private:
  struct IndexHash {
    std::size_t operator()(std::uint32_t index) const {
      base::SipHash hash;
      hash.add(index);
      return static_cast<std::size_t>(hash.finish());
    }
  };

  // Returns whether the entry is new.
  bool store(NodeId& slot, NodeId id) {
    const bool is_new = slot == kNoNode;
    entries_ += is_new ? 1 : 0;
    slot = id;
    return is_new;
  }

  std::vector<NodeId> dense_;
  std::unordered_map<std::uint32_t, NodeId, IndexHash> sparse_;
  std::uint32_t entries_ = 0;
};

}  // namespace safe_load::pickle
