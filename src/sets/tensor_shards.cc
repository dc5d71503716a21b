#include "sets/tensor_shards.h"

#include <algorithm>
#include <string>
#include <unordered_map>

#include "base/checked.h"
#include "base/hash.h"
#include "base/try.h"
#include "json/fields.h"
#include "pickle/tape_writer.h"
#include "torch/chunks.h"

namespace safe_load::sets {

using container::Failure;
using container::Outcome;
using container::Pickles;
using container::Slice;
using formats::SafetensorsFile;

using json::Json;
using pickle::NodeId;

namespace {

constexpr std::string_view kPlaces = "DCP_SHARDING_INFO";

Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

struct Gathered {
  NodeId key;
  DType dtype;
  std::vector<std::int64_t> sizes;
  std::vector<torch::Chunk> chunks;
};

// Gathers the tensors of all shards by name, in the order in which they come.
class Gatherer {
 public:
  explicit Gatherer(torch::TensorInterpreter& interpreter) : interpreter_(interpreter) {}

  // `places`: {name: {"saved_offsets": [...]}}
  Status add(NodeId dict, const Json& places) {
    if (places.object() == nullptr) return bad("places of tensors that are not a JSON object");
    Places by_name;
    for (const auto& [name, place] : *places.object())
      by_name.emplace(name, json::field(&place, "saved_offsets"));
    const std::span<const NodeId> items = interpreter_.tape().items(dict);
    for (std::size_t i = 0; i < items.size(); i += 2)
      SAFE_LOAD_TRY(add_tensor(items[i], items[i + 1], by_name));
    return {};
  }

  Result<NodeId> build() const {
    std::vector<NodeId> items;
    for (const Gathered& tensor : tensors_) {
      const std::string_view name = interpreter_.tape().text(tensor.key);
      auto whole = torch::assemble(interpreter_, name, tensor.dtype, tensor.sizes, tensor.chunks);
      if (!whole && whole.error().code() != ErrorCode::kLimit)
        whole = interpreter_.add_damaged_value(whole.error());
      if (!whole) return whole.error();
      items.insert(items.end(), {tensor.key, *whole});
    }
    return pickle::TapeWriter(interpreter_.tape()).dict(items);
  }

 private:
  using Places = std::unordered_map<std::string_view, const Json*, base::TextHash>;

  Status add_tensor(NodeId key, NodeId node, const Places& places) {
    const pickle::Tape& tape = interpreter_.tape();
    const std::string_view name = tape.text(key);
    const torch::Tensor& tensor = interpreter_.tensors()[tape[node].payload];
    SAFE_LOAD_TRY_ASSIGN(const torch::Extents extents, interpreter_.read_extents(tensor.sizes));
    const auto sizes = extents.span();
    torch::Chunk chunk{node, {}, {sizes.begin(), sizes.end()}};
    const auto place = places.find(name);
    const Json* const offsets = place == places.end() ? nullptr : place->second;
    for (const Json& item : json::items_of(offsets)) {
      const auto offset = item.integer();
      if (!offset || *offset < 0) return bad("a tensor with an impossible place").about(name);
      chunk.offsets.push_back(*offset);
    }
    if (offsets == nullptr || chunk.offsets.size() != sizes.size())
      return bad("a tensor whose place in the whole is not told").about(name);
    const auto [known, is_new] = numbers_.try_emplace(name, tensors_.size());
    if (is_new) tensors_.push_back({key, tensor.dtype, chunk.sizes, {}});
    Gathered& whole = tensors_[known->second];
    if (whole.sizes.size() != sizes.size())
      return bad("a chunk with another number of dimensions than its tensor").about(name);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const auto end = base::checked_add(static_cast<std::uint64_t>(chunk.offsets[i]),
                                         static_cast<std::uint64_t>(sizes[i]));
      if (!end || *end > static_cast<std::uint64_t>(INT64_MAX))
        return bad("a tensor with an impossible place").about(name);
      whole.sizes[i] = std::max(whole.sizes[i], static_cast<std::int64_t>(*end));
    }
    whole.chunks.push_back(std::move(chunk));
    return {};
  }

  torch::TensorInterpreter& interpreter_;
  std::vector<Gathered> tensors_;
  std::unordered_map<std::string_view, std::size_t, base::TextHash> numbers_;
};

}  // namespace

TensorShards::TensorShards(std::vector<Slice> shards, const OpenOptions& options)
    : Container(shards.front(), options) {
  for (Slice& shard : shards)
    shards_.push_back(std::make_unique<SafetensorsFile>(std::move(shard), options));
}

Outcome<void> TensorShards::read(Pickles& pickles) {
  info_.format = Format::kShardsOfTensors;
  info_.record_count = shards_.size();
  for (const auto& shard : shards_) {
    const auto done = shard->read(pickles);
    if (!done) return done.error();
  }
  return {};
}

Outcome<NodeId> TensorShards::build(torch::TensorInterpreter& interpreter, const Pickles& pickles) {
  Gatherer gatherer(interpreter);
  for (const auto& shard : shards_) {
    const auto dict = shard->build(interpreter, pickles);
    if (!dict) return dict.error();
    take_facts(*shard);
    const auto& metadata = shard->info().metadata;
    const auto places = std::find_if(metadata.begin(), metadata.end(),
                                     [](const auto& entry) { return entry.first == kPlaces; });
    const auto fail = [&](const Error& error) { return Failure(error, shard->slice().name); };
    if (places == metadata.end())
      return fail(bad("a shard that does not say where its pieces belong").about(kPlaces));
    const auto read = json::read(places->second);
    if (!read) return fail(read.error());
    const Status added = gatherer.add(*dict, *read);
    if (!added) return fail(added.error());
  }
  sections_.push_back({interpreter.tape().size(), slice_.name, 0});
  const auto root = gatherer.build();
  if (!root) return Failure(root.error(), slice_.name);
  return NodeId{*root};
}

}  // namespace safe_load::sets
