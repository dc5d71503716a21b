#include "types/interpreter.h"

#include <algorithm>

#include "base/script_module.h"
#include "base/try.h"
#include "pickle/oddity.h"

namespace safe_load::types {

using pickle::Call;
using pickle::Kind;
using pickle::kNoNode;
using pickle::Node;
using pickle::NodeId;
using pickle::Oddity;

namespace {

// Any class of a TorchScript program.
constexpr Known kScriptClass = {"__torch__", "", SymbolKind::kClass, 0, Meaning::kObject,
                                {},          {}, Items::kNone};

constexpr bool has_meaning_to_find(Kind kind) {
  return kind == Kind::kCall || kind == Kind::kPy2Text || kind == Kind::kPersistent;
}

}  // namespace

Interpreter::Interpreter(pickle::Tape& tape, Encoding encoding, const Limits& limits)
    : tape_(tape), encoding_(encoding), limits_(limits) {}

void Interpreter::look_up_symbols() {
  const pickle::SymbolTable& symbols = tape_.symbols();
  for (auto i = static_cast<std::uint32_t>(rows_.size()); i < symbols.size(); ++i) {
    const std::string_view module = symbols[i].module;
    const bool is_script_class = is_script_ && base::is_script_module(module);
    rows_.push_back(is_script_class ? &kScriptClass : find_known(module, symbols[i].name));
  }
}

Status Interpreter::add(NodeId first, NodeId end) {
  look_up_symbols();
  return interpret_range(first, end);
}

Status Interpreter::finish() { return merge_equal_keys(); }

Status Interpreter::interpret_apart(NodeId first, NodeId end, bool is_whole) {
  look_up_symbols();
  if (!is_whole) return {};
  const std::size_t known_damaged_values = damaged_values_.size();
  auto waiting = std::exchange(pending_, {});
  const Status done = interpret_range(first, end);
  pending_ = std::move(waiting);
  SAFE_LOAD_TRY(done);
  if (damaged_values_.size() == known_damaged_values) return {};
  const Error error = damaged_values_[known_damaged_values].error;
  damaged_values_.erase(damaged_values_.begin() + static_cast<std::ptrdiff_t>(known_damaged_values),
                        damaged_values_.end());
  return error;
}

// What decoding adds to the tape needs no meaning.
Status Interpreter::interpret_range(NodeId first, NodeId end) {
  constexpr NodeId kNodesPerLook = NodeId{1} << 18;
  NodeId look_at = first + std::min(kNodesPerLook, end - first);
  for (NodeId id = first; id <= end; ++id) {
    if (id == look_at) {
      SAFE_LOAD_TRY(tape_.look());
      look_at += std::min(kNodesPerLook, end - look_at);
    }
    while (!pending_.empty() && pending_.top().complete_at <= id) {
      const NodeId call = pending_.top().call;
      pending_.pop();
      SAFE_LOAD_TRY(complete(call));
    }
    if (id == end) break;
    if (has_meaning_to_find(tape_[id].kind)) {
      SAFE_LOAD_TRY(interpret(id));
    } else if (pending_.empty()) {  // then nothing is to be done until the next one
      while (id + 1 < look_at && !has_meaning_to_find(tape_[id + 1].kind)) ++id;
    }
  }
  return {};
}

Status Interpreter::interpret(NodeId id) {
  const Kind kind = tape_[id].kind;
  if (kind == Kind::kCall) return interpret_call(id);
  if (kind == Kind::kPy2Text) return decode_python2_text(id);
  if (kind == Kind::kPersistent) return settle(id, decode_persistent(id));
  return {};
}

Status Interpreter::interpret_call(NodeId id) {
  const Call& call = tape_.call(id);
  const Kind callee = tape_[call.callee].kind;
  if (callee == Kind::kError) {
    become(id, Kind::kError);
    return {};
  }
  if (callee != Kind::kSymbol) {
    if (callee == Kind::kNone && tape_.is_lenient()) {  // in place of what the machine went over
      return become_opaque(id, kObject);
    }
    if (callee != Kind::kOpaque) return contradict(id, Oddity::kCallOfNoClass);
    if (is_zone_call(call.callee)) return settle(id, decode_zone(id));
    if (is_keyword_new(call.callee)) return settle(id, decode_keyword_new(id));
    return become_opaque(id, kObject);
  }
  const Known* row = known(call.callee);
  if (row == nullptr || row == &kScriptClass) return become_opaque(id, kObject);
  if (const auto misuse = find_misuse(id, *row)) return contradict(id, *misuse);
  SAFE_LOAD_TRY(settle(id, decode(id, *row)));
  // What has no state now never gets one; what has waits until the pickle had given it.
  const pickle::Run& states = tape_.added(call).states;
  if (states.count != 0) {
    pending_.push({states.last, id});
    return {};
  }
  const bool is_settled = tape_[id].kind == Kind::kError || tape_[id].kind == Kind::kOpaque;
  if (is_settled || tape_[call.callee].kind != Kind::kSymbol) return {};
  const Known* made = known(call.callee);  // of copyreg._reconstructor: what it was asked for
  if (made == nullptr || !made->needs_state) return {};
  return settle(id, bad("a value that is never filled").about(made->name));
}

Status Interpreter::complete(NodeId id) {
  const pickle::Node& node = tape_[id];
  if (node.kind == Kind::kError) return {};
  if (node.kind == Kind::kOpaque && node.aux != kPartial) return {};  // states are kept as they are
  return settle(id, decode_state(id, *known(tape_.call(id).callee)));
}

// Source: CPython Modules/_pickle.c, load_newobj() and instantiate().
std::optional<Oddity> Interpreter::find_odd_form(const Call& call, const Known& row) const {
  using pickle::How;
  const bool has_arguments = call.arguments != kNoNode && tape_[call.arguments].count != 0;
  const bool is_class = row.kind != SymbolKind::kFunction && row.kind != SymbolKind::kRebuild;
  const bool calls_new = call.how == How::kNewObject || call.how == How::kNewObjectEx ||
                         (call.how != How::kReduce && is_class && !has_arguments);
  if (!calls_new && (row.by_new != New::kOnly || has_arguments)) return std::nullopt;
  if (!calls_new) return Oddity::kArgumentsMissing;
  if (row.by_new == New::kRefused) return Oddity::kOddMaker;
  if (has_arguments && row.by_new == New::kEmpty) return Oddity::kArgumentsIgnored;
  return std::nullopt;
}

// What the pickle did to the result must fit what the result is (the lesson of CVE-2026-24747).
std::optional<Oddity> Interpreter::find_misuse(NodeId id, const Known& row) const {
  if (row.meaning == Meaning::kNotCallable) return std::nullopt;
  const pickle::Added& added = tape_.added(id);
  if (added.list_items.count != 0 && row.items != Items::kList) return Oddity::kItemsOfNoList;
  if (added.dict_items.count != 0 && row.items != Items::kDict) return Oddity::kItemsOfNoDict;
  if (added.set_items.count != 0 && row.items != Items::kSet) return Oddity::kItemsOfNoSet;
  if (added.states.count != 0 && row.state.empty()) return Oddity::kStateOfNoObject;
  return std::nullopt;
}

// The program contradicts what it built. Nothing of it can be believed; a lenient tape keeps an
// inert record.
Status Interpreter::contradict(NodeId id, Oddity oddity) {
  const Call& call = tape_.call(id);
  if (tape_.is_lenient()) {
    tape_.add_note({oddity, call.offset, id, id});
    become(id, Kind::kOpaque, kObject);
    return {};
  }
  const Error error(ErrorCode::kCorrupt, words(oddity), call.offset);
  if (tape_[call.callee].kind != Kind::kSymbol) return error;
  return error.about(tape_.symbol(call.callee).name);
}

// A bad value becomes an error node, once; a budget that is spent stops everything.
Status Interpreter::settle(NodeId id, const Status& decoded) {
  if (decoded) return {};
  const Error& error = decoded.error();
  const bool was_call = tape_[id].kind != Kind::kPersistent;
  const std::uint64_t offset = was_call ? tape_.call(id).offset : error.offset();
  if (error.code() == ErrorCode::kLimit) return error.at(offset);
  SAFE_LOAD_TRY_ASSIGN(const bool is_consequence, has_damaged_part(id));
  if (!is_consequence) return spoil(id, error.at(offset));
  become(id, Kind::kError);  // the reason is already listed
  return {};
}

// Whether an argument or the state is damaged, or an item of one that is a tuple.
Result<bool> Interpreter::has_damaged_part(NodeId id) {
  if (tape_[id].kind == Kind::kPersistent) return false;
  const auto is_error = [&](NodeId part) { return tape_[part].kind == Kind::kError; };
  for (const std::span<const NodeId> parts : {arguments(id), tape_.items(tape_.added(id).states)}) {
    SAFE_LOAD_TRY(charge_match(parts));
    for (const NodeId part : parts) {
      const std::span<const NodeId> items =
          tape_[part].kind == Kind::kTuple ? tape_.items(part) : std::span<const NodeId>();
      if (is_error(part) || std::any_of(items.begin(), items.end(), is_error)) return true;
    }
  }
  return false;
}

Status Interpreter::spoil(NodeId id, const Error& error) {
  SAFE_LOAD_TRY(tape_.memory().take(2 * sizeof(DamagedValue)));
  damaged_values_.push_back({id, error});
  become(id, Kind::kError);
  return {};
}

Result<NodeId> Interpreter::add_damaged_value(const Error& error) {
  SAFE_LOAD_TRY_ASSIGN(const NodeId id, tape_.add_node({}));
  SAFE_LOAD_TRY(spoil(id, error));
  return NodeId{id};
}

void Interpreter::become(NodeId id, Kind kind, std::uint16_t aux) {
  Node& node = tape_[id];
  if (node.kind == Kind::kCall) node.flags |= pickle::kFromCall;
  node.kind = kind;
  node.aux = aux;
  node.count = 0;
  if ((node.flags & pickle::kFromCall) == 0) return;
  const pickle::Added& added = tape_.added(id);
  if (kind == Kind::kDict) node.count = added.dict_items.count;
  if (kind == Kind::kSet || kind == Kind::kFrozenSet) node.count = added.set_items.count;
  if (kind == Kind::kList || kind == Kind::kTuple) node.count = added.list_items.count;
}

// Every record has its arguments for itself, also where many calls were given one tuple.
Status Interpreter::become_opaque(NodeId id, OpaqueClass opaque) {
  constexpr std::uint64_t kPair = 100;  // bytes of a dict
  const Call& call = tape_.call(id);
  const std::uint64_t keywords = call.keywords == kNoNode ? 0 : tape_[call.keywords].count;
  SAFE_LOAD_TRY(tape_.memory().take(arguments(id).size() * sizeof(void*) + keywords * kPair));
  become(id, Kind::kOpaque, opaque);
  return {};
}

// Bytes that a call computed: they get a place of their own, and the call is forgotten.
Status Interpreter::become_bytes(NodeId id, Kind kind, std::string_view bytes) {
  SAFE_LOAD_TRY(tape_.memory().take(bytes.size()));
  SAFE_LOAD_TRY_ASSIGN(const std::uint32_t index, tape_.add_text(bytes));
  tape_.replace(id, {kind, pickle::kInArena, 0, static_cast<std::uint32_t>(bytes.size()), index});
  return {};
}

Status Interpreter::decode(NodeId id, const Known& row) {
  const std::span<const NodeId> given = arguments(id);
  if (row.meaning == Meaning::kNotCallable)
    return bad("a name that is a value is called").about(row.name);
  const auto is_error = [&](NodeId argument) { return tape_[argument].kind == Kind::kError; };
  if (std::any_of(given.begin(), given.end(), is_error)) {
    become(id, Kind::kError);  // the reason is already listed
    return {};
  }
  const Call& call = tape_.call(id);
  const bool no_keywords = call.keywords == kNoNode || tape_[call.keywords].count == 0;
  SAFE_LOAD_TRY(charge_match(given));
  const auto fits = [&](const Form& form) { return matches(form, given, id); };
  if (!no_keywords || std::none_of(row.call.begin(), row.call.end(), fits)) {
    // A Parameter around somebody's tensor class is inert; what torch makes of one around a tensor
    // of several parts torch/ says.
    if (row.kind == SymbolKind::kRebuild && !given.empty() && no_keywords) {
      if (tape_[given.front()].kind == Kind::kOpaque) return become_opaque(id, kTensorObject);
      const auto part = static_cast<Meaning>(tape_[given.front()].aux);
      if (tape_[given.front()].kind == Kind::kRecord && part >= Meaning::kRebuildSparse &&
          part <= Meaning::kRebuildJagged)
        return decode_tensor(id, row.meaning);
    }
    // Somebody's subclass of ndarray, somebody's generic type.
    const bool is_unknown_class = !given.empty() && tape_[given.front()].kind == Kind::kSymbol &&
                                  known(given.front()) == nullptr;
    const bool takes_class = row.meaning == Meaning::kArrayShell ||
                             row.meaning == Meaning::kMaskedShell ||
                             row.meaning == Meaning::kTypeExpression;
    if (takes_class && is_unknown_class) return become_opaque(id, kObject);
    return bad("a known name is called with arguments it never gets").about(row.name);
  }
  const bool is_plain_call = call.how == pickle::How::kReduce && row.by_new != New::kOnly;
  if (!is_plain_call) {
    if (const auto misuse = find_odd_form(call, row)) return bad(words(*misuse)).about(row.name);
  }
  // A datetime in somebody's time zone, numbers of somebody's type: what it makes of them only its
  // code knows.
  const bool asks_others = row.meaning == Meaning::kDateTime || row.meaning == Meaning::kTime ||
                           row.meaning == Meaning::kArrayDtype ||
                           row.meaning == Meaning::kArrayScalar;
  const auto is_inert = [&](NodeId argument) {
    return (sorts_of(argument) & bit(kSortInert)) != 0;
  };
  if (asks_others && std::any_of(given.begin(), given.end(), is_inert))
    return become_opaque(id, kObject);
  if (row.cost.copies != 0 || row.cost.bytes != 0) {
    SAFE_LOAD_TRY(charge_cost(row.cost, given));
  }
  if (row.meaning <= Meaning::kFrozenSet) return decode_container(id, row.meaning);
  if (row.meaning <= Meaning::kUuid) return decode_text(id, row.meaning);
  if (row.meaning <= Meaning::kSimpleNamespace) return decode_record(id, row.meaning);
  if (row.meaning <= Meaning::kOwnRecord) return decode_library(id, row.meaning);
  if (row.meaning <= Meaning::kNewObjectEx) return decode_reference(id, row.meaning);
  if (row.meaning <= Meaning::kStringDtype) return decode_array(id, row.meaning);
  if (row.meaning <= Meaning::kRandomState) return decode_random(id, row.meaning);
  return decode_tensor(id, row.meaning);
}

Status Interpreter::decode_state(NodeId id, const Known& row) {
  const pickle::Run& states = tape_.added(id).states;
  if (states.count != 1) return bad("a value is given two states").about(row.name);
  const std::span<const NodeId> state = tape_.items(states);
  SAFE_LOAD_TRY(charge_match(state));
  if (tape_[state.front()].kind == Kind::kError) {
    become(id, Kind::kError);
    return {};
  }
  // A BUILD would have been refused: _rebuild_from_type_v2 brought it along, and looked at it.
  if (row.state.empty()) return {};
  const auto fits = [&](const Form& form) { return matches(form, state, states.last); };
  if (std::none_of(row.state.begin(), row.state.end(), fits))
    return bad("a known value is given a state it never gets").about(row.name);
  SAFE_LOAD_TRY(charge_cost(row.cost, state));
  if (row.meaning == Meaning::kArrayDtype) return decode_dtype_state(id);
  if (row.meaning == Meaning::kArrayShell) return decode_array_state(id);
  if (row.meaning == Meaning::kMaskedShell) return decode_masked_state(id);
  if ((row.meaning >= Meaning::kChainMap && row.meaning <= Meaning::kPythonRandom) ||
      row.meaning == Meaning::kOwnRecord)
    return decode_library_state(id, row.meaning);
  if (row.meaning >= Meaning::kSeedSequence && row.meaning <= Meaning::kRandomState)
    return decode_random_state(id, row.meaning);
  if (row.meaning == Meaning::kGenerator || row.meaning > Meaning::kMemoryFormat)
    return decode_tensor_state(id, row.meaning);
  if (row.meaning == Meaning::kUuid) return decode_text(id, row.meaning);
  if (row.meaning == Meaning::kPartial) return check_partial_state(state.front());
  if (row.meaning == Meaning::kOrderedDict || row.meaning == Meaning::kCounter ||
      row.meaning == Meaning::kNamespace || row.meaning == Meaning::kSimpleNamespace)
    return check_names(state.front());
  return {};
}

// Names with two underscores at both ends change what an object is and does, not what it holds.
Status Interpreter::check_names(NodeId attributes) {
  const std::span<const NodeId> items = tape_.items(attributes);
  SAFE_LOAD_TRY(tape_.work().take(items.size()));
  for (std::size_t i = 0; i < items.size(); i += 2) {
    const std::string_view name = tape_.text(items[i]);
    if (name.starts_with("__") && name.ends_with("__"))
      return bad("an attribute that changes what an object is").about(name);
  }
  return {};
}

// ---- matching arguments with schemas

// Matching looks at the items of containers: one long tuple may be given to many calls.
Status Interpreter::charge_match(std::span<const NodeId> given) {
  std::uint64_t steps = given.size();
  for (const NodeId argument : given) {
    const Kind kind = tape_[argument].kind;
    if (kind >= Kind::kTuple && kind <= Kind::kFrozenSet) steps += tape_[argument].count;
  }
  return tape_.work().take(steps);
}

Status Interpreter::charge_cost(const Cost& cost, std::span<const NodeId> parts) {
  std::uint64_t bytes = 0;
  const auto add = [&](NodeId part) {
    const Kind kind = tape_[part].kind;
    const bool has_text = (kind >= Kind::kText && kind <= Kind::kPy2Text) || kind == Kind::kBigInt;
    bytes += has_text ? tape_.text(part).size() : sizeof(double);
  };
  for (const NodeId part : parts) {
    const Kind kind = tape_[part].kind;
    if (kind == Kind::kTuple || kind == Kind::kList) {
      std::for_each(tape_.items(part).begin(), tape_.items(part).end(), add);
    } else {
      add(part);
    }
  }
  return tape_.memory().take(bytes * cost.copies + cost.bytes);
}

Sorts Interpreter::symbol_sorts(NodeId id) const {
  const Sorts any = bit(kSortSymbol) | bit(kSortCallable);
  const Known* row = known(id);
  if (row == nullptr) return any | bit(kSortInert);
  switch (row->kind) {
    case SymbolKind::kFunction:
    case SymbolKind::kClass:
    case SymbolKind::kConstant:
    case SymbolKind::kQuantScheme:
    case SymbolKind::kMemoryFormat:
      return any;
    case SymbolKind::kTypeName:
      return any | bit(kSortTypeName);
    case SymbolKind::kBitGeneratorClass:
      return any | bit(kSortBitGeneratorClass);
    case SymbolKind::kFactory:
      return any | bit(kSortFactory);
    case SymbolKind::kStorageClass:
      return any | bit(kSortStorageClass);
    case SymbolKind::kTensorDtype:
      return any | bit(kSortTensorDtype);
    case SymbolKind::kTensorClass:
      return any | bit(kSortTensorClass);
    case SymbolKind::kRebuild:
      return any | bit(kSortRebuild);
    case SymbolKind::kArrayClass:
      return any | bit(kSortArrayClass);
    case SymbolKind::kArrayScalarType:
      return any | bit(kSortArrayScalarType);
  }
  return any;
}

Sorts Interpreter::record_sorts(Meaning meaning) {
  if (meaning == Meaning::kSize) return bit(kSortSize);
  if (meaning == Meaning::kTimeDelta) return bit(kSortTimeDelta);
  if (meaning == Meaning::kTimezone || meaning == Meaning::kZoneInfo) return bit(kSortTimezone);
  if (meaning == Meaning::kDevice) return bit(kSortDevice);
  if (meaning == Meaning::kLayout) return bit(kSortLayout);
  if (meaning == Meaning::kSeedSequence) return bit(kSortSeedSequence);
  if (meaning == Meaning::kBitGenerator) return bit(kSortBitGenerator);
  return bit(kSortOther);
}

Sorts Interpreter::sorts_of(NodeId id) const {
  const Node& node = tape_[id];
  const bool is_pair = node.count == 2;
  const bool from_python2 = (node.flags & pickle::kPython2) != 0;
  switch (node.kind) {
    case Kind::kNone:
      return bit(kSortNone);
    case Kind::kBool:
      return bit(kSortBool);
    case Kind::kInt:
      return bit(kSortInt) |
             (static_cast<std::int64_t>(node.payload) >= 0 ? bit(kSortUint) : Sorts{0});
    case Kind::kBigInt:
      return bit(kSortInt);
    case Kind::kFloat:
      return bit(kSortFloat);
    case Kind::kText:
      return bit(kSortText) | (from_python2 ? bit(kSortBytes) : 0);
    case Kind::kBytes:
      return bit(kSortBytes) | (from_python2 ? bit(kSortText) : 0);
    case Kind::kByteArray:
      return bit(kSortByteArray);
    case Kind::kTuple:
      return bit(kSortTuple) | (is_pair ? bit(kSortPair) : 0);
    case Kind::kList:
      return bit(kSortList) | (is_pair ? bit(kSortPair) : 0);
    case Kind::kDict:
      return bit(kSortDict) | (node.aux == kOrderedDict ? bit(kSortOrderedDict) : 0);
    case Kind::kSet:
    case Kind::kFrozenSet:
      return bit(kSortSet);
    case Kind::kSymbol:
      return symbol_sorts(id);
    case Kind::kTensor:
      return bit(kSortTensor);
    case Kind::kStorage:
      return bit(kSortStorage);
    case Kind::kArray:
      return bit(kSortArray);
    case Kind::kArrayDtype:
      return array_dtypes_[node.count].is_complete ? bit(kSortArrayDtype) : bit(kSortOther);
    case Kind::kRecord:
      return record_sorts(static_cast<Meaning>(node.aux));
    case Kind::kOpaque:
      return bit(kSortOther) |
             bit(node.aux == kAttributeOf || node.aux == kPartial ? kSortCallable : kSortInert);
    case Kind::kPy2Text:
    case Kind::kPersistent:
    case Kind::kCall:
    case Kind::kComplex:
    case Kind::kScalar:
    case Kind::kError:
      return bit(kSortOther);
  }
  return bit(kSortOther);
}

bool Interpreter::matches(const Argument& argument, NodeId value, std::uint32_t taken_at) const {
  if ((argument.sorts & sorts_of(value)) == 0) return false;
  if (argument.sorts == kAnySort) return true;
  // A list or dict that changed after the call took it is not what Python would have seen.
  const Kind kind = tape_[value].kind;
  const bool is_fixed = kind < Kind::kList || kind == Kind::kSymbol || kind == Kind::kStorage;
  if (!is_fixed && tape_.changed_at(value) > taken_at) return false;
  if (argument.items == kAnySort && argument.keys == kAnySort) return true;
  const std::span<const NodeId> items = tape_.items(value);
  const bool is_dict = kind == Kind::kDict;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Sorts wanted = is_dict && i % 2 == 0 ? argument.keys : argument.items;
    if (wanted != kAnySort && (wanted & sorts_of(items[i])) == 0) return false;
  }
  return true;
}

bool Interpreter::matches(const Form& form, std::span<const NodeId> given,
                          std::uint32_t taken_at) const {
  if (given.size() < form.required || (given.size() > form.count && !form.repeats)) return false;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::size_t place = std::min<std::size_t>(i, form.count - 1u);
    if (!matches(form.arguments[place], given[i], taken_at)) return false;
  }
  return true;
}

}  // namespace safe_load::types
