#include "torch/script_constants.h"

#include <string>
#include <string_view>

#include "base/try.h"
#include "pickle/tape_writer.h"

namespace safe_load::torch {

using pickle::Kind;
using pickle::NodeId;
using pickle::Tape;
using pickle::TapeWriter;

namespace {

constexpr std::string_view kName = "CONSTANTS";

// The dict of the attributes of a module: the only state of a record, or the dict itself. kNoNode
// if there is none, or if it has that name.
NodeId attributes_of(const Tape& tape, NodeId module) {
  NodeId dict = module;
  if (tape[module].kind == Kind::kOpaque && (tape[module].flags & pickle::kFromCall) != 0) {
    const std::span<const NodeId> states = tape.items(tape.added(module).states);
    if (states.size() != 1) return pickle::kNoNode;
    dict = states[0];
  }
  if (tape[dict].kind != Kind::kDict) return pickle::kNoNode;
  const std::span<const NodeId> pairs = tape.items(dict);
  for (std::size_t i = 0; i < pairs.size(); i += 2)
    if (tape[pairs[i]].kind == Kind::kText && tape.text(pairs[i]) == kName) return pickle::kNoNode;
  return dict;
}

}  // namespace

Result<std::vector<ScriptConstant>> read_constants(const Tape& tape, NodeId root) {
  if (tape[root].kind != Kind::kTuple)
    return Error(ErrorCode::kCorrupt, "constants of a program that are not a tuple");
  std::vector<ScriptConstant> constants;
  for (const NodeId value : tape.items(root)) constants.push_back({constants.size(), value});
  return constants;
}

Result<NodeId> with_constants(Tape& tape, NodeId module,
                              std::span<const ScriptConstant> constants) {
  if (constants.empty()) return NodeId{module};
  TapeWriter writer(tape);
  std::vector<NodeId> items;
  for (const ScriptConstant& constant : constants) {
    std::string name = "c";
    name.append(std::to_string(constant.number));
    SAFE_LOAD_TRY_ASSIGN(const NodeId key, writer.text(name));
    items.insert(items.end(), {key, constant.value});
  }
  SAFE_LOAD_TRY_ASSIGN(const NodeId values, writer.dict(items));
  SAFE_LOAD_TRY_ASSIGN(const NodeId name, writer.text(kName));
  const NodeId attributes = attributes_of(tape, module);
  if (attributes == pickle::kNoNode) {
    SAFE_LOAD_TRY_ASSIGN(const NodeId own_name, writer.text("data"));
    return writer.dict(std::vector{own_name, module, name, values});
  }
  const std::span<const NodeId> own = tape.items(attributes);
  items.assign(own.begin(), own.end());
  items.insert(items.end(), {name, values});
  SAFE_LOAD_TRY_ASSIGN(const NodeId whole, writer.dict(items));
  if (attributes == module) return NodeId{whole};
  SAFE_LOAD_TRY_ASSIGN(const pickle::Run states, tape.add_run(std::vector{whole}));
  SAFE_LOAD_TRY_ASSIGN(pickle::Added* const added, tape.change_added(module));
  added->states = {states.first, tape.size(), states.count};  // changed now
  return NodeId{module};
}

}  // namespace safe_load::torch
