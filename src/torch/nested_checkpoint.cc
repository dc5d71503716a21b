// A checkpoint inside a pickle: torch.storage._load_from_bytes(bytes), as pickle writes a storage
// that no torch.save had in hand. Its nodes join the tape, behind all others; the call becomes the
// storage or tensor that it held. docs/format/stacked.md has the rules L1 to L7.
#include <algorithm>
#include <bit>

#include "base/byte_reader.h"
#include "base/checked.h"
#include "base/try.h"
#include "torch/stacked_pickles.h"
#include "torch/tensor_interpreter.h"

namespace safe_load::torch {

using pickle::Kind;
using pickle::Node;
using pickle::NodeId;

namespace {

constexpr int kDeepest = 8;

}  // namespace

Status TensorInterpreter::decode_nested(NodeId id) {
  if (nesting_ == kDeepest) return bad("more than eight checkpoints inside each other");
  const NodeId holder = arguments(id)[0];
  const std::string_view content = tape().text(holder);
  SAFE_LOAD_TRY(tape().work().take(content.size()));
  const pickle::Program program{base::as_bytes(content), tape()[holder].payload,
                                static_cast<std::uint8_t>(tape()[holder].flags & pickle::kInArena)};

  const NodeId first = tape().size();
  StackedStorages storages;
  StackedStorages* const outer = std::exchange(stacked_, &storages);
  ++nesting_;
  const auto root = decode_stacked(program);
  --nesting_;
  stacked_ = outer;
  if (!root) {
    for (NodeId node = first; node < tape().size(); ++node) tape()[node] = {};
    return root.error();
  }
  const Node& value = tape()[*root];
  tape()[id] = {value.kind, 0, 0, 0, value.payload};
  return {};
}

Result<NodeId> TensorInterpreter::decode_stacked(const pickle::Program& program) {
  const NodeId first = tape().size();
  const auto stacked = run_stacked(tape(), program);
  SAFE_LOAD_TRY(interpret_apart(first, tape().size(), stacked.ok()));
  if (!stacked) return stacked.error();
  SAFE_LOAD_TRY(place_storages(*stacked, program.bytes));
  const Kind kind = tape()[stacked->object].kind;
  if (kind != Kind::kStorage && kind != Kind::kTensor)
    return bad("a checkpoint inside a pickle that holds neither a storage nor a tensor");
  return NodeId{stacked->object};
}

// ("storage", class, key, location, numel, view): view is None or (key, offset, numel).
Result<std::uint32_t> TensorInterpreter::add_stacked_storage(NodeId persistent_id) {
  const std::span<const NodeId> parts = tape().items(persistent_id);
  if (tape()[persistent_id].kind != Kind::kTuple || parts.size() != 6)
    return bad("a persistent id that is no storage");
  SAFE_LOAD_TRY_ASSIGN(Storage storage, describe_storage(parts.first(5)));
  const auto [entry, is_new] = stacked_->roots.try_emplace(storage.key, StackedStorages::Root());
  StackedStorages::Root& root = entry->second;
  if (is_new) {
    SAFE_LOAD_TRY_ASSIGN(root.storage, append_storage(storage));
  }
  const Storage& whole = storages_[root.storage];
  if (whole.dtype != storage.dtype || whole.byte_count != storage.byte_count ||
      whole.location != storage.location)
    return bad("a storage that is described in two ways").about(storage.key);
  if (tape()[parts[5]].kind == Kind::kNone) return std::uint32_t{root.storage};

  const std::span<const NodeId> view = tape().items(parts[5]);
  const auto is_count = [&](NodeId node) {
    return tape()[node].kind == Kind::kInt && tape()[node].payload <= whole.byte_count;
  };
  if (tape()[parts[5]].kind != Kind::kTuple || view.size() != 3 || !is_text(tape()[view[0]]) ||
      !is_count(view[1]) || !is_count(view[2]))
    return bad("a view of a storage in a form that torch does not write").about(storage.key);
  const std::uint64_t unit = size_of(storage.dtype);
  const std::uint64_t offset = tape()[view[1]].payload * unit;
  storage.byte_count = tape()[view[2]].payload * unit;
  if (!base::fits(offset, storage.byte_count, whole.byte_count))
    return bad("a view that reaches past its storage").about(storage.key);
  storage.key = tape().text(view[0]);
  for (const StackedStorages::View& known : root.views) {
    if (storages_[known.storage].key != storage.key) continue;
    if (known.offset == offset && storages_[known.storage].byte_count == storage.byte_count)
      return std::uint32_t{known.storage};
    return bad("a view of a storage that is described in two ways").about(storage.key);
  }
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t number, append_storage(storage));
  root.views.push_back({number, offset});
  return number;
}

// For each key: the number of elements (64 bits), and the elements, both little-endian.
Status TensorInterpreter::place_storages(const StackedPickles& stacked, base::Bytes bytes) {
  if (tape()[stacked.keys].kind != Kind::kList) return bad("keys of storages that are no list");
  base::ByteReader reader(bytes.subspan(static_cast<std::size_t>(stacked.data_offset)));
  std::size_t placed = 0;
  for (const NodeId key : tape().items(stacked.keys)) {
    if (!is_text(tape()[key])) return bad("a key of a storage that is no text");
    const auto found = stacked_->roots.find(tape().text(key));
    if (found == stacked_->roots.end())
      return bad("bytes of a storage that nothing describes").about(tape().text(key));
    StackedStorages::Root& root = found->second;
    if (std::exchange(root.is_placed, true))
      return bad("a key of a storage that is listed twice").about(tape().text(key));
    ++placed;
    Storage& whole = storages_[root.storage];
    SAFE_LOAD_TRY_ASSIGN(const auto numel, reader.read_little<std::uint64_t>());
    if (numel != whole.byte_count / size_of(whole.dtype))
      return bad("a storage that has another size in its data").about(whole.key);
    SAFE_LOAD_TRY_ASSIGN(const auto content, reader.read_text(whole.byte_count));
    whole.nested = base::as_bytes(content).data();
    for (const StackedStorages::View& view : root.views)
      storages_[view.storage].nested =
          whole.nested_bytes().subspan(static_cast<std::size_t>(view.offset)).data();
  }
  if (placed != stacked_->roots.size()) return bad("a storage whose bytes are missing");
  return {};
}

}  // namespace safe_load::torch
