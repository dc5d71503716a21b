#include "writing/plain_keys.h"

#include <cmath>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/text.h"

namespace safe_load::writing {
namespace {

using Id = PlainValues::Id;
using Kind = PlainValues::Kind;

constexpr std::size_t kLongest = std::size_t{1} << 20;  // bytes of a text
constexpr int kDeepest = 100;                           // tuples in tuples

// One text for all numbers that Python takes for equal; beyond 64 bits perhaps for some neighbours
// too.
std::string number_text(Kind kind, base::Bytes bytes, Id id) {
  constexpr double kBeyond = 9.2e18;
  if (kind == Kind::kTrue) return "number 1;";
  if (kind == Kind::kFalse) return "number 0;";
  double real = 0;
  if (kind == Kind::kReal) {
    real = base::load_big<double>(bytes.data());
  } else if (bytes.size() <= sizeof(std::int64_t)) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i) {
      const bool is_negative =
          !bytes.empty() && (std::to_integer<unsigned>(bytes.back()) & 0x80) != 0;
      const std::uint64_t byte = i < bytes.size() ? std::to_integer<std::uint64_t>(bytes[i])
                                 : is_negative    ? 0xFFu
                                                  : 0u;
      number |= byte << (8 * i);
    }
    return "number " + std::to_string(static_cast<std::int64_t>(number)) + ';';
  } else {
    for (std::size_t i = bytes.size(); i-- > 0;) {
      const auto byte = std::to_integer<int>(bytes[i]);
      real = real * 256 + (i + 1 == bytes.size() && byte >= 128 ? byte - 256 : byte);
    }
  }
  if (std::abs(real) < kBeyond && std::trunc(real) == real)
    return "number " + std::to_string(static_cast<std::int64_t>(real)) + ';';
  if (std::isnan(real)) return "NaN " + std::to_string(id) + ';';  // equal to itself alone
  return "real " + base::to_text(real) + ';';
}

bool add(const PlainValues& values, Id id, int depth, std::string& text);

// What calls make: tensors are equal to themselves alone, a torch.Size to the tuple of its numbers,
// and containers are no keys.
// NOLINTNEXTLINE(misc-no-recursion): kDeepest
bool add_call(const PlainValues& values, Id id, int depth, std::string& text) {
  const auto parts = values.parts(id);
  const std::string_view function = base::as_text(values.bytes(parts[0]));
  const auto arguments = values.parts(parts[1]);
  if (function.starts_with("torch._")) {
    text += "tensor " + std::to_string(id) + ';';
    return true;
  }
  if (function == "torch\nSize") return add(values, arguments[0], depth, text);
  const bool is_complex = function == "__builtin__\ncomplex";
  if (is_complex && base::load_big<double>(values.bytes(arguments[1]).data()) == 0)
    return add(values, arguments[0], depth, text);
  if (!is_complex && function != "_codecs\nencode" && function != "torch\ndevice" &&
      function != "torch.serialization\n_get_layout")
    return false;
  text += function;
  return add(values, parts[1], depth, text);
}

// NOLINTNEXTLINE(misc-no-recursion): kDeepest
bool add(const PlainValues& values, Id id, int depth, std::string& text) {
  const Kind kind = values[id].kind;
  const base::Bytes bytes = values.bytes(id);
  switch (kind) {
    case Kind::kTrue:
    case Kind::kFalse:
    case Kind::kInteger:
    case Kind::kReal:
      text += number_text(kind, bytes, id);
      return true;
    case Kind::kNone:
    case Kind::kText:
    case Kind::kGlobal:
      text += static_cast<char>('a' + static_cast<int>(kind));
      text += std::to_string(bytes.size()) + ':';
      text += base::as_text(bytes);
      return text.size() <= kLongest;
    case Kind::kTuple:
      if (depth == kDeepest) return false;
      text += '(';
      for (const Id part : values.parts(id))
        if (!add(values, part, depth + 1, text) || text.size() > kLongest) return false;
      text += ')';
      return true;
    case Kind::kStorage:
      text += "storage " + std::to_string(id) + ';';
      return true;
    case Kind::kCall:
      return add_call(values, id, depth, text);
    case Kind::kList:
    case Kind::kDict:
      return false;
  }
  return false;
}

}  // namespace

std::optional<std::string> key_text(const PlainValues& values, Id id) {
  std::string text;
  if (!add(values, id, 0, text)) return std::nullopt;
  return text;
}

}  // namespace safe_load::writing
