#include "types/graph.h"

#include <algorithm>
#include <bit>

#include "base/text.h"

namespace safe_load::types {

using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;

namespace {

// Of a path; the beginning of longer ones is left out.
constexpr std::size_t kMaxSteps = 64;
constexpr std::size_t kMaxPath = 4096;  // bytes

bool is_identifier(std::string_view text) {
  const auto is_letter = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  return !text.empty() && text.size() <= base::kMostName && is_letter(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

// An attribute in which torch.nn.Module keeps its parts by their names.
bool is_table_of_module(std::string_view step) {
  return step == "._modules" || step == "._parameters" || step == "._buffers";
}

}  // namespace

std::vector<Edge> Graph::shortest_edges() const {
  std::vector<Edge> edges(tape_.size());
  std::vector<NodeId> queue = {tape_.root()};
  edges[tape_.root()].parent = tape_.root();
  for (std::size_t next = 0; next < queue.size(); ++next)
    for_each_child(queue[next], [&](const Edge& edge, NodeId child) {
      if (edges[child].parent != kNoNode) return;
      edges[child] = edge;
      queue.push_back(child);
    });
  return edges;
}

// Climbing stops after kMaxSteps and kMaxPath, so that listing many values deep down takes no
// quadratic time.
Graph::Chain Graph::chain(const std::vector<Edge>& edges, const Edge& last) const {
  Chain result;
  Edge edge = last;
  std::size_t size = 0;
  while (edge.parent != kNoNode && edge.step != Step::kRoot && result.steps.size() < kMaxSteps &&
         size < kMaxPath) {
    result.steps.push_back(step_text(edges, edge));
    size += result.steps.back().size();
    edge = edges[edge.parent];
  }
  result.is_connected = edge.parent != kNoNode;
  result.is_cut = edge.step != Step::kRoot;
  std::reverse(result.steps.begin(), result.steps.end());
  return result;
}

bool Graph::is_attributes(const std::vector<Edge>& edges, NodeId id) const {
  const Edge& edge = edges[id];
  if (edge.step == Step::kState) return true;
  // The form (attributes, slots): a pair that is a state itself.
  return edge.step == Step::kItem && edge.parent != kNoNode &&
         edges[edge.parent].step == Step::kState && is_pair_of_dicts(edge.parent);
}

bool Graph::is_pair_of_dicts(NodeId id) const {
  const std::span<const NodeId> items = tape_.items(id);
  return tape_[id].kind == Kind::kTuple && items.size() == 2 &&
         std::all_of(items.begin(), items.end(), [&](NodeId item) {
           return tape_[item].kind == Kind::kDict || tape_[item].kind == Kind::kNone;
         });
}

std::string Graph::key_text(NodeId key) const {
  const pickle::Node& node = tape_[key];
  if (node.kind == Kind::kText || node.kind == Kind::kBytes) {
    const std::string_view text = tape_.text(key);
    return text.size() > base::kMostName ? long_key_text(key) : base::quoted(text);
  }
  if (node.kind == Kind::kInt) return std::to_string(static_cast<std::int64_t>(node.payload));
  if (node.kind == Kind::kBool) return node.payload != 0 ? "True" : "False";
  if (node.kind == Kind::kFloat) return base::to_text(std::bit_cast<double>(node.payload));
  if (node.kind == Kind::kNone) return "None";
  if (node.kind == Kind::kSymbol) return base::escaped(tape_.symbol(key).name);
  // A member of an enumeration: by its value.
  if (const pickle::Call* const call = tape_.call_of(key)) {
    const auto given = tape_.arguments(*call);
    if (given.size() == 1 && tape_[given[0]].kind == Kind::kText)
      return base::quoted(tape_.text(given[0]));
  }
  return "key " + std::to_string(key);
}

std::string Graph::long_key_text(NodeId key) const {
  const base::Lock lock(long_keys_->mutex);
  const auto [known, is_new] = long_keys_->texts.try_emplace(key);
  if (is_new) known->second = base::quoted(tape_.text(key));
  return known->second;
}

std::string Graph::step_text(const std::vector<Edge>& edges, const Edge& edge) const {
  const auto pair_key = [&](std::span<const NodeId> pairs) {
    return pairs[std::size_t{2} * edge.index];
  };
  switch (edge.step) {
    case Step::kRoot:
      return "";
    case Step::kItem:
      if (is_attributes(edges, edge.parent) && is_pair_of_dicts(edge.parent)) return "";
      if (edges[edge.parent].step == Step::kState)
        return ".__state__[" + std::to_string(edge.index) + ']';
      return '[' + std::to_string(edge.index) + ']';
    case Step::kValue: {
      const bool is_opaque = tape_[edge.parent].kind == Kind::kOpaque;
      const NodeId key = pair_key(is_opaque ? tape_.items(tape_.added(edge.parent).dict_items)
                                            : tape_.items(edge.parent));
      const bool is_text = tape_[key].kind == Kind::kText;
      if (is_text && is_attributes(edges, edge.parent) && is_identifier(tape_.text(key)))
        return '.' + std::string(tape_.text(key));
      return '[' + key_text(key) + ']';
    }
    case Step::kKey:
      return ".__key__[" + std::to_string(edge.index) + ']';
    case Step::kArgument:
      return ".__args__[" + std::to_string(edge.index) + ']';
    case Step::kKeyword:
      return ".__kwargs__[" + key_text(pair_key(tape_.items(tape_.call(edge.parent).keywords))) +
             ']';
    case Step::kMetadata:
      return ".metadata";
    case Step::kFill:
      return ".fill_value";
    case Step::kState:
    case Step::kElements:
    case Step::kDtype:
    case Step::kDamage:
      return "";
  }
  return "";
}

std::string Graph::path(const std::vector<Edge>& edges, NodeId id) const {
  if (id == tape_.root()) return "$";
  return path(edges, edges[id]);
}

std::string Graph::path(const std::vector<Edge>& edges, const Edge& last) const {
  const Chain way = chain(edges, last);
  if (!way.is_connected) return "";
  std::string text = way.is_cut ? "$..." : "$";
  for (const std::string& step : way.steps) text += step;
  // A state that is not a dict of attributes is itself what the path leads to.
  if (last.step == Step::kState) text += ".__state__";
  return text;
}

std::string Graph::dotted(const std::vector<Edge>& edges, const Edge& last) const {
  const Chain way = chain(edges, last);
  std::string text = way.is_cut ? "..." : "";
  for (const std::string& step : way.steps) {
    if (is_table_of_module(step) && &step != &way.steps.back()) continue;
    std::string part = step;
    if (part.starts_with("[\"")) {
      part = part.substr(2, part.size() - 4);
    } else if (part.starts_with('[')) {
      part = part.substr(1, part.size() - 2);
    } else if (part.starts_with('.')) {
      part.erase(0, 1);
    }
    if (part.empty()) continue;
    if (!text.empty()) text += '.';
    text += part;
  }
  return text;
}

}  // namespace safe_load::types
