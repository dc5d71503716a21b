#include "formats/legacy_file.h"

#include <algorithm>

#include "torch/legacy_pickles.h"

namespace safe_load::formats {

using container::Failure;
using container::Outcome;
using container::Pickles;

using pickle::NodeId;

Outcome<void> LegacyFile::read(Pickles& pickles) {
  info_.format = Format::kLegacy;
  pickles_ = pickles.add(slice_, reach_);
  return {};
}

Outcome<NodeId> LegacyFile::build(torch::TensorInterpreter& interpreter, const Pickles& pickles) {
  const auto fail = [&](const Error& error) { return Failure(error, slice_.name); };
  pickle::Tape& tape = interpreter.tape();
  const NodeId first = tape.size();
  const pickle::Program program = pickles.program(pickles_);
  std::vector<torch::LegacyStart> starts;
  const auto legacy = torch::run_legacy(tape, program, starts);
  for (const torch::LegacyStart& start : starts)
    sections_.push_back({start.node, slice_.name, start.offset});
  if (!legacy) {
    if (tape.is_lenient()) {
      ids_.emplace(pickle::kNoNode);
      (void)interpreter.interpret(first, tape.size(), *ids_).ok();
    }
    wants_more_ = legacy.error().code() == ErrorCode::kTruncated && reach_ < slice_.size;
    return fail(legacy.error());
  }
  info_.protocol = legacy->protocol;
  info_.pickle_bytes = legacy->data_offset;
  ids_.emplace(legacy->keys);
  const Status meant = interpreter.interpret(first, tape.size(), *ids_);
  if (!meant) return fail(meant.error());
  const Status placed = ids_->place(
      interpreter, slice_.part(), legacy->data_offset,
      slice_.memory == nullptr ? nullptr : slice_.memory + slice_.offset, slice_.offset);
  if (!placed) return fail(placed.error());
  const Status paid = tape.memory().take(2 * sizeof(Damage) * ids_->damage().size());
  if (!paid) return fail(paid.error());
  for (const torch::LegacyStorages::Damage& part : ids_->damage())
    damage_.push_back({part.storage, fail(part.error)});
  info_.record_count = tape[legacy->keys].count;
  info_.has_source_text = ids_->has_source_text();
  if (info_.has_source_text)
    info_.notes.emplace_back(
        "source text of classes is stored beside the values; it is not compiled");
  note_rest(slice_.behind(ids_->end()), "the last storage");
  return NodeId{legacy->object};
}

}  // namespace safe_load::formats
