// same_tape: whether the machine writes one tape and one error, however it takes the opcodes.
#pragma once

#include <algorithm>
#include <span>
#include <string>

#include "pickle/machine.h"

namespace safe_load::fuzz {

// What of a pickle differs when every opcode is a step of its own; "" if nothing does.
inline std::string difference_by_steps(base::Bytes pickle, bool is_lenient, const Limits& limits) {
  pickle::Tape loop(pickle, limits);
  pickle::Tape steps(pickle, limits);
  if (is_lenient) {
    loop.be_lenient();
    steps.be_lenient();
  }
  const auto a = pickle::run(loop, {.bytes = pickle});
  const auto b = pickle::run(steps, {.bytes = pickle, .by_steps = true});
  if (a.ok() != b.ok()) return "one is an error";
  if (a && (a->root != b->root || a->end != b->end || a->protocol != b->protocol)) return "result";
  if (!a &&
      (a.error().code() != b.error().code() || a.error().offset() != b.error().offset() ||
       a.error().reason() != b.error().reason() || a.error().subject() != b.error().subject()))
    return "error";
  if (loop.size() != steps.size()) return "number of nodes";
  for (pickle::NodeId id = 0; id < loop.size(); ++id) {
    const pickle::Node& x = loop[id];
    const pickle::Node& y = steps[id];
    if (x.kind != y.kind || x.flags != y.flags || x.aux != y.aux || x.count != y.count ||
        x.payload != y.payload)
      return "node " + std::to_string(id);
    if (!std::ranges::equal(loop.items(id), steps.items(id)))
      return "items of node " + std::to_string(id);
  }
  if (loop.call_count() != steps.call_count()) return "number of calls";
  for (std::uint32_t i = 0; i < loop.call_count(); ++i) {
    const pickle::Call& x = loop.call_at(i);
    const pickle::Call& y = steps.call_at(i);
    if (x.callee != y.callee || x.arguments != y.arguments || x.keywords != y.keywords ||
        x.offset != y.offset || x.how != y.how || x.added != y.added)
      return "call " + std::to_string(i);
    for (pickle::Run pickle::Added::*run : {&pickle::Added::list_items, &pickle::Added::dict_items,
                                            &pickle::Added::set_items, &pickle::Added::states})
      if (!std::ranges::equal(loop.items(loop.added(x).*run), steps.items(steps.added(y).*run)))
        return "what was added to call " + std::to_string(i);
  }
  const auto same_note = [](const pickle::Note& x, const pickle::Note& y) {
    return x.oddity == y.oddity && x.offset == y.offset && x.place == y.place && x.node == y.node;
  };
  if (!std::ranges::equal(loop.notes(), steps.notes(), same_note)) return "notes";
  if (loop.symbols().size() != steps.symbols().size()) return "number of symbols";
  if (loop.memory().left() != steps.memory().left()) return "memory";
  return "";
}

}  // namespace safe_load::fuzz
