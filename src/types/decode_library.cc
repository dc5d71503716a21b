// Objects of the standard library that carry a state, or whose arguments need more than a schema.
#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"
#include "base/try.h"
#include "types/interpreter.h"
#include "types/value_reader.h"

namespace safe_load::types {

using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;

namespace {

// Source: CPython Modules/arraymodule.c; `least` and `most` of the integer types.
struct NumberType {
  char code;
  std::uint8_t size;  // bytes of one item on the machines that we run on
  bool is_signed;
  bool is_integer;
};

constexpr NumberType kNumberTypes[] = {
    {'b', 1, true, true}, {'B', 1, false, true}, {'h', 2, true, true},  {'H', 2, false, true},
    {'i', 4, true, true}, {'I', 4, false, true}, {'l', 8, true, true},  {'L', 8, false, true},
    {'q', 8, true, true}, {'Q', 8, false, true}, {'f', 4, true, false}, {'d', 8, true, false},
};

// Bytes per item of the machine formats 0 to 21. Source: CPython Modules/arraymodule.c.
constexpr std::uint8_t kFormatSizes[] = {1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 8,
                                         8, 8, 8, 4, 4, 8, 8, 2, 2, 4, 4};

const NumberType* number_type(std::string_view code) {
  const auto* found =
      std::find_if(std::begin(kNumberTypes), std::end(kNumberTypes),
                   [&](const NumberType& type) { return code == std::string_view(&type.code, 1); });
  return found == std::end(kNumberTypes) ? nullptr : found;
}

bool fits(const pickle::Node& node, std::string_view big, const NumberType& type) {
  if (!type.is_integer) return node.kind == Kind::kFloat || node.kind == Kind::kInt;
  if (node.kind == Kind::kBigInt)  // 64 bits without a sign
    return !type.is_signed && type.size == 8 && big.size() == 9 && big[8] == '\0';
  if (node.kind != Kind::kInt) return false;
  const auto value = static_cast<std::int64_t>(node.payload);
  if (type.size == 8) return type.is_signed || value >= 0;
  const std::int64_t range = std::int64_t{1} << (8 * type.size);
  return type.is_signed ? value >= -range / 2 && value < range / 2 : value >= 0 && value < range;
}

// Whether a machine format holds items of this type code: text, floating or whole numbers.
bool is_format_of(std::string_view code, std::uint64_t format) {
  if (code == "u") return format >= 18 && format < std::size(kFormatSizes);
  const NumberType* type = number_type(code);
  if (type == nullptr) return false;
  return type->is_integer ? format < 14 : format >= 14 && format < 18;
}

// The number of an address has at most so many bytes of two's complement, the sign's included.
bool is_address(const pickle::Node& node, std::string_view big, std::size_t most_bytes) {
  if (node.kind == Kind::kText || node.kind == Kind::kBytes) return true;
  if (node.kind == Kind::kInt)
    return static_cast<std::int64_t>(node.payload) >= 0 &&
           (most_bytes > 4 || node.payload <= 0xFFFFFFFFu);
  return most_bytes > 4 && big.size() <= most_bytes + 1 &&
         static_cast<std::uint8_t>(big.back()) < 0x80 &&
         (big.size() <= most_bytes || big.back() == '\0');
}

bool is_one_character(const pickle::Node& node, std::string_view text) {
  if ((node.flags & pickle::kLatin1) != 0 || text.empty()) return text.size() == 1;
  std::size_t end = 0;
  base::next_code_point(text, end);
  return end == text.size();
}

bool is_line_end(std::string_view text) {
  return text.empty() || text == "\n" || text == "\r" || text == "\r\n";
}

// The keys of time zones that can be no path out of the zone data.
bool is_zone_key(std::string_view key) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '+' || c == '-' || c == '/';
  };
  return !key.empty() && key.size() <= 64 && key[0] != '/' &&
         std::all_of(key.begin(), key.end(), is_allowed);
}

}  // namespace

Status Interpreter::decode_library(NodeId id, Meaning meaning) {
  const std::span<const NodeId> given = arguments(id);
  if (meaning == Meaning::kStructTime) {
    const std::span<const NodeId> parts = tape_.items(given[0]);
    const auto is_small = [&](NodeId part) { return tape_[part].kind == Kind::kInt; };
    if (parts.size() < 9 || parts.size() > 11 || !std::all_of(parts.begin(), parts.end(), is_small))
      return bad("a time in no known form");
  }
  if (meaning == Meaning::kIpAddress) {
    const bool is_big = tape_[given[0]].kind == Kind::kBigInt;
    const std::size_t size = tape_.symbol(tape_.call(id).callee).name.starts_with("IPv4") ? 4 : 16;
    if (!is_address(tape_[given[0]], is_big ? tape_.text(given[0]) : std::string_view(), size))
      return bad("an impossible address");
  }
  if (meaning == Meaning::kNumberArray) {
    SAFE_LOAD_TRY(check_numbers(given));
  }
  if (meaning == Meaning::kNumberArrayBytes) {
    const std::uint64_t format = tape_[given[2]].payload;
    const std::string_view code = tape_.text(given[1]);
    if (!tape_.symbol(given[0]).is("array", "array") || !is_format_of(code, format) ||
        tape_.text(given[3]).size() % kFormatSizes[format] != 0)
      return bad("an array of numbers in no known form");
  }
  if (meaning == Meaning::kTypeExpression) {
    SAFE_LOAD_TRY_ASSIGN(const bool is_type, is_type_expression(id));
    if (!is_type) return become_opaque(id, kObject);
  }
  become(id, Kind::kRecord, static_cast<std::uint16_t>(meaning));
  constexpr std::uint64_t kMostTypes = 1'000;
  if (meaning == Meaning::kTypeExpression)
    return check_weight(id, kMostTypes, "a type expression with too many parts, or too deep");
  return {};
}

// (type code, [numbers]) of protocol 2; text for the code "u".
Status Interpreter::check_numbers(std::span<const NodeId> given) {
  const std::string_view code = tape_.text(given[0]);
  const NumberType* type = number_type(code);
  const std::span<const NodeId> items = tape_.items(given[1]);
  SAFE_LOAD_TRY(tape_.work().take(items.size()));
  const auto is_good = [&](NodeId item) {
    const pickle::Node& node = tape_[item];
    if (code == "u") return node.kind == Kind::kText && is_one_character(node, tape_.text(item));
    const bool is_big = node.kind == Kind::kBigInt;
    return type != nullptr && fits(node, is_big ? tape_.text(item) : std::string_view(), *type);
  };
  if ((code != "u" && type == nullptr) || !std::all_of(items.begin(), items.end(), is_good))
    return bad("an array of numbers in no known form");
  return {};
}

// Whether the parts are types, None, literals, or tuples and lists of these. Of reduce(or_, ...)
// the parts may also be members of an enumeration, which stay inert.
Result<bool> Interpreter::is_type_expression(NodeId id) {
  const std::span<const NodeId> given = arguments(id);
  const bool is_union =
      tape_.call(id).callee != kNoNode && tape_.symbol(tape_.call(id).callee).name == "reduce";
  if (is_union && !tape_.symbol(given[0]).is("_operator", "or_"))
    return bad("a known name is called with arguments it never gets").about("reduce");
  std::vector<NodeId> parts = {given[1]};
  for (std::size_t next = 0; next < parts.size(); ++next) {
    const Kind kind = tape_[parts[next]].kind;
    if (kind == Kind::kTuple || kind == Kind::kList) {
      const std::span<const NodeId> items = tape_.items(parts[next]);
      SAFE_LOAD_TRY(tape_.work().take(items.size()));
      for (const NodeId item : items) parts.push_back(item);
      continue;
    }
    const bool is_type_record =
        kind == Kind::kRecord &&
        (tape_[parts[next]].aux == static_cast<std::uint16_t>(Meaning::kTypeOf) ||
         tape_[parts[next]].aux == static_cast<std::uint16_t>(Meaning::kTypeExpression));
    if (kind == Kind::kNone) continue;
    const bool is_literal =
        kind == Kind::kText || kind == Kind::kInt || kind == Kind::kBool || kind == Kind::kBytes;
    if (kind == Kind::kSymbol || is_type_record || (is_literal && !is_union)) continue;
    if (is_union || kind == Kind::kOpaque) return false;
    return bad("a type expression with a part that is no type");
  }
  return true;
}

Status Interpreter::decode_library_state(NodeId id, Meaning meaning) {
  const NodeId state = tape_.items(tape_.added(id).states)[0];
  const std::uint32_t taken_at = tape_.added(id).states.last;
  const auto has = [&](const Schema& parts) {
    return std::any_of(parts.begin(), parts.end(), [&](const Form& form) {
      return matches(form, tape_.items(state), taken_at);
    });
  };
  static constexpr Schema kBytesStreamState = "(bytes,uint,dict<str,any>/none)";
  static constexpr Schema kTextStreamState = "(str,str/none,uint,dict<str,any>/none)";
  static constexpr Schema kRandomStateForm = "(uint,tuple<uint>,float/none)";
  if (meaning == Meaning::kOwnRecord) return check_own_record(state);
  if (meaning >= Meaning::kChainMap && meaning <= Meaning::kUserString) {
    SAFE_LOAD_TRY(check_names(state));
  }
  if (meaning == Meaning::kChainMap || meaning == Meaning::kUserList)
    return check_attribute(state, meaning == Meaning::kChainMap ? "maps" : "data", Kind::kList);
  if (meaning == Meaning::kUserDict) return check_attribute(state, "data", Kind::kDict);
  if (meaning == Meaning::kUserString) return check_attribute(state, "data", Kind::kText);
  if (meaning == Meaning::kPythonRandom)
    return has(kRandomStateForm) ? check_python_random(tape_.items(state))
                                 : bad("a random state in no known form");
  const bool is_bytes = meaning == Meaning::kBytesStream;
  const bool good = has(is_bytes ? kBytesStreamState : kTextStreamState) &&
                    (is_bytes || tape_[tape_.items(state)[1]].kind == Kind::kNone ||
                     is_line_end(tape_.text(tape_.items(state)[1])));
  return good ? Status() : bad("a stream with a state it never gets");
}

// What its slots held: (None, dict of names), or, of a dataclass, the dict alone.
Status Interpreter::check_own_record(NodeId state) {
  const bool is_pair = tape_[state].kind == Kind::kTuple;
  const NodeId names = is_pair ? tape_.items(state)[1] : state;
  if ((is_pair && tape_[tape_.items(state)[0]].kind != Kind::kNone) ||
      tape_[names].kind != Kind::kDict)
    return bad("a record with a state it never gets");
  const std::span<const NodeId> items = tape_.items(names);
  SAFE_LOAD_TRY(tape_.work().take(items.size()));
  for (std::size_t i = 0; i < items.size(); i += 2)
    if (tape_[items[i]].kind != Kind::kText) return bad("a record with a state it never gets");
  return {};
}

Status Interpreter::check_attribute(NodeId state, std::string_view name, Kind kind) const {
  const NodeId value = ValueReader(tape_).find(state, name);
  if (value == kNoNode) return bad("a wrapper without a value");
  return tape_[value].kind == kind ? Status() : bad("a wrapper of another kind of value");
}

// Version 3 of the Mersenne twister: 624 words and a position.
Status Interpreter::check_python_random(std::span<const NodeId> state) const {
  const std::span<const NodeId> words = tape_.items(state[1]);
  const auto is_word = [&](NodeId word) { return tape_[word].payload <= 0xFFFFFFFFu; };
  if (tape_[state[0]].payload != 3 || words.size() != 625 ||
      !std::all_of(words.begin(), words.end(), is_word) || tape_[words.back()].payload > 624)
    return bad("a random state in no known form");
  return {};
}

// zoneinfo.ZoneInfo is rebuilt by ZoneInfo._unpickle(key, from cache): a call of an attribute.
bool Interpreter::is_zone_call(NodeId callee) const {
  if (tape_[callee].kind != Kind::kOpaque || tape_[callee].aux != kAttributeOf) return false;
  const std::span<const NodeId> target = arguments(callee);
  return tape_[target[0]].kind == Kind::kSymbol &&
         tape_.symbol(target[0]).is("zoneinfo", "ZoneInfo") && tape_.text(target[1]) == "_unpickle";
}

Status Interpreter::decode_zone(NodeId id) {
  const std::span<const NodeId> given = arguments(id);
  if (given.size() != 2 || tape_[given[0]].kind != Kind::kText ||
      !is_zone_key(tape_.text(given[0])) ||
      (tape_[given[1]].kind != Kind::kInt && tape_[given[1]].kind != Kind::kBool))
    return bad("a time zone with an impossible key").about("ZoneInfo");
  constexpr std::uint64_t kZoneBytes = 50'000;  // of the rules of one, which are read anew
  SAFE_LOAD_TRY(tape_.memory().take(kZoneBytes));
  become(id, Kind::kRecord, static_cast<std::uint16_t>(Meaning::kZoneInfo));
  return {};
}

}  // namespace safe_load::types
