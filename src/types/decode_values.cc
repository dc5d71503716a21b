// Builtins and the standard library: what their constructors would have made of these arguments.
#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "base/text.h"
#include "base/try.h"
#include "types/date_time.h"
#include "types/interpreter.h"

namespace safe_load::types {

using pickle::Added;
using pickle::Call;
using pickle::Kind;
using pickle::NodeId;
using pickle::Run;

namespace {

bool is_latin1_name(std::string_view codec) {
  return codec == "latin1" || codec == "latin-1" || codec == "iso-8859-1" || codec == "ISO-8859-1";
}

// UTF-8 of characters up to U+00FF as one byte each.
std::optional<std::string> to_latin1(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::uint32_t code_point = base::next_code_point(text, i);
    if (code_point > 0xFF) return std::nullopt;
    bytes += static_cast<char>(code_point);
  }
  return bytes;
}

// Source: CPython Lib/_pydecimal.py, the numeric-string grammar of the decimal specification.
bool is_decimal_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  const auto skip_digits = [&] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count;
  };
  if (text == "Infinity" || text == "Inf") return true;
  if (text.starts_with("NaN") || text.starts_with("sNaN")) {
    text.remove_prefix(text.starts_with('s') ? 4 : 3);
    skip_digits();
    return text.empty();
  }
  std::size_t digits = skip_digits();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits += skip_digits();
  }
  if (digits == 0) return false;
  if (text.starts_with('E') || text.starts_with('e')) {
    text.remove_prefix(1);
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (skip_digits() == 0) return false;
  }
  return text.empty();
}

bool is_fraction(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (!base::is_decimal(text.substr(0, slash))) return false;
  if (slash == std::string_view::npos) return true;
  const std::string_view below = text.substr(slash + 1);
  return base::is_decimal(below) && below[0] != '-' &&
         below.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

// Puts what a constructor was given before what was added later.
Status Interpreter::prepend(NodeId id, Run Added::*items, NodeId container) {
  SAFE_LOAD_TRY_ASSIGN(Added* const added, tape_.change_added(id));
  Run& run = added->*items;
  const std::span<const NodeId> given = tape_.items(container);
  const std::uint32_t changed = run.count == 0 ? 0 : run.last;
  if (run.count == 0) {
    run = tape_.run_of(container);
  } else {
    SAFE_LOAD_TRY_ASSIGN(run, tape_.add_run(given, tape_.items(run)));
  }
  run.last = changed;
  return {};
}

Status Interpreter::decode_container(NodeId id, Meaning meaning) {
  const std::span<const NodeId> given = arguments(id);
  if (meaning == Meaning::kSet || meaning == Meaning::kFrozenSet) {
    if (!given.empty()) {
      SAFE_LOAD_TRY(prepend(id, &Added::set_items, given[0]));
    }
    become(id, meaning == Meaning::kSet ? Kind::kSet : Kind::kFrozenSet);
    return {};
  }
  if (meaning == Meaning::kList || meaning == Meaning::kTuple || meaning == Meaning::kDeque) {
    if (!given.empty()) {
      SAFE_LOAD_TRY(prepend(id, &Added::list_items, given[0]));
    }
    if (given.size() == 2 && tape_[given[1]].kind == Kind::kInt &&
        tape_[given[1]].payload < tape_.added(id).list_items.count) {
      const auto room = static_cast<std::uint32_t>(tape_[given[1]].payload);
      SAFE_LOAD_TRY_ASSIGN(Added* const added, tape_.change_added(id));
      Run& items = added->list_items;
      items.first += items.count - room;  // a full deque drops its oldest items
      items.count = room;
    }
    become(id, meaning == Meaning::kTuple ? Kind::kTuple : Kind::kList,
           meaning == Meaning::kDeque ? kDeque : kPlainList);
    return {};
  }
  const bool has_items = !given.empty() && meaning != Meaning::kDefaultDict;
  if (has_items && tape_[given[0]].kind != Kind::kDict) {
    std::vector<NodeId> flat;
    SAFE_LOAD_TRY(tape_.memory().take(4 * sizeof(NodeId) * tape_.items(given[0]).size()));
    for (const NodeId pair : tape_.items(given[0])) {
      if (tape_.changed_at(pair) > id) return bad("a pair that changed after it was used");
      const std::span<const NodeId> parts = tape_.items(pair);
      flat.insert(flat.end(), parts.begin(), parts.end());
    }
    SAFE_LOAD_TRY_ASSIGN(Added* const added, tape_.change_added(id));
    Run& items = added->dict_items;
    const std::uint32_t changed = items.count == 0 ? 0 : items.last;
    SAFE_LOAD_TRY_ASSIGN(items, tape_.add_run(flat, tape_.items(items)));
    items.last = changed;
  } else if (has_items) {
    SAFE_LOAD_TRY(prepend(id, &Added::dict_items, given[0]));
  }
  const DictClass dict_class = meaning == Meaning::kOrderedDict   ? kOrderedDict
                               : meaning == Meaning::kDefaultDict ? kDefaultDict
                               : meaning == Meaning::kCounter     ? kCounter
                                                                  : kPlainDict;
  become(id, Kind::kDict, dict_class);
  return {};
}

// The state is {"int": number}, sometimes with "is_safe".
Status Interpreter::decode_uuid(NodeId id) {
  const Run& states = tape_.added(id).states;
  if (states.count == 0) return bad("a UUID without a number");
  if (tape_[id].kind == Kind::kCall) {
    become(id, Kind::kRecord, static_cast<std::uint16_t>(Meaning::kUuid));
    return {};
  }
  const std::span<const NodeId> items = tape_.items(tape_.items(states)[0]);
  for (std::size_t i = items.size(); i >= 2;) {  // of equal keys the last one counts
    i -= 2;
    if (tape_.text(items[i]) != "int") continue;
    const pickle::Node& number = tape_[items[i + 1]];
    const bool fits =
        (number.kind == Kind::kInt && static_cast<std::int64_t>(number.payload) >= 0) ||
        (number.kind == Kind::kBigInt && number.count <= 17 &&
         static_cast<std::uint8_t>(tape_.text(items[i + 1]).back()) < 0x80 &&
         (number.count < 17 || tape_.text(items[i + 1]).back() == 0));
    return fits ? check_uuid_safety(items) : bad("a UUID with an impossible number");
  }
  return bad("a UUID without a number");
}

// Whether it was made safely between processes: 0, -1 or None, as uuid.SafeUUID has it.
Status Interpreter::check_uuid_safety(std::span<const NodeId> items) const {
  for (std::size_t i = 0; i < items.size(); i += 2) {
    if (tape_.text(items[i]) != "is_safe") continue;
    const pickle::Node& value = tape_[items[i + 1]];
    const bool is_number =
        value.kind == Kind::kInt && (value.payload == 0 || value.payload == ~std::uint64_t{0});
    if (!is_number && value.kind != Kind::kNone) return bad("a UUID with an unknown is_safe");
  }
  return {};
}

// Python divides both numbers by what they have in common, which takes the square of their length.
Status Interpreter::charge_fraction(std::span<const NodeId> given) {
  std::uint64_t bytes = 0;
  for (const NodeId part : given)
    if (tape_[part].kind != Kind::kInt) bytes += tape_.text(part).size();
  constexpr std::uint64_t kMost = std::uint64_t{1} << 30;  // the square of more would overflow
  return tape_.work().take(std::min(bytes, kMost) * std::min(bytes, kMost) / 256);
}

Status Interpreter::decode_text(NodeId id, Meaning meaning) {
  const std::span<const NodeId> given = arguments(id);
  const auto text = [&](std::size_t i) { return tape_.text(given[i]); };
  if (meaning == Meaning::kComplex) {
    become(id, Kind::kComplex);
    return {};
  }
  if (meaning == Meaning::kLiteral) {
    tape_.replace(id, tape_[given[0]]);
    return {};
  }
  if (meaning == Meaning::kTypeOf) {
    const Known* row = tape_[given[0]].kind == Kind::kSymbol ? known(given[0]) : nullptr;
    const bool is_constant = tape_[given[0]].kind == Kind::kNone ||
                             (row != nullptr && row->kind == SymbolKind::kConstant);
    become(id, is_constant ? Kind::kRecord : Kind::kOpaque,
           is_constant ? static_cast<std::uint16_t>(meaning) : std::uint16_t{kObject});
    return {};
  }
  if (meaning == Meaning::kDecimal || meaning == Meaning::kFraction) {
    const bool is_number =
        meaning == Meaning::kDecimal ? is_decimal_number(text(0))
        : given.size() == 1          ? is_fraction(text(0))
                            : tape_[given[1]].kind == Kind::kBigInt || tape_[given[1]].payload != 0;
    if (!is_number) return bad("a Decimal or Fraction without a valid number");
    if (meaning == Meaning::kFraction) {
      SAFE_LOAD_TRY(charge_fraction(given));
    }
    become(id, Kind::kRecord, static_cast<std::uint16_t>(meaning));
    return {};
  }
  if (meaning == Meaning::kUuid) return decode_uuid(id);

  // bytes, bytearray and _codecs.encode: bytes from some other spelling
  const Kind kind = meaning == Meaning::kByteArray ? Kind::kByteArray : Kind::kBytes;
  if (given.empty()) return become_bytes(id, kind, {});
  if (tape_[given[0]].kind == Kind::kList) {
    std::string bytes;
    for (const NodeId item : tape_.items(given[0])) {
      if (tape_[item].payload > 0xFF) return bad("a byte above 255");
      bytes += static_cast<char>(tape_[item].payload);
    }
    return become_bytes(id, kind, bytes);
  }
  SAFE_LOAD_TRY(tape_.work().take(text(0).size()));
  if (given.size() == 1 && tape_[given[0]].kind == Kind::kText)  // a str of Python 2
    return bad("bytes of a text without its codec");
  if (given.size() == 1) return become_bytes(id, kind, text(0));
  if (!is_latin1_name(text(1))) return bad("text in a codec other than Latin-1").about(text(1));
  // A str of Python 2 has been bytes all along.
  const bool is_raw =
      tape_[given[0]].kind == Kind::kBytes || (tape_[given[0]].flags & pickle::kLatin1) != 0;
  if (is_raw) return become_bytes(id, kind, text(0));
  const auto bytes = to_latin1(text(0));
  if (!bytes) return bad("text that is not Latin-1");
  return become_bytes(id, kind, *bytes);
}

Status Interpreter::decode_record(NodeId id, Meaning meaning) {
  const std::span<const NodeId> given = arguments(id);
  const auto integer = [&](std::size_t i) {
    return static_cast<std::int64_t>(tape_[given[i]].payload);
  };
  if (meaning == Meaning::kRange && tape_[given[2]].kind == Kind::kInt && integer(2) == 0)
    return bad("a range without a step");
  if (meaning == Meaning::kDateTime && !read_date_time(tape_.text(given[0])))
    return bad("an impossible date");
  if (meaning == Meaning::kDate && !read_date(tape_.text(given[0])))
    return bad("an impossible date");
  if (meaning == Meaning::kTime && !read_time(tape_.text(given[0])))
    return bad("an impossible time");
  if (meaning == Meaning::kTimeDelta) {
    const auto is_small = [&](NodeId part) { return tape_[part].kind == Kind::kInt; };
    if (!std::all_of(given.begin(), given.end(), is_small) ||
        !is_time_delta(integer(0), integer(1), integer(2)))
      return bad("an impossible time span");
  }
  if (meaning == Meaning::kTimezone) {
    const std::span<const NodeId> span = arguments(given[0]);
    const auto days = static_cast<std::int64_t>(tape_[span[0]].payload);
    // Less than a day: days is 0, or -1 with something positive added to it.
    const bool some = tape_[span[1]].payload != 0 || tape_[span[2]].payload != 0;
    if (days != 0 && !(days == -1 && some)) return bad("a time zone of a day or more");
  }
  become(id, Kind::kRecord, static_cast<std::uint16_t>(meaning));
  return {};
}

// getattr(torch, "channels_last"): how protocols 2 and 3 spell a memory format. The module that
// names torch is any module of torch in which a search found it.
bool Interpreter::is_memory_format(NodeId id) const {
  const std::span<const NodeId> given = arguments(id);
  if (tape_[given[0]].kind != Kind::kSymbol) return false;
  const pickle::Symbol& owner = tape_.symbol(given[0]);
  const std::string_view name = tape_.text(given[1]);
  return owner.name == "torch" && (owner.module == "torch" || owner.module.starts_with("torch.")) &&
         (name == "preserve_format" || name == "contiguous_format" || name == "channels_last" ||
          name == "channels_last_3d");
}

bool Interpreter::is_known_class(NodeId id) const {
  const Known* row = tape_[id].kind == Kind::kSymbol ? known(id) : nullptr;
  return row != nullptr && row->meaning != Meaning::kNotCallable;
}

// As if the pickle had made the call in this form.
Status Interpreter::decode_as(NodeId id, NodeId callee, NodeId arguments, pickle::How how) {
  Call& call = tape_.call(id);
  call.callee = callee;
  call.arguments = arguments;
  call.how = how;
  const Known& row = *known(callee);
  if (const auto misuse = find_misuse(id, row)) return contradict(id, *misuse);
  return decode(id, row);
}

Status Interpreter::decode_reference(NodeId id, Meaning meaning) {
  if (meaning == Meaning::kReconstructor) {
    const std::span<const NodeId> given = arguments(id);
    const bool is_plain =
        tape_.symbol(given[1]).is("builtins", "object") && tape_[given[2]].kind == Kind::kNone;
    const Known* row = known(given[0]);
    // How protocols 0 and 1 spell cls.__new__(cls): the same object as NEWOBJ of protocol 2 makes.
    if (row != nullptr && row->meaning != Meaning::kNotCallable) {
      if (!is_plain || !row->is_plain) return bad("a class is made in a way that is not its own");
      return decode_as(id, given[0], pickle::kNoNode, pickle::How::kNewObject);
    }
  }
  const bool is_new_object = meaning == Meaning::kNewObject || meaning == Meaning::kNewObjectEx;
  if (is_new_object && is_known_class(arguments(id)[0])) {
    if (meaning == Meaning::kNewObjectEx) return bad("a class is made with keywords");
    const std::span<const NodeId> given = arguments(id);
    const NodeId made = given[0];
    SAFE_LOAD_TRY_ASSIGN(const Run rest, tape_.add_run(given.subspan(1)));
    SAFE_LOAD_TRY_ASSIGN(const NodeId tuple,
                         tape_.add_node({Kind::kTuple, 0, 0, rest.count, rest.first}));
    return decode_as(id, made, tuple, pickle::How::kNewObject);
  }
  if (meaning == Meaning::kGetattr && is_memory_format(id)) {
    become(id, Kind::kRecord, static_cast<std::uint16_t>(Meaning::kMemoryFormat));
    return {};
  }
  const OpaqueClass opaque = meaning == Meaning::kGetattr   ? kAttributeOf
                             : meaning == Meaning::kPartial ? kPartial
                                                            : kObject;
  return become_opaque(id, opaque);
}

// (function, arguments, keywords, attributes)
Status Interpreter::check_partial_state(NodeId state) const {
  const std::span<const NodeId> parts = tape_.items(state);
  const auto is_dict_or_none = [&](NodeId part) {
    return tape_[part].kind == Kind::kDict || tape_[part].kind == Kind::kNone;
  };
  const bool good = parts.size() == 4 && tape_[parts[1]].kind == Kind::kTuple &&
                    is_dict_or_none(parts[2]) && is_dict_or_none(parts[3]);
  return good ? Status() : bad("a partial with a state it never gets");
}

// partial(cls.__new__, cls, *args, **keywords)(): how protocols 2 and 3 spell the construction of
// an object with keywords.
bool Interpreter::is_keyword_new(NodeId callee) const {
  if (tape_[callee].kind != Kind::kOpaque || tape_[callee].aux != kPartial) return false;
  const NodeId function = arguments(callee)[0];
  return tape_[function].kind == Kind::kOpaque && tape_[function].aux == kAttributeOf &&
         tape_.text(arguments(function)[1]) == "__new__";
}

Status Interpreter::decode_keyword_new(NodeId id) {
  Call& call = tape_.call(id);
  const Run& states = tape_.added(call.callee).states;
  const std::span<const NodeId> parts =
      states.count == 1 ? tape_.items(tape_.items(states)[0]) : std::span<const NodeId>();
  const bool is_known_form = parts.size() == 4 && arguments(id).empty() && states.last <= id &&
                             tape_[parts[1]].kind == Kind::kTuple && tape_[parts[1]].count != 0 &&
                             tape_[parts[2]].kind == Kind::kDict;
  if (!is_known_form) return bad("a construction in no known form");
  const std::span<const NodeId> given = tape_.items(parts[1]);
  SAFE_LOAD_TRY(tape_.work().take(given.size() + tape_[parts[2]].count));
  static constexpr Schema kKeywords = "(callable,dict<str,any>)";
  const NodeId used[] = {given[0], parts[2]};
  if (!matches(*kKeywords.begin(), used, id) || is_known_class(given[0]))
    return bad("a construction in no known form");
  SAFE_LOAD_TRY_ASSIGN(const Run rest, tape_.add_run(given.subspan(1)));
  call.callee = given[0];
  call.keywords = parts[2];
  call.how = pickle::How::kNewObjectEx;
  SAFE_LOAD_TRY_ASSIGN(call.arguments,
                       tape_.add_node({Kind::kTuple, 0, 0, rest.count, rest.first}));
  return become_opaque(id, kObject);
}

// A str of Python 2 is text if it can be, else bytes; its raw bytes stay at hand.
Status Interpreter::decode_python2_text(NodeId id) {
  pickle::Node& node = tape_[id];
  node.flags |= pickle::kPython2;
  const bool is_latin1 = encoding_ == Encoding::kLatin1;
  const bool is_text =
      is_latin1 || (encoding_ == Encoding::kUtf8 && base::is_utf8(tape_.text(id), false));
  node.kind = is_text ? Kind::kText : Kind::kBytes;
  if (is_latin1 && !base::is_ascii(tape_.text(id))) node.flags |= pickle::kLatin1;
  return {};
}

}  // namespace safe_load::types
