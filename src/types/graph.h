// Graph: what lies inside a value, and where. The one place that knows which parts of a node a
// person can reach; listing, path search and building all walk by it, without recursion.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "pickle/tape.h"
#include "types/interpreter.h"

namespace safe_load::types {

enum class Step : std::uint8_t {
  kRoot,
  kItem,      // [3] of a list, tuple or set
  kValue,     // ["key"] of a dict; the index counts pairs
  kKey,       // a key itself
  kArgument,  // of a record or an inert call
  kKeyword,
  kState,     // what BUILD gave; the values of a state dict are attributes
  kElements,  // the list of objects in an array
  kDtype,     // of an array or a field; no place of its own for a person
  kMetadata,  // what a dtype carries
  kFill,      // the fill value of a masked array
  kDamage,    // the part because of which a value is damaged, or one in a tuple of parts
};

struct Edge {
  pickle::NodeId parent = pickle::kNoNode;
  std::uint32_t index = 0;
  Step step = Step::kRoot;
};

class Graph {
 public:
  // `attributes[i]`: the state of tensor i, or kNoNode.
  Graph(const pickle::Tape& tape, const Interpreter& meaning,
        const std::vector<pickle::NodeId>& tensor_attributes)
      : tape_(tape), meaning_(meaning), tensor_attributes_(tensor_attributes) {}

  // Calls visit(edge, child) for each child, in the order of the file.
  template <class Visit>
  void for_each_child(pickle::NodeId id, Visit&& visit) const;

  // For each node one edge that leads to it from the root, on a shortest way. Nodes that are not
  // part of the result have no parent.
  std::vector<Edge> shortest_edges() const;

  // The way along those edges: $["model"][0].weight. The beginning of a very deep one is left out.
  // "" if the node is not part of the result.
  std::string path(const std::vector<Edge>& edges, pickle::NodeId id) const;
  // The path of a child that was reached over another edge.
  std::string path(const std::vector<Edge>& edges, const Edge& last) const;

  // One step of such a path: ["model"], [0], .weight; "" for steps that a person does not see.
  std::string step_text(const std::vector<Edge>& edges, const Edge& edge) const;

  // The keys and attributes of the path, joined by dots: model.0.weight. Inside of modules it is
  // the name that state_dict() would give.
  std::string dotted(const std::vector<Edge>& edges, const Edge& last) const;

 private:
  struct Chain {
    std::vector<std::string> steps;  // from the root, or the last ones of a way that is too long
    bool is_connected = false;       // whether it leads to the root at all
    bool is_cut = false;
  };
  Chain chain(const std::vector<Edge>& edges, const Edge& last) const;
  bool is_attributes(const std::vector<Edge>& edges, pickle::NodeId id) const;
  template <class Visit>
  void for_each_damaged_child(pickle::NodeId id, Visit&& visit) const;
  bool is_pair_of_dicts(pickle::NodeId id) const;
  std::string key_text(pickle::NodeId key) const;
  std::string long_key_text(pickle::NodeId key) const;

  const pickle::Tape& tape_;
  const Interpreter& meaning_;
  const std::vector<pickle::NodeId>& tensor_attributes_;

  // What names of many values have in common is shortened once, which reads all of it. Each takes
  // less memory than its key.
  struct LongKeys {
    base::Mutex mutex;
    std::unordered_map<pickle::NodeId, std::string> texts;
  };
  std::unique_ptr<LongKeys> long_keys_ = std::make_unique<LongKeys>();
};

// Of a damaged value: the damaged values that made it one.
template <class Visit>
void Graph::for_each_damaged_child(pickle::NodeId id, Visit&& visit) const {
  using pickle::Kind;
  if ((tape_[id].flags & pickle::kFromCall) == 0) return;
  const auto damaged = [&](std::span<const pickle::NodeId> items) {
    for (std::uint32_t i = 0; i < items.size(); ++i) {
      if (tape_[items[i]].kind == Kind::kError) visit(Edge{id, i, Step::kDamage}, items[i]);
      if (tape_[items[i]].kind != Kind::kTuple) continue;
      for (const pickle::NodeId inner : tape_.items(items[i]))
        if (tape_[inner].kind == Kind::kError) visit(Edge{id, i, Step::kDamage}, inner);
    }
  };
  const pickle::Call& call = tape_.call(id);
  if (call.arguments != pickle::kNoNode) damaged(tape_.items(call.arguments));
  damaged(tape_.items(tape_.added(call).states));
}

template <class Visit>
void Graph::for_each_child(pickle::NodeId id, Visit&& visit) const {
  using pickle::Kind;
  using pickle::NodeId;
  const pickle::Node& node = tape_[id];
  const auto sequence = [&](std::span<const NodeId> items, Step step) {
    for (std::uint32_t i = 0; i < items.size(); ++i) visit(Edge{id, i, step}, items[i]);
  };
  const auto pairs = [&](std::span<const NodeId> items, Step step) {
    for (std::uint32_t i = 0; i + 1 < items.size(); i += 2) {
      visit(Edge{id, i / 2, Step::kKey}, items[i]);
      visit(Edge{id, i / 2, step}, items[i + 1]);
    }
  };
  if (node.kind == Kind::kError) return for_each_damaged_child(id, visit);
  if (node.kind == Kind::kArray || node.kind == Kind::kScalar) {
    const Array& array = meaning_.arrays()[node.count];
    visit(Edge{id, 0, Step::kDtype}, meaning_.array_dtypes()[array.dtype].node);
    const Kind data = tape_[array.data].kind;
    if (data == Kind::kList || data == Kind::kArray)
      visit(Edge{id, 0, Step::kElements}, array.data);
    if (array.fill_value != pickle::kNoNode) visit(Edge{id, 0, Step::kFill}, array.fill_value);
    return;
  }
  if (node.kind == Kind::kArrayDtype) {
    const ArrayDtype& type = meaning_.array_dtypes()[node.count];
    if (type.metadata != pickle::kNoNode) visit(Edge{id, 0, Step::kMetadata}, type.metadata);
    if (type.base != kNoDtype)
      visit(Edge{id, 0, Step::kDtype}, meaning_.array_dtypes()[type.base].node);
    for (const ArrayField& field : type.fields)
      visit(Edge{id, 0, Step::kDtype}, meaning_.array_dtypes()[field.dtype].node);
    if (type.missing != pickle::kNoNode) visit(Edge{id, 0, Step::kDtype}, type.missing);
    return;
  }
  if (node.kind == Kind::kTensor) {
    const NodeId attributes = tensor_attributes_[node.payload];
    if (attributes != pickle::kNoNode) visit(Edge{id, 0, Step::kState}, attributes);
    return;
  }
  if (node.kind == Kind::kDict) {
    pairs(tape_.items(id), Step::kValue);
  } else {
    sequence(tape_.items(id), Step::kItem);
  }
  const bool has_call =
      (node.flags & pickle::kFromCall) != 0 &&
      (node.kind == Kind::kRecord || node.kind == Kind::kOpaque || node.kind == Kind::kDict);
  if (!has_call) return;
  const pickle::Call& call = tape_.call(id);
  const pickle::Added& added = tape_.added(call);
  const bool shows_arguments = node.kind != Kind::kDict || node.aux == kDefaultDict;
  if (shows_arguments && call.arguments != pickle::kNoNode)
    sequence(tape_.items(call.arguments), Step::kArgument);
  if (node.kind == Kind::kOpaque) {
    if (call.keywords != pickle::kNoNode) pairs(tape_.items(call.keywords), Step::kKeyword);
    sequence(tape_.items(added.list_items), Step::kItem);
    pairs(tape_.items(added.dict_items), Step::kValue);
    sequence(tape_.items(added.set_items), Step::kItem);
  }
  sequence(tape_.items(added.states), Step::kState);
}

}  // namespace safe_load::types
