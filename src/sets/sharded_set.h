// ShardedSet: several files, each a dict of tensors, and the index that says which tensor is in
// which. Its value is one dict, in the order of the index.
#pragma once

#include <unordered_map>
#include <vector>

#include "container/container.h"
#include "sets/shard_index.h"

namespace safe_load::sets {

class ShardedSet final : public container::Container {
 public:
  // `shards`: in the order of ShardIndex::shards, each with the name of its file.
  ShardedSet(container::Slice index, std::vector<container::Slice> shards,
             const OpenOptions& options, std::uint64_t reach)
      : container::Container(std::move(index), options),
        slices_(std::move(shards)),
        reach_(reach) {}

  container::Outcome<void> read(container::Pickles& pickles) override;
  container::Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                           const container::Pickles& pickles) override;
  bool wants_more() const override;
  void verify(const Report& report) const override;

 private:
  struct Held {
    pickle::NodeId key;
    pickle::NodeId value;
    std::uint32_t shard;
    bool is_listed = false;
  };
  using Names = std::unordered_map<std::string_view, Held>;

  // Adds what is in the dict of a shard.
  Status add_names(const pickle::Tape& tape, pickle::NodeId dict, std::uint32_t shard);
  Result<pickle::NodeId> merge(pickle::Tape& tape, const ShardIndex& index);

  std::vector<container::Slice> slices_;
  std::uint64_t reach_;
  std::size_t index_ = 0;
  std::vector<container::ContainerPtr> shards_;
  std::vector<std::string_view> order_;  // of names_
  Names names_;
};

}  // namespace safe_load::sets
