// Each function stands for one reader. Sources: CPython Modules/_pickle.c and Lib/pickle.py, 3.6 to
// 3.14; torch/_weights_only_unpickler.py, 2.13. attacks/small_world.py runs them side by side.
#include "pickle/operands.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>

#include "base/text.h"
#include "pickle/number_literals.h"
#include "pickle/text_literals.h"

namespace safe_load::pickle {
namespace {

using Value = std::optional<Operand>;  // nothing: the reader stops

// What a string of C ends at.
std::string_view until_nul(std::string_view line) { return line.substr(0, line.find('\0')); }
bool has_nul(std::string_view line) { return line.find('\0') != std::string_view::npos; }

Operand integer_operand(Integer integer) {
  if (!integer.is_known) return {Kind::kNone, static_cast<std::uint64_t>(integer.small), ""};
  if (!integer.large.empty()) return {Kind::kBigInt, 0, std::move(integer.large)};
  return {Kind::kInt, static_cast<std::uint64_t>(integer.small), ""};
}

Operand bool_operand(bool value) { return {Kind::kBool, value ? 1u : 0u, ""}; }

Value python_integer(std::string_view text, int base) {
  auto integer = parse_python_integer(text, base);
  if (!integer) return std::nullopt;
  return integer_operand(*std::move(integer));
}

// ---- INT: strtol(), and where that stops early, what LONG does

Value c_int(std::string_view line) {
  if (line.empty()) return std::nullopt;
  const std::string_view text = until_nul(line);
  const auto small = parse_c_long(text);
  if (!small) return python_integer(text, 0);
  if (line.size() == 2 && (*small == 0 || *small == 1)) return bool_operand(*small == 1);
  return integer_operand({*small, "", true});
}

Value python_int(std::string_view line) {
  if (line == "00" || line == "01") return bool_operand(line == "01");
  if (has_nul(line)) return std::nullopt;
  return python_integer(line, 0);
}

bool is_plain_int(std::string_view line) {
  return is_plain_decimal(line) || line == "00" || line == "01";
}

// ---- LONG

std::string_view without_suffix(std::string_view line) {
  if (line.ends_with('L')) line.remove_suffix(1);
  return line;
}

Value c_long(std::string_view line) { return python_integer(until_nul(without_suffix(line)), 0); }

Value python_long(std::string_view line) {
  if (has_nul(line)) return std::nullopt;
  return python_integer(without_suffix(line), 0);
}

bool is_plain_long(std::string_view line) { return is_plain_decimal(without_suffix(line)); }

// ---- FLOAT

Value float_operand(const std::optional<double>& value) {
  if (!value) return std::nullopt;
  return Operand{Kind::kFloat, std::bit_cast<std::uint64_t>(*value), ""};
}

Value c_float(std::string_view line) {
  const std::string_view text = until_nul(line);
  const auto value = parse_c_double(text);
  const bool overflows = value && std::isinf(*value) && !is_named_float(text);
  return overflows ? std::nullopt : float_operand(value);
}

Value python_float(std::string_view line) {
  if (has_nul(line)) return std::nullopt;
  return float_operand(parse_python_double(line));
}

bool is_plain_float(std::string_view line) { return base::parse_double(line).has_value(); }

// ---- STRING and UNICODE, for which the two have one codec

Value string(std::string_view line) {
  auto bytes = decode_string_literal(line);
  if (!bytes) return std::nullopt;
  return Operand{Kind::kPy2Text, 0, *std::move(bytes)};
}

bool is_plain_string(std::string_view line) { return !has_odd_escape(line); }

Value unicode(std::string_view line) {
  auto text = decode_raw_unicode_escape(line);
  if (!text) return std::nullopt;
  return Operand{Kind::kText, 0, *std::move(text)};
}

bool is_plain_unicode(std::string_view) { return true; }

// ---- GET and PUT: neither has an entry below 0

Value as_index(Value value) {
  const bool is_negative =
      value && (value->kind == Kind::kBigInt ? static_cast<std::int8_t>(value->text.back()) < 0
                                             : static_cast<std::int64_t>(value->bits) < 0);
  return is_negative ? std::nullopt : value;
}

// Its table of entries is an array, for which there is no memory long before numbers end.
Value c_index(std::string_view line) {
  Value index = as_index(python_integer(until_nul(line), 10));
  const bool is_large = index && (index->kind == Kind::kBigInt ||
                                  index->bits > std::numeric_limits<std::uint32_t>::max() ||
                                  (index->kind == Kind::kNone && index->bits != 0));
  return is_large ? std::nullopt : index;
}

Value python_index(std::string_view line) {
  if (has_nul(line)) return std::nullopt;
  return as_index(python_integer(line, 10));
}

bool is_plain_index(std::string_view line) {
  return is_plain_decimal(line) && !line.starts_with('-');
}

// The reader of weights_only knows none of these opcodes: it stops at all of them.
struct Row {
  Opcode opcode;
  Value (*c)(std::string_view line);
  Value (*python)(std::string_view line);
  bool (*is_plain)(std::string_view line);
};

constexpr Row kRows[] = {
    // opcode          C          Python        as picklers write it
    {Opcode::kINT, c_int, python_int, is_plain_int},
    {Opcode::kLONG, c_long, python_long, is_plain_long},
    {Opcode::kFLOAT, c_float, python_float, is_plain_float},
    {Opcode::kSTRING, string, string, is_plain_string},
    {Opcode::kUNICODE, unicode, unicode, is_plain_unicode},
    {Opcode::kGET, c_index, python_index, is_plain_index},
    {Opcode::kPUT, c_index, python_index, is_plain_index},
};

// ---- names

bool is_utf8(std::string_view line) { return base::is_utf8(line, false); }
bool is_utf8_and_there(std::string_view line) { return !line.empty() && is_utf8(line); }
bool is_ascii(std::string_view line) { return base::is_ascii(line); }
bool is_ascii_and_there(std::string_view line) { return !line.empty() && is_ascii(line); }

struct NameRow {
  Opcode opcode;
  bool (*c)(std::string_view line);  // whether it goes on
  bool (*python)(std::string_view line);
  bool (*weights_only)(std::string_view line);  // null: it knows no such opcode
};

constexpr NameRow kNameRows[] = {
    {Opcode::kGLOBAL, is_utf8_and_there, is_utf8, is_utf8},
    {Opcode::kINST, is_ascii_and_there, is_ascii, nullptr},
    {Opcode::kPERSID, is_ascii, is_ascii, nullptr},
};

// ---- counts

struct CountRow {
  Opcode opcode;
  std::uint32_t c;  // the largest with which it goes on
  std::uint32_t python;
  std::uint32_t weights_only;  // 0: it knows no such opcode
};

constexpr std::uint32_t kMostSigned = 0x7FFFFFFF;
constexpr std::uint32_t kMost = 0xFFFFFFFF;

constexpr CountRow kCountRows[] = {
    {Opcode::kBINSTRING, kMost, kMostSigned, 0},
    {Opcode::kLONG4, kMostSigned, kMostSigned, 0},
    {Opcode::kPROTO, 5, 5, 255},
};

template <class Rows>
const auto& row_of(const Rows& rows, Opcode opcode) {
  return *std::find_if(std::begin(rows), std::end(rows),
                       [&](const auto& row) { return row.opcode == opcode; });
}

}  // namespace

Reading read_operand(Opcode opcode, std::string_view line) {
  const Row& row = row_of(kRows, opcode);
  Value c = row.c(line);
  Value python = row.python(line);
  if (!c && !python) return {};
  const bool is_one = c && python && *c == *python && c->kind != Kind::kNone;
  if (!is_one) return {Agreement::kSplit, c ? *std::move(c) : *std::move(python)};
  return {row.is_plain(line) ? Agreement::kPlain : Agreement::kOdd, *std::move(c)};
}

Agreement read_name(Opcode opcode, std::string_view line) {
  const NameRow& row = row_of(kNameRows, opcode);
  const bool c = row.c(line);
  const bool python = row.python(line);
  const bool third = row.weights_only == nullptr ? python : row.weights_only(line);
  if (c && python && third) return Agreement::kPlain;
  return c || python || third ? Agreement::kSplit : Agreement::kNone;
}

Agreement read_count(Opcode opcode, std::uint32_t count) {
  const CountRow& row = row_of(kCountRows, opcode);
  const auto [least, most] = std::minmax({row.c, row.python});
  if (count <= least) return Agreement::kPlain;
  return count <= std::max(most, row.weights_only) ? Agreement::kSplit : Agreement::kNone;
}

}  // namespace safe_load::pickle
