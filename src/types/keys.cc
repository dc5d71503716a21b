#include "types/keys.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <string_view>

#include "base/hash.h"
#include "base/text.h"
#include "base/try.h"
#include "types/interpreter.h"

namespace safe_load::types {

using pickle::Kind;
using pickle::Node;
using pickle::NodeId;

namespace {

void append_word(std::string& out, char tag, std::uint64_t word) {
  char bytes[sizeof word];
  std::memcpy(bytes, &word, sizeof word);
  out += tag;
  out.append(bytes, sizeof bytes);
}

bool is_unhashable(const Node& node) {
  const auto record = [&](Meaning meaning) {
    return node.kind == Kind::kRecord && node.aux == static_cast<std::uint16_t>(meaning);
  };
  return node.kind == Kind::kList || node.kind == Kind::kDict || node.kind == Kind::kSet ||
         node.kind == Kind::kByteArray || node.kind == Kind::kArray ||
         record(Meaning::kNamespace) || record(Meaning::kSimpleNamespace);
}

// Whether such a value has keys, or may be freed by recursion.
constexpr bool is_of_interest(Kind kind) {
  constexpr std::uint32_t kKinds =
      1u << static_cast<int>(Kind::kList) | 1u << static_cast<int>(Kind::kDict) |
      1u << static_cast<int>(Kind::kSet) | 1u << static_cast<int>(Kind::kFrozenSet) |
      1u << static_cast<int>(Kind::kArray) | 1u << static_cast<int>(Kind::kScalar) |
      1u << static_cast<int>(Kind::kRecord) | 1u << static_cast<int>(Kind::kOpaque);
  return (kKinds >> static_cast<int>(kind) & 1u) != 0;
}

// A float that is a whole number is equal to the integer. Outside of 64 bits the two stay apart.
bool is_whole(double value) {
  return std::trunc(value) == value && value >= -9223372036854775808.0 &&
         value < 9223372036854775808.0;
}

// The usual small dict, told without a table.
bool has_distinct_texts(const pickle::Tape& tape, std::span<const NodeId> items, std::size_t step) {
  constexpr std::size_t kSmall = 8;
  constexpr std::size_t kShort = 128;
  if (items.size() > kSmall * step) return false;
  for (std::size_t i = 0; i < items.size(); i += step) {
    const Node& node = tape[items[i]];
    if (node.kind != Kind::kText || (node.flags & pickle::kLatin1) != 0 || node.count > kShort)
      return false;
    for (std::size_t j = 0; j < i; j += step)
      if (items[i] == items[j] || tape.text(items[i]) == tape.text(items[j])) return false;
  }
  return true;
}

}  // namespace

Status KeyTable::start(std::size_t expected) {
  // The table itself, with two to four slots for a key, the list of keys, and what merge_keys()
  // keeps beside it. Freed or used again
  // for the next container, so only a larger one costs more.
  constexpr std::uint64_t kBytesPerKey =
      4 * sizeof(Slot) + 2 * sizeof(NodeId) + 2 * sizeof(std::uint32_t) + 2 * sizeof(NodeId);
  if (expected > largest_) {
    SAFE_LOAD_TRY(tape_.memory().take((expected - largest_) * kBytesPerKey));
    largest_ = expected;
  }
  slots_.assign(std::bit_ceil(2 * expected + 2), Slot());
  keys_.clear();
  seen_ = 0;
  return {};
}

Result<std::uint32_t> KeyTable::add(NodeId key, bool& is_new) {
  SAFE_LOAD_TRY_ASSIGN(const std::uint64_t key_hash, hash(key));
  const auto tag = static_cast<std::uint32_t>(key_hash >> 32);
  std::size_t place = key_hash & (slots_.size() - 1);
  while (slots_[place].number != kFree) {
    if (slots_[place].tag == tag) {
      SAFE_LOAD_TRY_ASSIGN(const bool same, equal(keys_[slots_[place].number], key));
      if (same) {
        is_new = false;
        return slots_[place].number;
      }
    }
    place = (place + 1) & (slots_.size() - 1);
  }
  is_new = true;
  slots_[place] = {tag, static_cast<std::uint32_t>(keys_.size())};
  keys_.push_back(key);
  return slots_[place].number;
}

Result<std::uint64_t> KeyTable::hash(NodeId key) {
  base::SipHash hash;
  const Node& node = tape_[key];
  if (node.kind == Kind::kText && (node.flags & pickle::kLatin1) == 0) {
    SAFE_LOAD_TRY(tape_.work().take(1 + node.count / 8));
    hash.add(tape_.text(key));
    return hash.finish();
  }
  if (node.kind == Kind::kInt) {
    hash.add(node.payload);
    return hash.finish();
  }
  std::string form;
  SAFE_LOAD_TRY(append(key, form));
  if (form.size() == 9 && form[0] == 'i') {
    std::uint64_t word;
    std::memcpy(&word, form.data() + 1, sizeof word);
    hash.add(word);
  } else {
    hash.add(form[0] == 't' ? std::string_view(form).substr(9) : std::string_view(form));
  }
  return hash.finish();
}

Result<bool> KeyTable::equal(NodeId a, NodeId b) {
  if (a == b) return true;
  std::string form_a;
  std::string form_b;
  SAFE_LOAD_TRY(append(a, form_a));
  SAFE_LOAD_TRY(append(b, form_b));
  return form_a == form_b;
}

// A text that is the same for equal keys and for no others. Tuples are written as their length and
// then their items, with a stack of our own.
Status KeyTable::append(NodeId key, std::string& out) {
  struct Open {
    std::span<const NodeId> rest;
  };
  std::vector<Open> open;
  NodeId current = key;
  for (;;) {
    SAFE_LOAD_TRY(tape_.work().take(1));
    if (tape_[current].kind == Kind::kTuple) {
      if (open.size() >= limits_.max_key_depth)
        return Error(ErrorCode::kCorrupt, "a key deeper than Limits::max_key_depth");
      open.push_back({tape_.items(current)});
      append_word(out, '(', open.back().rest.size());
    } else {
      SAFE_LOAD_TRY(append_simple(current, out));
    }
    while (!open.empty() && open.back().rest.empty()) open.pop_back();
    if (open.empty()) return {};
    current = open.back().rest.front();
    open.back().rest = open.back().rest.subspan(1);
  }
}

// What Python may find equal to a key of another sort: numbers beyond 64 bits, values of the
// standard library and of NumPy, names that stand for values.
void KeyTable::look_at(NodeId key) {
  const Node& node = tape_[key];
  if (node.kind == Kind::kBigInt) seen_ |= kBigInteger;
  if (node.kind == Kind::kFloat) {
    const double value = std::bit_cast<double>(node.payload);
    if (std::trunc(value) == value && !is_whole(value)) seen_ |= kBigFloat;
  }
  const bool is_rare = node.kind == Kind::kComplex || node.kind == Kind::kFrozenSet ||
                       node.kind == Kind::kScalar || node.kind == Kind::kArrayDtype ||
                       node.kind == Kind::kRecord;
  if (is_rare || (node.kind == Kind::kSymbol && stands_for_value_(key))) seen_ |= kRare;
}

Status KeyTable::append_simple(NodeId key, std::string& out) {
  const Node& node = tape_[key];
  look_at(key);
  if (is_unhashable(node)) return Error(ErrorCode::kCorrupt, "a key that Python cannot hash");
  if (node.kind == Kind::kInt || node.kind == Kind::kBool) {
    append_word(out, 'i', node.payload);
  } else if (node.kind == Kind::kFloat) {
    const double value = std::bit_cast<double>(node.payload);
    if (is_whole(value)) {
      append_word(out, 'i', static_cast<std::uint64_t>(static_cast<std::int64_t>(value)));
    } else {
      append_word(out, std::isnan(value) ? '#' : 'f', std::isnan(value) ? key : node.payload);
    }
  } else if (node.kind == Kind::kText || node.kind == Kind::kBytes || node.kind == Kind::kBigInt) {
    std::string text(tape_.text(key));
    if ((node.flags & pickle::kLatin1) != 0) {
      text.clear();
      for (const char c : tape_.text(key)) base::append_utf8(text, static_cast<std::uint8_t>(c));
    }
    SAFE_LOAD_TRY(tape_.work().take(text.size() / 8));
    append_word(out,
                node.kind == Kind::kText    ? 't'
                : node.kind == Kind::kBytes ? 'b'
                                            : 'I',
                text.size());
    out += text;
  } else if (node.kind == Kind::kSymbol) {
    const pickle::Symbol& symbol = tape_.symbol(key);
    append_word(out, 's', symbol.module.size());
    append_word(out, 's', symbol.name.size());
    out.append(symbol.module).append(symbol.name);
  } else if (node.kind == Kind::kNone) {
    append_word(out, 'n', 0);
  } else {
    append_word(out, '#', key);
    const bool may_have_parts =
        node.kind == Kind::kFrozenSet || node.kind == Kind::kRecord || node.kind == Kind::kScalar;
    if (may_have_parts) return check_part_(key);
  }
  return {};
}

Status Interpreter::merge_equal_keys() {
  constexpr std::uint64_t kMostParts = 10'000;  // of one that Python hashes and compares
  constexpr NodeId kNodesPerLook = NodeId{1} << 18;
  NodeId look_at = kNodesPerLook;
  const auto check_part = [this](NodeId part) {
    if (hashed_parts(part).empty()) return Status();
    return check_weight(part, kMostParts, "a key with too many parts, or too deep");
  };
  KeyTable table(tape_, limits_, check_part,
                 [this](NodeId symbol) { return known(symbol) != nullptr; });
  for (NodeId id = 0; id < tape_.size(); ++id) {
    const Kind kind = tape_[id].kind;
    if (!is_of_interest(kind)) continue;
    if (id >= look_at) {
      SAFE_LOAD_TRY(tape_.look());
      look_at = id + kNodesPerLook;
    }
    const bool is_plain_dict = kind == Kind::kDict && tape_[id].aux != kDefaultDict;
    if (!is_plain_dict && adds_level(id)) ++level_count_;
    const bool is_opaque = kind == Kind::kOpaque && tape_.added(id).dict_items.count != 0;
    const std::size_t step = kind == Kind::kDict ? 2 : 1;
    if (!is_opaque && kind != Kind::kDict && kind != Kind::kSet && kind != Kind::kFrozenSet)
      continue;
    if (!is_opaque && has_distinct_texts(tape_, tape_.items(id), step)) continue;
    const Status merged = is_opaque ? check_keys(id, table) : merge_keys(id, table);
    if (merged) continue;
    if (merged.error().code() == ErrorCode::kLimit) return merged.error();
    SAFE_LOAD_TRY(spoil(id, merged.error()));
  }
  return {};
}

// Of a record whose class set keys: what they do is not known, but here they stand in a dict.
Status Interpreter::check_keys(NodeId opaque, KeyTable& table) {
  const std::span<const NodeId> pairs = tape_.items(tape_.added(opaque).dict_items);
  SAFE_LOAD_TRY(table.start(pairs.size() / 2));
  for (std::size_t i = 0; i < pairs.size(); i += 2) {
    bool is_new = false;
    SAFE_LOAD_TRY(table.add(pairs[i], is_new));
  }
  return {};
}

// A repeated key keeps its first place and takes its last value.
Status Interpreter::merge_keys(NodeId id, KeyTable& table) {
  const bool is_dict = tape_[id].kind == Kind::kDict;
  const std::size_t step = is_dict ? 2 : 1;
  const std::span<const NodeId> items = tape_.items(id);
  SAFE_LOAD_TRY(table.start(items.size() / step));
  std::vector<std::uint32_t> numbers(items.size() / step);
  std::uint32_t distinct = 0;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    bool is_new = false;
    SAFE_LOAD_TRY_ASSIGN(numbers[i], table.add(items[i * step], is_new));
    distinct += is_new ? 1 : 0;
  }
  // A key that only Python can tell apart must meet the others in the order of the file.
  if (distinct == numbers.size() || table.has_undecided()) return {};
  std::vector<NodeId> merged(distinct * step, pickle::kNoNode);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t to = numbers[i] * step;
    if (merged[to] == pickle::kNoNode) merged[to] = items[i * step];
    if (is_dict) merged[to + 1] = items[i * step + 1];
  }
  SAFE_LOAD_TRY_ASSIGN(pickle::Run run, tape_.add_run(merged));
  tape_.replace_items(id, run);
  return {};
}

}  // namespace safe_load::types
