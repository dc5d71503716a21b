#include "pickle/walk.h"

#include "base/byte_reader.h"
#include "base/try.h"

namespace safe_load::pickle {
namespace {

// The argument of an opcode, or nothing for a byte that is none.
// NOLINTBEGIN(bugprone-branch-clone): a table
std::optional<Argument> argument_of(std::uint8_t byte) {
  switch (byte) {
#define SAFE_LOAD_CASE(byte, name, protocol, argument) \
  case byte:                                           \
    return Argument::argument;
    SAFE_LOAD_OPCODES(SAFE_LOAD_CASE)
#undef SAFE_LOAD_CASE
    default:
      return std::nullopt;
  }
}
// NOLINTEND(bugprone-branch-clone)

Result<base::Bytes> read_argument(base::ByteReader& reader, Argument argument) {
  switch (argument) {
    case Argument::kNone:
      return base::Bytes();
    case Argument::kU8:
      return reader.read_bytes(1);
    case Argument::kU16:
      return reader.read_bytes(2);
    case Argument::kU32:
    case Argument::kI32:
      return reader.read_bytes(4);
    case Argument::kU64:
    case Argument::kF64:
      return reader.read_bytes(8);
    case Argument::kLine: {
      SAFE_LOAD_TRY_ASSIGN(const std::string_view line, reader.read_line());
      return base::as_bytes(line);
    }
    case Argument::kTwoLines: {
      SAFE_LOAD_TRY_ASSIGN(const std::string_view first, reader.read_line());
      SAFE_LOAD_TRY(reader.read_line());
      return base::as_bytes(first);
    }
    case Argument::kBytes1: {
      SAFE_LOAD_TRY_ASSIGN(const auto size, reader.read_little<std::uint8_t>());
      return reader.read_bytes(size);
    }
    case Argument::kBytes4:
    case Argument::kSignedBytes4: {
      SAFE_LOAD_TRY_ASSIGN(const auto size, reader.read_little<std::uint32_t>());
      return reader.read_bytes(size);
    }
    case Argument::kBytes8: {
      SAFE_LOAD_TRY_ASSIGN(const auto size, reader.read_little<std::uint64_t>());
      return reader.read_bytes(size);
    }
  }
  return base::Bytes();
}

}  // namespace

Result<std::uint64_t> walk(
    base::Bytes program,
    const std::function<void(Opcode, std::uint64_t offset, base::Bytes argument)>& visit) {
  base::ByteReader reader(program);
  for (;;) {
    const std::uint64_t offset = reader.offset();
    SAFE_LOAD_TRY_ASSIGN(const auto byte, reader.read_little<std::uint8_t>());
    const auto argument = argument_of(byte);
    if (!argument) return Error(ErrorCode::kCorrupt, "a byte that is not an opcode", offset);
    SAFE_LOAD_TRY_ASSIGN(const base::Bytes content, read_argument(reader, *argument));
    const auto opcode = static_cast<Opcode>(byte);
    visit(opcode, offset, content);
    if (opcode == Opcode::kSTOP) return std::uint64_t{reader.offset()};
  }
}

}  // namespace safe_load::pickle
