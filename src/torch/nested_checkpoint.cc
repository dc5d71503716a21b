// A checkpoint inside a pickle: torch.storage._load_from_bytes(bytes), as pickle writes a storage
// that no torch.save had in hand. Its nodes join the tape, behind all others; the call becomes the
// storage or tensor that it held. docs/format/legacy.md has the rules L1 to L7.
#include <bit>

#include "base/source.h"
#include "base/try.h"
#include "torch/legacy_pickles.h"
#include "torch/legacy_storages.h"
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
  ++nesting_;
  const auto root = decode_legacy(program);
  --nesting_;
  if (!root) {
    for (NodeId node = first; node < tape().size(); ++node) tape()[node] = {};
    return root.error();
  }
  const Node& value = tape()[*root];
  tape().replace(id, {value.kind, 0, 0, 0, value.payload});
  return {};
}

Result<NodeId> TensorInterpreter::decode_legacy(const pickle::Program& program) {
  const NodeId first = tape().size();
  std::vector<LegacyStart> starts;
  const auto legacy = run_legacy(tape(), program, starts);
  LegacyStorages storages(legacy ? legacy->keys : pickle::kNoNode);
  PersistentIds* const outer = std::exchange(ids_, &storages);
  const Status meant = interpret_apart(first, tape().size(), legacy.ok());
  ids_ = outer;
  SAFE_LOAD_TRY(meant);
  if (!legacy) return legacy.error();
  SAFE_LOAD_TRY(storages.place(*this, base::MemorySource(program.bytes), legacy->data_offset,
                               program.bytes.data(), 0));
  if (!storages.damage().empty()) return storages.damage().front().error;
  const Kind kind = tape()[legacy->object].kind;
  if (kind != Kind::kStorage && kind != Kind::kTensor)
    return bad("a checkpoint inside a pickle that holds neither a storage nor a tensor");
  return NodeId{legacy->object};
}

}  // namespace safe_load::torch
