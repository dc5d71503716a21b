// What Python frees by recursion: a chain of such values must not be longer than its stack bears.
//
// CPython and NumPy free slices, defaultdicts, deques and object arrays without the guard that
// tuples, lists and dicts have. So for each of them the longest way down over nothing but such
// values is counted before Python sees any. Values that contain each other go together: freed one
// by one, they are a chain as long as they are many (Tarjan's components, without recursion).
#include <algorithm>
#include <limits>
#include <vector>

#include "base/try.h"
#include "types/graph.h"
#include "types/interpreter.h"

namespace safe_load::types {

using pickle::Kind;
using pickle::NodeId;

namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

class LevelCount {
 public:
  LevelCount(pickle::Tape& tape, const Interpreter& meaning, const Graph& graph)
      : tape_(tape), meaning_(meaning), graph_(graph) {}

  // Calls spoil(node) for each at which the chain becomes longer than `most`.
  template <class Spoil>
  Status run(std::uint64_t most, Spoil&& spoil) {
    SAFE_LOAD_TRY(tape_.memory().take(tape_.size() * sizeof(Place)));
    places_.resize(tape_.size());
    for (NodeId id = 0; id < tape_.size(); ++id)
      if (meaning_.adds_level(id) && places_[id].order == kNone) {
        SAFE_LOAD_TRY(visit(id, most, spoil));
      }
    return {};
  }

 private:
  struct Place {
    std::uint32_t order = kNone;  // in which nodes were entered
    std::uint32_t lowest = 0;     // the first that is reached from here and still open
    std::uint32_t levels = 0;     // once its component is closed; 0: open
  };

  struct Entered {
    NodeId id;
    std::vector<NodeId> parts;
    std::size_t next = 0;
    std::uint32_t below = 0;  // the most levels of a component that was closed before this one
  };

  Status enter(NodeId id) {
    places_[id] = {count_, count_, 0};
    ++count_;
    Entered entered{id, {}};
    const auto add = [&](NodeId part) {
      if (meaning_.adds_level(part)) entered.parts.push_back(part);
    };
    graph_.for_each_child(id, [&](const Edge& edge, NodeId child) {
      if (edge.step == Step::kDtype) return;
      add(child);
      if (edge.step != Step::kElements) return;
      for (const NodeId element : tape_.items(child)) add(element);  // the array has them itself
    });
    SAFE_LOAD_TRY(tape_.memory().take(sizeof(Entered) + 2 * sizeof(NodeId) * entered.parts.size()));
    open_.push_back(id);
    entered_.push_back(std::move(entered));
    return {};
  }

  template <class Spoil>
  Status visit(NodeId root, std::uint64_t most, Spoil&& spoil) {
    SAFE_LOAD_TRY(enter(root));
    while (!entered_.empty()) {
      Entered& current = entered_.back();
      if (current.next < current.parts.size()) {
        const NodeId part = current.parts[current.next++];
        if (places_[part].order == kNone) {
          SAFE_LOAD_TRY(enter(part));
        } else {
          meet(current, part);
        }
        continue;
      }
      const Entered done = std::move(current);
      entered_.pop_back();
      SAFE_LOAD_TRY(leave(done, most, spoil));
    }
    return {};
  }

  void meet(Entered& current, NodeId part) {
    const Place& place = places_[part];
    if (place.levels != 0) {
      current.below = std::max(current.below, place.levels);
    } else {
      places_[current.id].lowest = std::min(places_[current.id].lowest, place.lowest);
    }
  }

  template <class Spoil>
  Status leave(const Entered& done, std::uint64_t most, Spoil&& spoil) {
    const Place place = places_[done.id];
    if (place.lowest == place.order) {
      const auto first = std::find(open_.rbegin(), open_.rend(), done.id).base() - 1;
      const auto members = static_cast<std::uint64_t>(open_.end() - first);
      const std::uint64_t levels = members + done.below;
      if (levels > most && done.below <= most) {
        SAFE_LOAD_TRY(spoil(done.id));
      }
      const auto kept = static_cast<std::uint32_t>(std::min<std::uint64_t>(levels, kNone));
      for (auto member = first; member != open_.end(); ++member) places_[*member].levels = kept;
      open_.erase(first, open_.end());
    }
    if (entered_.empty()) return {};
    Entered& parent = entered_.back();
    meet(parent, done.id);
    if (places_[done.id].levels == 0) parent.below = std::max(parent.below, done.below);
    return {};
  }

  pickle::Tape& tape_;
  const Interpreter& meaning_;
  const Graph& graph_;
  std::vector<Place> places_;
  std::vector<NodeId> open_;  // entered, and their component is not closed
  std::vector<Entered> entered_;
  std::uint32_t count_ = 0;
};

}  // namespace

bool Interpreter::adds_level(NodeId id) const {
  const pickle::Node& node = tape_[id];
  if (node.kind == Kind::kArray || node.kind == Kind::kScalar)
    return array_dtypes_[arrays_[node.count].dtype].has_objects();
  const Known* row = row_of(id);
  return row != nullptr && row->cost.frees_deep;
}

Status Interpreter::spoil_deep_chains(const Graph& graph) {
  if (level_count_ <= limits_.max_levels) return {};
  LevelCount levels(tape_, *this, graph);
  return levels.run(limits_.max_levels, [&](NodeId id) {
    return spoil(id, Error(ErrorCode::kLimit,
                           "more levels inside each other than Limits::max_levels, which Python "
                           "would free by recursion"));
  });
}

}  // namespace safe_load::types
