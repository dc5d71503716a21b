#include "types/array_header.h"

#include <algorithm>
#include <vector>

#include "base/checked.h"
#include "base/text.h"
#include "base/try.h"
#include "pickle/text_literals.h"
#include "types/interpreter.h"
#include "types/value_reader.h"

namespace safe_load::types {

using pickle::Kind;
using pickle::kNoNode;
using pickle::NodeId;

namespace {

constexpr std::size_t kMostLiteralDepth = 32;

bool is_name_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Reads by one loop with a stack of open brackets.
class LiteralReader {
 public:
  LiteralReader(pickle::Tape& tape, std::string_view text) : tape_(tape), text_(text) {}

  Result<NodeId> run() {
    NodeId root = kNoNode;
    while (root == kNoNode || !open_.empty()) {
      skip_blanks();
      if (at_ == text_.size()) return fail("a header that ends early");
      const char c = text_[at_];
      if (c == '(' || c == '[' || c == '{') {
        if (open_.size() == kMostLiteralDepth) return fail("a header nested too deep");
        open_.push_back({c, {}, false});
        ++at_;
        continue;
      }
      NodeId value = kNoNode;
      if (c == ')' || c == ']' || c == '}') {
        SAFE_LOAD_TRY_ASSIGN(value, close(c));
      } else {
        SAFE_LOAD_TRY_ASSIGN(value, scalar());
      }
      if (open_.empty()) {
        root = value;
      } else {
        SAFE_LOAD_TRY(add(value));
      }
    }
    skip_blanks();
    if (at_ != text_.size()) return fail("something behind the header's value");
    return NodeId{root};
  }

 private:
  struct Open {
    char bracket;
    std::vector<NodeId> items;
    bool ended_with_comma;
  };

  Error fail(Reason reason) const { return Error(ErrorCode::kCorrupt, reason, at_); }

  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t'))
      ++at_;
  }

  // An item of what is open, and the comma or colon behind it.
  Status add(NodeId value) {
    Open& open = open_.back();
    open.items.push_back(value);
    skip_blanks();
    const bool is_key = open.bracket == '{' && open.items.size() % 2 == 1;
    const char next = at_ < text_.size() ? text_[at_] : '\0';
    open.ended_with_comma = next == ',';
    if (is_key && next != ':') return fail("a key without a value");
    if (next == (is_key ? ':' : ',')) {
      ++at_;
      return {};
    }
    const bool is_end = next == ')' || next == ']' || next == '}';
    return is_end ? Status() : fail("two values without a comma");
  }

  Result<NodeId> close(char bracket) {
    if (open_.empty()) return fail("a bracket that was never opened");
    const Open open = std::move(open_.back());
    open_.pop_back();
    const bool is_pair = (open.bracket == '(' && bracket == ')') ||
                         (open.bracket == '[' && bracket == ']') ||
                         (open.bracket == '{' && bracket == '}');
    if (!is_pair || (bracket == '}' && open.items.size() % 2 == 1))
      return fail("brackets that do not fit");
    ++at_;
    // (x) is x.
    if (bracket == ')' && open.items.size() == 1 && !open.ended_with_comma)
      return NodeId{open.items.front()};
    const Kind kind = bracket == ')' ? Kind::kTuple : bracket == ']' ? Kind::kList : Kind::kDict;
    SAFE_LOAD_TRY_ASSIGN(const pickle::Run run, tape_.add_run(open.items));
    return tape_.add_node({kind, 0, 0, run.count, run.first});
  }

  Result<NodeId> scalar() {
    const std::size_t begin = at_;
    const char c = text_[at_];
    if (c == '\'' || c == '"') return quoted();
    const bool has_prefix = (c == 'u' || c == 'b') && at_ + 1 < text_.size() &&
                            (text_[at_ + 1] == '\'' || text_[at_ + 1] == '"');
    if (has_prefix) {
      ++at_;
      return quoted();
    }
    if (is_name_letter(c)) {
      while (at_ < text_.size() && is_name_letter(text_[at_])) ++at_;
      const std::string_view word = text_.substr(begin, at_ - begin);
      if (word == "None") return tape_.add_node({});
      if (word == "True" || word == "False")
        return tape_.add_node({Kind::kBool, 0, 0, 0, word == "True" ? 1u : 0u});
      return fail("a word in a header");
    }
    if (c == '-') ++at_;
    while (at_ < text_.size() && is_digit(text_[at_])) ++at_;
    const auto number = base::parse_int64(text_.substr(begin, at_ - begin));
    if (!number) return fail("a header in no known form");
    if (at_ < text_.size() && text_[at_] == 'L') ++at_;  // Python 2
    return tape_.add_node({Kind::kInt, 0, 0, 0, static_cast<std::uint64_t>(*number)});
  }

  Result<NodeId> quoted() {
    const std::size_t begin = at_;
    const char quote = text_[at_++];
    while (at_ < text_.size() && text_[at_] != quote) at_ += text_[at_] == '\\' ? 2u : 1u;
    if (at_ >= text_.size()) return fail("a text without an end");
    ++at_;
    const std::string_view literal = text_.substr(begin, at_ - begin);
    const auto content = pickle::decode_string_literal(literal);
    if (!content || pickle::has_odd_escape(literal) || !base::is_utf8(*content, false))
      return fail("a text in no known form");
    SAFE_LOAD_TRY_ASSIGN(const std::uint32_t place, tape_.add_text(*content));
    return tape_.add_node(
        {Kind::kText, pickle::kInArena, 0, static_cast<std::uint32_t>(content->size()), place});
  }

  pickle::Tape& tape_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Open> open_;
};

Error bad_header(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

}  // namespace

Result<NodeId> read_python_literal(pickle::Tape& tape, std::string_view text) {
  return LiteralReader(tape, text).run();
}

Result<Interpreter::FileArray> Interpreter::read_array_header(NodeId header) {
  const ValueReader reader(tape_);
  const bool is_dict = tape_[header].kind == Kind::kDict && tape_[header].count == 6;
  const NodeId descr = is_dict ? reader.find(header, "descr") : kNoNode;
  const NodeId order = is_dict ? reader.find(header, "fortran_order") : kNoNode;
  const NodeId shape = is_dict ? reader.find(header, "shape") : kNoNode;
  if (descr == kNoNode || order == kNoNode || shape == kNoNode ||
      tape_[order].kind != Kind::kBool || tape_[shape].kind != Kind::kTuple)
    return bad_header("a header without a type, an order or a shape");
  SAFE_LOAD_TRY_ASSIGN(const NodeId dtype, describe_dtype(descr, 0));
  return FileArray{dtype, shape, tape_[order].payload == 1,
                   array_dtypes_[tape_[dtype].count].has_objects()};
}

Result<std::uint64_t> Interpreter::size_of_array(const FileArray& header) const {
  const auto count = item_count(tape_, header.shape, limits_);
  const auto bytes =
      count ? base::checked_mul(*count, array_dtypes_[tape_[header.dtype].count].itemsize)
            : std::nullopt;
  if (!bytes) return bad_header("an array with impossible sizes");
  return std::uint64_t{*bytes};
}

Result<NodeId> Interpreter::add_file_array(const FileArray& header, NodeId data) {
  SAFE_LOAD_TRY_ASSIGN(const NodeId id, tape_.add_node({}));
  Array array;
  array.dtype = tape_[header.dtype].count;
  array.shape = header.shape;
  array.data = data;
  array.is_fortran = header.is_fortran;
  SAFE_LOAD_TRY(add_array(id, Kind::kArray, array, id));
  return NodeId{id};
}

// A type text, or a list of (name, type[, shape]). Types are at most as deep as dtypes may be.
// NOLINTBEGIN(misc-no-recursion): kDeepest
Result<NodeId> Interpreter::describe_dtype(NodeId descr, std::uint8_t depth) {
  const ValueReader reader(tape_);
  ArrayDtype type;
  if (const auto text = reader.text(descr)) {
    SAFE_LOAD_TRY_ASSIGN(type, parse_described_type(*text));
  } else if (tape_[descr].kind == Kind::kList) {
    SAFE_LOAD_TRY_ASSIGN(type, describe_structure(descr, depth));
  } else {
    return bad_header("a type in no known form");
  }
  type.is_complete = true;
  SAFE_LOAD_TRY_ASSIGN(const NodeId id, tape_.add_node({}));
  SAFE_LOAD_TRY(add_dtype(id, std::move(type)));
  return NodeId{id};
}

Result<ArrayDtype> Interpreter::describe_structure(NodeId descr, std::uint8_t depth) {
  constexpr std::uint8_t kDeepest = 8;
  constexpr std::uint64_t kMostItem = 0x7FFFFFFF;
  const ValueReader reader(tape_);
  if (depth == kDeepest) return bad_header("dtypes nested too deep");
  ArrayDtype type;
  type.kind = 'V';
  type.flags = structure_flags({});
  type.mask_size = 0;
  const std::vector<NodeId> parts(tape_.items(descr).begin(), tape_.items(descr).end());
  std::vector<std::string_view> names;
  for (const NodeId part : parts) {
    const std::span<const NodeId> field = reader.tuple(part);
    if (field.size() != 2 && field.size() != 3) return bad_header("a field in no known form");
    const std::span<const NodeId> titled = reader.tuple(field[0]);
    const NodeId name_node = titled.size() == 2 ? titled[1] : field[0];
    const auto name = reader.text(name_node);
    if (!name) return bad_header("a field whose name is not text");
    const NodeId shape = field.size() == 3 ? field[2] : kNoNode;
    SAFE_LOAD_TRY_ASSIGN(NodeId item,
                         describe_dtype(field[1], static_cast<std::uint8_t>(depth + 1)));
    if (shape != kNoNode) {
      SAFE_LOAD_TRY_ASSIGN(item, describe_subarray(item, shape));
    }
    const std::uint32_t number = tape_[item].count;
    const ArrayDtype& own = array_dtypes_[number];
    const std::uint64_t offset = type.itemsize;
    type.itemsize += own.itemsize;
    if (type.itemsize > kMostItem) return bad_header("an impossible item size");
    if (name->empty()) {  // padding, if it is of a plain void type
      if (own.kind != 'V' || !own.fields.empty() || own.base != kNoDtype)
        return bad_header("a field without a name");
      continue;
    }
    names.push_back(*name);
    type.depth = std::max(type.depth, static_cast<std::uint8_t>(own.depth + 1));
    type.flags |= structure_flags(own);
    type.mask_size += own.mask_size;
    SAFE_LOAD_TRY(tape_.memory().take(2 * sizeof(ArrayField)));
    type.fields.push_back({name_node, titled.size() == 2 ? titled[0] : kNoNode, number, offset});
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end())
    return bad_header("two fields of one name");
  return type;
}
// NOLINTEND(misc-no-recursion)

Result<NodeId> Interpreter::describe_subarray(NodeId item, NodeId shape) {
  const ArrayDtype base_type = array_dtypes_[tape_[item].count];
  const auto count = item_count(tape_, shape, limits_);
  constexpr std::uint64_t kMostItem = 0x7FFFFFFF;
  if (!count || *count > kMostItem || *count * base_type.itemsize > kMostItem)
    return bad_header("a subarray of an impossible size");
  ArrayDtype type;
  type.kind = 'V';
  type.is_complete = true;
  type.itemsize = *count * base_type.itemsize;
  type.base = tape_[item].count;
  type.shape = shape;
  type.flags = base_type.flags;
  type.depth = static_cast<std::uint8_t>(base_type.depth + 1);
  type.mask_size = *count * base_type.mask_size;
  SAFE_LOAD_TRY_ASSIGN(const NodeId id, tape_.add_node({}));
  SAFE_LOAD_TRY(add_dtype(id, std::move(type)));
  return NodeId{id};
}

}  // namespace safe_load::types
