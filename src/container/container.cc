#include "container/container.h"

#include <algorithm>

namespace safe_load::container {

Outcome<pickle::Built> Container::run(torch::TensorInterpreter& interpreter,
                                      const pickle::Program& program, torch::PersistentIds& ids,
                                      std::string member, std::uint64_t shift) {
  pickle::Tape& tape = interpreter.tape();
  const pickle::NodeId first = tape.size();
  sections_.push_back({first, member, shift});
  const auto fail = [&](const Error& error) {
    return Failure(error.at(error.offset() + shift), member);
  };
  const auto built = pickle::run(tape, program);
  if (!built) {
    if (tape.is_lenient()) (void)interpreter.interpret(first, tape.size(), ids).ok();
    return fail(built.error());
  }
  const Status done = interpreter.interpret(first, tape.size(), ids);
  if (!done) return fail(done.error());
  info_.protocol = built->protocol;
  return pickle::Built(*built);
}

void Container::take_facts(Container& member) {
  const ContainerInfo& facts = member.info();
  info_.protocol = std::max(info_.protocol, facts.protocol);
  info_.pickle_bytes += facts.pickle_bytes;
  if (facts.byte_order == ByteOrder::kBig) info_.byte_order = ByteOrder::kBig;
  for (const std::string& note : facts.notes)
    info_.notes.push_back(member.slice().name + ": " + note);
  sections_.insert(sections_.end(), member.sections().begin(), member.sections().end());
  damage_.insert(damage_.end(), member.damage().begin(), member.damage().end());
  rests_.insert(rests_.end(), member.rests().begin(), member.rests().end());
  const StreamArrays& arrays = member.stream_arrays();
  stream_arrays_.objects.insert(arrays.objects.begin(), arrays.objects.end());
}

void Container::note_rest(Slice rest, std::string_view where) {
  if (rest.whole == slice_.whole) info_.end = rest.offset;
  if (rest.size == 0) return;
  info_.notes.push_back(std::to_string(rest.size) + " bytes follow " + std::string(where));
  rests_.push_back(std::move(rest));
}

Slice Container::rest_of(const pickle::Program& program, std::uint64_t end,
                         std::string member) const {
  const base::Bytes bytes = program.bytes.subspan(static_cast<std::size_t>(end));
  Slice rest = slice_of({bytes.begin(), bytes.end()});
  rest.inflation = slice_.inflation;
  rest.depth = slice_.depth;
  rest.name = std::move(member);
  rest.shift = end + (sections_.empty() ? 0 : sections_.back().shift);
  return rest;
}

}  // namespace safe_load::container
