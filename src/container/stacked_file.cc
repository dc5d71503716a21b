#include "container/stacked_file.h"

#include <algorithm>

#include "torch/stacked_pickles.h"

namespace safe_load::container {

using pickle::NodeId;

Outcome<void> StackedFile::read(Pickles& pickles) {
  info_.format = Format::kStacked;
  pickles_ =
      pickles.add(slice_.name, std::min(reach_, slice_.size), [this](std::span<std::byte> into) {
        const Status read = slice_.part().read_at(0, into);
        return read ? Outcome<void>() : Failure(read.error(), slice_.name);
      });
  return {};
}

Outcome<NodeId> StackedFile::build(torch::TensorInterpreter& interpreter, const Pickles& pickles) {
  const auto fail = [&](const Error& error) { return Failure(error, slice_.name); };
  pickle::Tape& tape = interpreter.tape();
  const NodeId first = tape.size();
  const pickle::Program program = pickles.program(pickles_);
  std::vector<torch::StackedStart> starts;
  const auto stacked = torch::run_stacked(tape, program, starts);
  for (const torch::StackedStart& start : starts)
    sections_.push_back({start.node, slice_.name, start.offset});
  if (!stacked) {
    if (tape.is_lenient()) {
      ids_.emplace(pickle::kNoNode);
      (void)interpreter.interpret(first, tape.size(), *ids_).ok();
    }
    wants_more_ = stacked.error().code() == ErrorCode::kTruncated && reach_ < slice_.size;
    return fail(stacked.error());
  }
  info_.protocol = stacked->protocol;
  info_.pickle_bytes = stacked->data_offset;
  ids_.emplace(stacked->keys);
  const Status meant = interpreter.interpret(first, tape.size(), *ids_);
  if (!meant) return fail(meant.error());
  const Status placed = ids_->place(
      interpreter, slice_.part(), stacked->data_offset,
      slice_.memory == nullptr ? nullptr : slice_.memory + slice_.offset, slice_.offset);
  if (!placed) return fail(placed.error());
  const Status paid = tape.memory().take(2 * sizeof(Damage) * ids_->damage().size());
  if (!paid) return fail(paid.error());
  for (const torch::StackedStorages::Damage& part : ids_->damage())
    damage_.push_back({part.storage, fail(part.error)});
  info_.record_count = tape[stacked->keys].count;
  info_.has_source_text = ids_->has_source_text();
  if (info_.has_source_text)
    info_.notes.emplace_back("source text of classes stands beside the values; it is not compiled");
  note_rest(slice_.behind(ids_->end()), "the last storage");
  return NodeId{stacked->object};
}

}  // namespace safe_load::container
