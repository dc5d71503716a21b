// Object paths: $["model"][0].weight, as errors and listings print them, read back.
//
// The printer is the first reader: at each value the texts of its steps are compared with what is
// left of the path, so that every path that is printed can be read, whatever stands in a key. What
// it does not find may be what a person types: $.args["lr"] for $["args"].lr.
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/state.h"
#include "base/nearest.h"
#include "base/text.h"

namespace safe_load {
inline namespace v0 {
namespace {

using pickle::NodeId;
using types::Edge;
using types::Step;

// A value that the path has led to, and how much of the path is left.
struct Reached {
  NodeId node;
  std::string_view rest;
};

// Steps without a text (a state, the list behind an array) leave the path as it is, so that one
// text can lead on in several ways; the first in the order of the file wins.
NodeId find_printed(const api::State& state, std::string_view path) {
  const std::vector<Edge>& edges = state.edges();
  std::set<std::pair<NodeId, std::size_t>> seen;
  std::vector<Reached> open = {{state.tape().root(), path}};
  std::vector<Reached> next;
  while (!open.empty()) {
    const Reached current = open.back();
    open.pop_back();
    if (current.rest.empty()) return current.node;
    next.clear();
    state.graph().for_each_child(current.node, [&](const Edge& edge, NodeId child) {
      if (edge.step == Step::kDtype) return;
      const bool is_whole_state = edge.step == Step::kState && current.rest == ".__state__";
      const std::string text = is_whole_state ? ".__state__" : state.graph().step_text(edges, edge);
      if (!current.rest.starts_with(text)) return;
      const std::string_view rest = current.rest.substr(text.size());
      if (seen.emplace(child, rest.size()).second) next.push_back({child, rest});
    });
    open.insert(open.end(), next.rbegin(), next.rend());
  }
  return pickle::kNoNode;
}

// One step of a path: a text key, an integer key or index, or an attribute.
class PathReader {
 public:
  explicit PathReader(std::string_view rest) : rest_(rest) {}

  bool at_end() const { return rest_.empty(); }

  // Nothing if the path is malformed here.
  std::optional<ValueView> step_from(const ValueView& value) {
    if (rest_.starts_with('.')) {
      rest_.remove_prefix(1);
      const std::string_view name = take_until(".[");
      const ValueView attribute = value.attribute(name);
      return attribute.is_missing() ? value[name] : attribute;
    }
    if (!rest_.starts_with('[')) return std::nullopt;
    rest_.remove_prefix(1);
    if (rest_.starts_with('"')) {
      const auto key = take_quoted();
      if (!key || !take(']')) return std::nullopt;
      return value[*key];
    }
    const auto index = base::parse_int64(take_until("]"));
    if (!index || !take(']')) return std::nullopt;
    return value[*index];
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view take_until(std::string_view stops) {
    const std::string_view part = rest_.substr(0, rest_.find_first_of(stops));
    rest_.remove_prefix(part.size());
    return part;
  }

  // The reverse of base::quoted, as far as a person types it.
  std::optional<std::string> take_quoted() {
    rest_.remove_prefix(1);
    std::string text;
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\' && rest_.size() > 1) {
        rest_.remove_prefix(1);
        constexpr std::string_view kLetters = "ntr";
        const std::size_t letter = kLetters.find(rest_.front());
        text += letter == std::string_view::npos ? rest_.front() : "\n\t\r"[letter];
      } else {
        text += rest_.front();
      }
      rest_.remove_prefix(1);
    }
    return take('"') ? std::optional(text) : std::nullopt;
  }

  std::string_view rest_;
};

// The value with this dotted name, as tensors() and reports have it; else an error with the nearest
// name that there is.
Result<ValueView> find_named(const Checkpoint& checkpoint, std::string_view name) {
  std::optional<ValueView> found;
  base::Nearest nearest(name);
  checkpoint.for_each([&](const Place& place) {
    if (found || place.is_key()) return;
    const std::string other = place.name();
    if (other == name) {
      found = place.value();
    } else {
      nearest.add(other);
    }
  });
  if (found) return *found;
  if (nearest.word().empty())
    return Error(ErrorCode::kMismatch, "nothing has this name; a listing has all names")
        .about(name);
  return Error(ErrorCode::kMismatch, "nothing has this name")
      .about(std::string(name) + "; did you mean " + nearest.word() + "?");
}

}  // namespace

Result<ValueView> Checkpoint::find(std::string_view object_path) const& {
  if (object_path.empty())
    return Error(ErrorCode::kMismatch, "an object path begins with $, and a name is not empty");
  if (!object_path.starts_with('$')) return find_named(*this, object_path);
  const NodeId printed = find_printed(*state_, object_path.substr(1));
  if (printed != pickle::kNoNode) return ValueView(state_.get(), printed);
  PathReader reader(object_path.substr(1));
  ValueView value = root();
  while (!reader.at_end()) {
    const auto next = reader.step_from(value);
    if (!next) return Error(ErrorCode::kMismatch, "not an object path").about(object_path);
    if (next->is_missing())
      return Error(ErrorCode::kMismatch, "nothing at this path").about(object_path);
    value = *next;
  }
  return value;
}

}  // namespace v0
}  // namespace safe_load
