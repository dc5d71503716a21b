#include "formats/joblib_arrays.h"

#include <algorithm>
#include <optional>

#include "base/checked.h"
#include "base/try.h"
#include "types/known.h"
#include "types/numpy.h"
#include "types/value_reader.h"

namespace safe_load::formats {

using pickle::Call;
using pickle::Follows;
using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;
using pickle::Tape;

namespace {

Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason).about("NumpyArrayWrapper"); }

bool is_wrapper_class(const Tape& tape, NodeId id) {
  return tape[id].kind == Kind::kSymbol && is_joblib_wrapper(tape.symbol(id));
}

std::span<const NodeId> arguments_of(const Tape& tape, const Call& call) {
  return call.arguments == kNoNode ? std::span<const NodeId>() : tape.items(call.arguments);
}

// NumpyArrayWrapper.__new__(NumpyArrayWrapper), as pickle makes an object that BUILD fills; in
// protocols 0 and 1 copyreg._reconstructor(NumpyArrayWrapper, object, None).
bool is_wrapper(const Tape& tape, const Call& call) {
  const auto given = arguments_of(tape, call);
  if (is_wrapper_class(tape, call.callee)) return given.empty() && call.keywords == kNoNode;
  return tape[call.callee].kind == Kind::kSymbol &&
         tape.symbol(call.callee).is("copyreg", "_reconstructor") && given.size() == 3 &&
         is_wrapper_class(tape, given[0]) && tape[given[1]].kind == Kind::kSymbol &&
         tape.symbol(given[1]).is("builtins", "object") && tape[given[2]].kind == Kind::kNone;
}

// The value of a key of a dict that still grows; none if it is not there, or there twice.
NodeId find(const Tape& tape, std::span<const NodeId> items, std::string_view key) {
  const types::ValueReader reader(tape);
  NodeId found = kNoNode;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    const Kind kind = tape[items[i]].kind;
    const bool is_text = kind == Kind::kText || kind == Kind::kPy2Text;
    if (!is_text || tape.text(items[i]) != key) continue;
    if (found != kNoNode) return kNoNode;
    found = items[i + 1];
  }
  return found;
}

}  // namespace

// sklearn brought joblib along until 0.22.
bool is_joblib_wrapper(const pickle::Symbol& symbol) {
  return symbol.is("joblib.numpy_pickle", "NumpyArrayWrapper") ||
         symbol.is("sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper");
}

Result<Follows> JoblibArrays::built(const Tape& tape, NodeId object, NodeId state,
                                    std::span<const NodeId> items, base::Bytes rest,
                                    std::uint64_t offset) {
  const Call& call = tape.call(object);
  if (tape[call.callee].kind == Kind::kSymbol && tape.symbol(call.callee).is("numpy", "dtype")) {
    items_[object] = item_of_state(tape, call, state);
    return Follows{};
  }
  const auto is_one = [&](NodeId id) {
    return is_wrapper_class(tape, id) || found_.objects.contains(id);
  };
  if (!is_wrapper(tape, call)) {
    // What such a call gives joblib might take for one. More arguments no honest call has.
    constexpr std::size_t kMostLooked = 8;
    const auto all = arguments_of(tape, call);
    const auto given = all.first(std::min(all.size(), kMostLooked));
    if (is_one(call.callee) || std::any_of(given.begin(), given.end(), is_one))
      return bad("an array of joblib in no form that joblib writes");
    return Follows{};
  }
  if (found_.objects.contains(object)) return bad("an array of joblib that is built twice");
  SAFE_LOAD_TRY_ASSIGN(const Follows follows, follow(tape, items, rest));
  if (found_.objects.empty()) found_.first_at = offset;
  found_.objects.insert(object);
  found_.arguments.insert(call.arguments);
  return Follows(follows);
}

// numpy.dtype(text or class), and the state (version, order, subarray, names, fields, size, ...,
// flags). Types of a fixed size have -1 there. Source: numpy descriptor.c, arraydescr_setstate().
JoblibArrays::Item JoblibArrays::item_of_state(const Tape& tape, const Call& call, NodeId state) {
  constexpr std::int64_t kObjects = 1;  // a flag
  const types::ValueReader reader(tape);
  const auto given = arguments_of(tape, call);
  const auto parts = reader.tuple(state);
  const auto version = parts.empty() ? std::nullopt : reader.integer(parts[0]);
  if (given.empty() || parts.size() < 8 || !version || *version < 3 || *version > 4) return {};
  const auto size = reader.integer(parts[5]);
  const auto flags = reader.integer(parts[7]);
  if (!size || !flags) return {};
  Item item{kUnknown, (*flags & kObjects) != 0};
  const Kind named = tape[given[0]].kind;
  const bool is_text = named == Kind::kText || named == Kind::kPy2Text;
  const Result<types::ArrayDtype> type =
      is_text ? types::parse_type_string(tape.text(given[0])) : bad("a class");
  const bool is_flexible = !type || type->kind == 'S' || type->kind == 'U' || type->kind == 'V';
  if (item.has_objects) item.size = 0;  // a pickle says it
  if (is_flexible && *size >= 0) item.size = static_cast<std::uint64_t>(*size);
  if (!is_flexible) item.size = type->itemsize;
  return item;
}

Result<JoblibArrays::Item> JoblibArrays::item_of(const Tape& tape, NodeId dtype) const {
  const auto known = items_.find(dtype);
  if (known != items_.end() && known->second.size != kUnknown) return Item(known->second);
  if (tape[dtype].kind == Kind::kCall && tape[tape.call(dtype).callee].kind == Kind::kSymbol) {
    const pickle::Symbol& symbol = tape.symbol(tape.call(dtype).callee);
    const types::Known* const row = types::find_known(symbol.module, symbol.name);
    if (row != nullptr && row->meaning == types::Meaning::kStringDtype) return Item{0, true};
  }
  return Error(ErrorCode::kUnsupported, "an array of joblib whose type does not tell its size");
}

Result<Follows> JoblibArrays::follow(const Tape& tape, std::span<const NodeId> items,
                                     base::Bytes rest) {
  const NodeId shape = find(tape, items, "shape");
  const NodeId order = find(tape, items, "order");
  const NodeId dtype = find(tape, items, "dtype");
  if (shape == kNoNode || order == kNoNode || dtype == kNoNode || tape[shape].kind != Kind::kTuple)
    return bad("an array of joblib without a shape, an order or a dtype");
  SAFE_LOAD_TRY_ASSIGN(const Item item, item_of(tape, dtype));
  Follows follows;
  follows.what = item.has_objects ? Follows::What::kPickle : Follows::What::kBytes;
  if (item.has_objects) return follows;
  const auto count = types::item_count(tape, shape, limits_);
  const auto size = count ? base::checked_mul(*count, item.size) : std::nullopt;
  if (!size) return bad("an array of joblib of an impossible size");
  follows.size = *size;
  const NodeId alignment = find(tape, items, "numpy_array_alignment_bytes");
  if (alignment != kNoNode && tape[alignment].kind != Kind::kNone) {
    if (rest.empty()) return Error(ErrorCode::kTruncated, "the data ends before an array");
    follows.skipped = 1 + std::to_integer<std::uint64_t>(rest[0]);
  }
  follows.module = "numpy._core.numeric";
  follows.name = "_frombuffer";
  follows.arguments = {dtype, shape, order};
  return follows;
}

}  // namespace safe_load::formats
