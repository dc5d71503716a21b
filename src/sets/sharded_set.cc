#include "sets/sharded_set.h"

#include <algorithm>

#include "base/try.h"
#include "formats/recognise.h"
#include "pickle/tape_writer.h"

namespace safe_load::sets {

using container::ContainerPtr;
using container::Failure;
using container::Outcome;
using container::Pickles;
using container::Slice;
using formats::recognise;

using pickle::Kind;
using pickle::NodeId;

Outcome<void> ShardedSet::read(Pickles& pickles) {
  info_.format = Format::kShardedSet;
  info_.record_count = slices_.size();
  info_.pickle_bytes = slice_.size;
  index_ = pickles.add(slice_, slice_.size);
  for (const Slice& slice : slices_) {
    auto shard = recognise(slice, options(), reach_);
    if (!shard) return shard.error();
    const auto done = (*shard)->read(pickles);
    if (!done) return done.error();
    shards_.push_back(*std::move(shard));
  }
  return {};
}

Outcome<NodeId> ShardedSet::build(torch::TensorInterpreter& interpreter, const Pickles& pickles) {
  pickle::Tape& tape = interpreter.tape();
  sections_.push_back({tape.size(), slice_.name, 0});
  const auto index = read_shard_index(base::as_text(pickles.program(index_).bytes));
  if (!index) return Failure(index.error(), slice_.name);
  for (std::uint32_t number = 0; number < shards_.size(); ++number) {
    Container& shard = *shards_[number];
    const auto value = shard.build(interpreter, pickles);
    if (!value) return value.error();
    take_facts(shard);
    const Status added = add_names(tape, *value, number);
    if (!added) return Failure(added.error(), shard.slice().name);
  }
  sections_.push_back({tape.size(), slice_.name, 0});
  const auto root = merge(tape, *index);
  if (!root) return Failure(root.error(), slice_.name);
  return NodeId{*root};
}

Status ShardedSet::add_names(const pickle::Tape& tape, NodeId dict, std::uint32_t shard) {
  if (tape[dict].kind != Kind::kDict)
    return Error(ErrorCode::kUnsupported, "a shard that holds no dict of tensors");
  const std::span<const NodeId> items = tape.items(dict);
  for (std::size_t i = 0; i < items.size(); i += 2) {
    if (tape[items[i]].kind != Kind::kText)
      return Error(ErrorCode::kUnsupported, "a shard with a key that is not text");
    const std::string_view name = tape.text(items[i]);
    const auto [known, is_new] = names_.try_emplace(name, Held{items[i], items[i + 1], shard});
    if (!is_new) return Error(ErrorCode::kAmbiguous, "a tensor that is in two shards").about(name);
    order_.push_back(name);
  }
  return {};
}

// What the index names, in its order; then what it does not name.
Result<NodeId> ShardedSet::merge(pickle::Tape& tape, const ShardIndex& index) {
  std::vector<NodeId> items;
  const auto add = [&](const Held& held) { items.insert(items.end(), {held.key, held.value}); };
  for (const ShardIndex::Row& row : index.rows) {
    const auto found = names_.find(row.name);
    if (found == names_.end() || found->second.shard != row.shard)
      return Error(ErrorCode::kCorrupt, "a tensor that is not in the shard that the index names")
          .about(row.name + ", " + index.shards[row.shard]);
    found->second.is_listed = true;
    add(found->second);
  }
  std::size_t unlisted = 0;
  for (const std::string_view name : order_) {
    const Held& held = names_.at(name);
    if (held.is_listed) continue;
    ++unlisted;
    add(held);
  }
  if (unlisted != 0)
    info_.notes.push_back("values that the index does not name: " + std::to_string(unlisted));
  return pickle::TapeWriter(tape).dict(items);
}

bool ShardedSet::wants_more() const {
  return std::any_of(shards_.begin(), shards_.end(),
                     [](const ContainerPtr& shard) { return shard->wants_more(); });
}

void ShardedSet::verify(const Report& report) const {
  for (const ContainerPtr& shard : shards_) shard->verify(report);
}

}  // namespace safe_load::sets
