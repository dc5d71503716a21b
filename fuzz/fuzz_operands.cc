// Promise: whatever the line, its reading is one of the four agreements. Where some reader goes on
// there is a value of the opcode's kind; what picklers write gives the number that it spells; and a
// blank around a number changes nothing that the unpickler in Python makes of it.
#include <cstdlib>

#include "base/bytes.h"
#include "base/text.h"
#include "pickle/number_literals.h"
#include "pickle/operands.h"

using namespace safe_load;
using pickle::Agreement;
using pickle::Kind;
using pickle::Opcode;

namespace {

bool is_kind_of(Opcode opcode, const pickle::Operand& value) {
  if (opcode == Opcode::kFLOAT) return value.kind == Kind::kFloat;
  if (opcode == Opcode::kSTRING) return value.kind == Kind::kPy2Text;
  if (opcode == Opcode::kUNICODE)
    return value.kind == Kind::kText && base::is_utf8(value.text, true);
  if (value.kind == Kind::kBool) return opcode == Opcode::kINT && value.bits <= 1;
  return value.kind == Kind::kInt || value.kind == Kind::kNone ||
         (value.kind == Kind::kBigInt && value.text.size() > 8);
}

void check_number(std::string_view line, const pickle::Reading& reading) {
  std::string padded = " ";
  padded += line;
  padded += '\t';
  const auto blank = pickle::parse_python_integer(padded, 0);
  const auto bare = pickle::parse_python_integer(line, 0);
  if (blank.has_value() != bare.has_value()) std::abort();
  if (bare && (blank->small != bare->small || blank->large != bare->large)) std::abort();
  if (reading.agreement != Agreement::kPlain || reading.value.kind != Kind::kInt) return;
  const auto number = static_cast<std::int64_t>(reading.value.bits);
  if (std::to_string(number) != line) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr Opcode kOpcodes[] = {Opcode::kINT,     Opcode::kLONG, Opcode::kFLOAT, Opcode::kSTRING,
                                 Opcode::kUNICODE, Opcode::kGET,  Opcode::kPUT};
  if (size == 0) return 0;
  const Opcode opcode = kOpcodes[data[0] % std::size(kOpcodes)];
  const std::string_view line = base::as_text(std::as_bytes(std::span(data + 1, size - 1)));
  const pickle::Reading reading = pickle::read_operand(opcode, line);
  const bool goes_on = reading.agreement != Agreement::kNone;
  if (goes_on && !is_kind_of(opcode, reading.value)) std::abort();
  const bool is_sure =
      reading.agreement == Agreement::kPlain || reading.agreement == Agreement::kOdd;
  if (is_sure && reading.value.kind == Kind::kNone) std::abort();
  if (opcode == Opcode::kINT) check_number(line, reading);
  static_cast<void>(pickle::read_name(Opcode::kGLOBAL, line));
  return 0;
}
