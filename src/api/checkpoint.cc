#include "safe_load/checkpoint.h"

#include <algorithm>
#include <map>

#include "api/state.h"
#include "base/text.h"
#include "safe_load/record_class.h"
#include "scan/danger.h"

namespace safe_load {
inline namespace v0 {

using api::State;
using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;

Checkpoint::Checkpoint(std::unique_ptr<State> state) : state_(std::move(state)) {}
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;
Checkpoint::~Checkpoint() = default;

Result<Checkpoint, Issue> Checkpoint::open_input(Result<api::Input, Issue> input,
                                                 const OpenOptions& options) {
  if (!input) return std::move(input).error();
  auto state = api::open(*std::move(input), options);
  if (!state) return std::move(state).error();
  return Checkpoint(*std::move(state));
}

Result<Checkpoint, Issue> Checkpoint::open(std::string_view path, const OpenOptions& options) {
  return open_input(api::find_input(path, options), options);
}

Result<Checkpoint, Issue> Checkpoint::open_descriptor(int descriptor, std::uint64_t start,
                                                      const OpenOptions& options) {
  return open_input(api::input_of_descriptor(descriptor, start, options), options);
}

Result<Checkpoint, Issue> Checkpoint::open(std::shared_ptr<const Source> source,
                                           const OpenOptions& options) {
  return open_input(api::input_of_source(std::move(source), options), options);
}

Result<Checkpoint, Issue> Checkpoint::open(std::span<const std::byte> bytes,
                                           const OpenOptions& options) {
  return open_input(api::input_of_borrowed(bytes), options);
}

Result<Checkpoint, Issue> Checkpoint::open(SharedBytes bytes, const OpenOptions& options) {
  return open_input(api::input_of_memory(std::move(bytes)), options);
}

Result<Checkpoint, Issue> Checkpoint::open(std::vector<std::byte>&& bytes,
                                           const OpenOptions& options) {
  const auto kept = std::make_shared<std::vector<std::byte>>(std::move(bytes));
  return open(SharedBytes{*kept, kept}, options);
}

const ContainerInfo& Checkpoint::container() const& { return state_->container(); }
const std::vector<Issue>& Checkpoint::issues() const& { return state_->issues; }

ValueView Checkpoint::root() const& { return {state_.get(), state_->tape().root()}; }
std::uint32_t Checkpoint::value_count() const { return state_->tape().size(); }
ValueView Checkpoint::value(std::uint32_t id) const& { return {state_.get(), id}; }

std::vector<std::uint32_t> Checkpoint::reachable_from(const ValueView& value) const {
  std::vector<bool> is_reachable(value_count());
  std::vector<NodeId> found = {value.id()};
  is_reachable[value.id()] = true;
  for (std::size_t next = 0; next < found.size(); ++next)
    state_->graph().for_each_child(found[next], [&](const types::Edge&, NodeId child) {
      if (is_reachable[child]) return;
      is_reachable[child] = true;
      found.push_back(child);
    });
  found.clear();
  for (NodeId id = 0; id < is_reachable.size(); ++id)
    if (is_reachable[id]) found.push_back(id);
  return found;
}

std::vector<Issue> Checkpoint::check_elements(const ValueView& value) const {
  std::vector<Issue> issues;
  if (!state_->meaning().has_composites()) return issues;
  for (const NodeId id : reachable_from(value)) {
    const Status checked = this->value(id).check_elements();
    if (checked) continue;
    Issue issue = state_->describe_at(id, checked.error());
    issue.hint = "the value is damaged or was made to mislead; get the file again";
    issue.path = path(this->value(id));
    issues.push_back(std::move(issue));
  }
  return issues;
}

std::uint32_t Checkpoint::storage_count() const {
  return static_cast<std::uint32_t>(state_->storages().size());
}
void Checkpoint::read_ahead(std::span<const std::uint32_t> storages,
                            const std::function<bool()>& keep_going) const {
  state_->bytes->read_ahead(storages, keep_going);
}
StorageView Checkpoint::storage(std::uint32_t id) const& { return {state_.get(), id}; }

std::string Checkpoint::path(const ValueView& value) const {
  return state_->graph().path(state_->edges(), value.id());
}

ValueView Place::owner() const {
  const types::Edge& edge = *static_cast<const types::Edge*>(edge_);
  return edge.step == types::Step::kRoot ? value_ : ValueView(value_.state_, edge.parent);
}

std::string Place::path() const {
  const api::State& state = *value_.state_;
  return state.graph().path(state.edges(), *static_cast<const types::Edge*>(edge_));
}

std::string Place::name() const {
  const api::State& state = *value_.state_;
  return state.graph().dotted(state.edges(), *static_cast<const types::Edge*>(edge_));
}

// Depth first with a stack of our own, so that places come in the order of the file.
void Checkpoint::for_each(const std::function<void(const Place&)>& visit) const& {
  const pickle::Tape& tape = state_->tape();
  struct Open {
    types::Edge edge;
    NodeId child;
    bool is_inside_record;
    bool is_aside;
    const RecordClass* config;  // whose state the child is
  };
  const auto config_of = [&](const types::Edge& edge) -> const RecordClass* {
    if (edge.step != types::Step::kState) return nullptr;
    const ValueView owner(state_.get(), edge.parent);
    const RecordClass* known = find_record_class(owner.module(), owner.name());
    return known != nullptr && !known->attribute.empty() ? known : nullptr;
  };
  const auto is_content = [&](const RecordClass& config, const types::Edge& edge) {
    const bool is_pair = edge.step == types::Step::kKey || edge.step == types::Step::kValue;
    if (!is_pair || tape[edge.parent].kind != Kind::kDict) return false;
    const NodeId key = tape.items(edge.parent)[std::size_t{2} * edge.index];
    return tape[key].kind == Kind::kText && tape.text(key) == config.attribute;
  };
  std::vector<bool> entered(tape.size());
  std::vector<Open> open = {{state_->edges()[tape.root()], tape.root(), false, false, nullptr}};
  std::vector<Open> children;
  while (!open.empty()) {
    const Open current = open.back();
    open.pop_back();
    const bool again = entered[current.child];
    entered[current.child] = true;
    Place place(&current.edge, ValueView(state_.get(), current.child));
    place.was_visited_ = again;
    place.is_key_ = current.edge.step == types::Step::kKey;
    place.is_inside_record_ = current.is_inside_record;
    place.is_aside_ = current.is_aside;
    visit(place);
    if (again || tape[current.child].kind == Kind::kError) continue;
    children.clear();
    state_->graph().for_each_child(current.child, [&](const types::Edge& edge, NodeId child) {
      if (edge.step == types::Step::kDtype) return;
      const bool is_argument = edge.step == types::Step::kArgument;
      const bool is_aside =
          current.is_aside || (current.config != nullptr && !is_content(*current.config, edge));
      children.push_back(
          {edge, child, current.is_inside_record || is_argument, is_aside, config_of(edge)});
    });
    open.insert(open.end(), children.rbegin(), children.rend());
  }
}

std::vector<NamedTensor> Checkpoint::tensors() const& {
  std::vector<NamedTensor> found;
  for_each([&](const Place& place) {
    const auto tensor = place.value().tensor();
    if (tensor)
      found.push_back(
          {place.name(), *tensor, place.path(), place.was_visited(), place.value().id()});
  });
  return found;
}

bool Checkpoint::has_unknown_symbols() const { return state_->meaning().has_unknown_symbols(); }

std::vector<SymbolUse> Checkpoint::symbols() const {
  constexpr std::size_t kMostWord = 160;  // bytes: rows of names fit on a screen
  const pickle::Tape& tape = state_->tape();
  const std::vector<types::Edge>& edges = state_->edges();
  struct Use {
    std::uint64_t calls = 0;
    std::uint64_t places = 0;
    NodeId first = kNoNode;
    bool is_searched = false;  // getattr(symbol, "NAME"): what that is only its code knows
  };
  std::vector<Use> uses(tape.symbols().size());
  const auto note_place = [&](NodeId symbol, NodeId place) {
    Use& use = uses[tape.symbol_index(symbol)];
    const bool better = use.first == kNoNode ||
                        (edges[use.first].parent == kNoNode && edges[place].parent != kNoNode);
    if (better) use.first = place;
  };
  const auto note_value = [&](NodeId id) {
    if (tape[id].kind != Kind::kSymbol) return;
    uses[tape.symbol_index(id)].places += 1;
    note_place(id, id);
  };
  for (std::uint32_t i = 0; i < tape.call_count(); ++i) {
    const NodeId callee = tape.call_at(i).callee;
    if (tape[callee].kind == Kind::kSymbol) uses[tape.symbol_index(callee)].calls += 1;
  }
  for (NodeId id = 0; id < tape.size(); ++id) {
    if ((tape[id].flags & pickle::kFromCall) != 0) {
      const NodeId callee = tape.call(id).callee;
      if (tape[callee].kind == Kind::kSymbol) note_place(callee, id);
    }
    if (tape[id].kind == Kind::kOpaque && tape[id].aux == types::kAttributeOf) {
      const NodeId owner = tape.items(tape.call(id).arguments)[0];
      if (tape[owner].kind == Kind::kSymbol) uses[tape.symbol_index(owner)].is_searched = true;
    }
    if (edges[id].parent == kNoNode) continue;
    if (id == tape.root()) note_value(id);
    state_->graph().for_each_child(id,
                                   [&](const types::Edge&, NodeId child) { note_value(child); });
  }
  std::vector<SymbolUse> result;
  for (std::uint32_t i = 0; i < uses.size(); ++i) {
    const pickle::Symbol& symbol = tape.symbols()[i];
    SymbolUse use;
    use.name =
        base::shortened(symbol.module, kMostWord) + '.' + base::shortened(symbol.name, kMostWord);
    const bool is_record =
        find_record_class(symbol.module, symbol.name) != nullptr && !uses[i].is_searched;
    use.is_known = state_->meaning().is_known(i) || is_record;
    use.is_called = uses[i].calls != 0;
    use.count = uses[i].calls + uses[i].places;
    use.offset = symbol.first_offset;
    const auto danger = scanner::find_danger(symbol.module, symbol.name);
    if (danger && use.is_called && !use.is_known) use.danger = scanner::describe(*danger).what;
    if (uses[i].first != kNoNode) use.object_path = state_->graph().path(edges, uses[i].first);
    result.push_back(std::move(use));
  }
  return result;
}

}  // namespace v0
}  // namespace safe_load
