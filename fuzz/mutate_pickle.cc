#include <algorithm>
#include <iterator>

#include "base/bytes.h"
#include "mutators.h"
#include "pickle/opcodes.h"

namespace safe_load::fuzz {
namespace {

using namespace std::string_view_literals;
using pickle::Argument;

// NOLINTBEGIN(bugprone-branch-clone): a table
Argument argument_of(char byte) {
  switch (static_cast<unsigned char>(byte)) {
#define SAFE_LOAD_CASE(code, name, protocol, argument) \
  case static_cast<unsigned char>(code):               \
    return Argument::argument;
    SAFE_LOAD_OPCODES(SAFE_LOAD_CASE)
#undef SAFE_LOAD_CASE
    default:
      return Argument::kNone;
  }
}
// NOLINTEND(bugprone-branch-clone)

std::size_t line_at(std::string_view rest, std::size_t from) {
  return std::min(rest.find('\n', from), rest.size() - 1) + 1;
}

template <class Length>
std::size_t counted(std::string_view rest) {
  if (rest.size() < 1 + sizeof(Length)) return rest.size();
  const auto length = base::load_little<Length>(base::as_bytes(rest).data() + 1);
  const std::size_t left = rest.size() - 1 - sizeof(Length);
  return 1 + sizeof(Length) + static_cast<std::size_t>(std::min<std::uint64_t>(length, left));
}

// How long the first instruction is.
std::size_t size_of_first(std::string_view rest) {
  const auto fixed = [&](std::size_t size) { return std::min(size, rest.size()); };
  switch (argument_of(rest[0])) {
    case Argument::kNone:
      return 1;
    case Argument::kU8:
      return fixed(2);
    case Argument::kU16:
      return fixed(3);
    case Argument::kU32:
    case Argument::kI32:
      return fixed(5);
    case Argument::kU64:
    case Argument::kF64:
      return fixed(9);
    case Argument::kLine:
      return line_at(rest, 1);
    case Argument::kTwoLines:
      return line_at(rest, std::min(line_at(rest, 1), rest.size() - 1));
    case Argument::kBytes1:
      return counted<std::uint8_t>(rest);
    case Argument::kBytes4:
    case Argument::kSignedBytes4:
      return counted<std::uint32_t>(rest);
    case Argument::kBytes8:
      return counted<std::uint64_t>(rest);
  }
  return 1;
}

// Instructions to insert: what needs no operand, and operands in forms that readers take
// differently.
constexpr std::string_view kInstructions[] = {"("sv,
                                              "."sv,
                                              "0"sv,
                                              "1"sv,
                                              "2"sv,
                                              "N"sv,
                                              ")"sv,
                                              "]"sv,
                                              "}"sv,
                                              "\x88"sv,
                                              "\x89"sv,
                                              "\x8f"sv,
                                              "a"sv,
                                              "b"sv,
                                              "d"sv,
                                              "e"sv,
                                              "l"sv,
                                              "o"sv,
                                              "s"sv,
                                              "t"sv,
                                              "u"sv,
                                              "R"sv,
                                              "\x81"sv,
                                              "\x85"sv,
                                              "\x86"sv,
                                              "\x87"sv,
                                              "\x90"sv,
                                              "\x91"sv,
                                              "\x92"sv,
                                              "\x93"sv,
                                              "\x94"sv,
                                              "\x97"sv,
                                              "\x98"sv,
                                              "Q"sv,
                                              "q\0"sv,
                                              "h\0"sv,
                                              "K\1"sv,
                                              "J\xff\xff\xff\xff"sv,
                                              "M\0\1"sv,
                                              "C\1a"sv,
                                              "U\1a"sv,
                                              "\x8c\1a"sv,
                                              "X\1\0\0\0a"sv,
                                              "\x8a\1\5"sv,
                                              "G?\xf0\0\0\0\0\0\0"sv,
                                              "ccollections\nOrderedDict\n"sv,
                                              "cm\nx\n"sv,
                                              "im\nx\n"sv,
                                              "I5\0z\n"sv,
                                              "I017\n"sv,
                                              "I0x1\n"sv,
                                              "I 1\n"sv,
                                              "I\n"sv,
                                              "L5L\n"sv,
                                              "L1_0\n"sv,
                                              "F1e999\n"sv,
                                              "F 1\n"sv,
                                              "S'\\q'\n"sv,
                                              "S'a\n"sv,
                                              "V\\\\u00zz\n"sv,
                                              "V\\u00zz\n"sv,
                                              "g1\0\n"sv,
                                              "p 1\n"sv,
                                              "p99999999999\n"sv,
                                              "T\xff\xff\xff\xff"sv,
                                              "\x8b\xff\xff\xff\xff"sv,
                                              "\x8d\xff\xff\xff\xff\xff\xff\xff\x7f"sv,
                                              "\x80\2"sv,
                                              "\x80\6"sv,
                                              "\x95\3\0\0\0\0\0\0\0"sv,
                                              "\x96\1\0\0\0\0\0\0\0a"sv,
                                              "c\nx\n"sv,
                                              "cm\n\n"sv,
                                              "P1\n"sv,
                                              "\x82\1"sv};

}  // namespace

std::vector<std::string_view> split_pickle(std::string_view pickle) {
  std::vector<std::string_view> parts;
  while (!pickle.empty()) {
    const std::size_t size = size_of_first(pickle);
    parts.push_back(pickle.substr(0, size));
    pickle.remove_prefix(size);
  }
  return parts;
}

std::string mutate_pickle(std::string_view pickle, Chance& chance) {
  std::vector<std::string_view> parts = split_pickle(pickle);
  const auto any = [&](std::size_t count) { return chance() % count; };
  for (std::size_t steps = 1 + any(4); steps != 0; --steps) {
    const std::size_t at = any(parts.size() + 1);
    const auto place = parts.begin() + static_cast<std::ptrdiff_t>(at);
    const auto left = static_cast<std::size_t>(parts.end() - place);
    const std::string_view instruction = kInstructions[any(std::size(kInstructions))];
    switch (any(5)) {
      case 0:
        if (left != 0) std::swap(*place, parts[any(parts.size())]);
        break;
      case 1:
        parts.erase(place, place + static_cast<std::ptrdiff_t>(std::min(left, 1 + any(3))));
        break;
      case 2: {
        const std::vector<std::string_view> again(
            place, place + static_cast<std::ptrdiff_t>(std::min(left, 1 + any(4))));
        parts.insert(place, again.begin(), again.end());
        break;
      }
      case 3:
        parts.insert(place, instruction);
        break;
      default:
        if (left != 0) *place = instruction;
    }
  }
  std::string out;
  for (const std::string_view part : parts) out += part;
  return out;
}

}  // namespace safe_load::fuzz
