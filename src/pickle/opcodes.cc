#include "pickle/opcodes.h"

namespace safe_load::pickle {

std::string_view name(Opcode opcode) {
  switch (opcode) {
#define SAFE_LOAD_CASE(byte, name, protocol, argument) \
  case Opcode::k##name:                                \
    return #name;
    SAFE_LOAD_OPCODES(SAFE_LOAD_CASE)
#undef SAFE_LOAD_CASE
  }
  return "";
}

// NOLINTBEGIN(bugprone-branch-clone): a table
int first_protocol(Opcode opcode) {
  switch (opcode) {
#define SAFE_LOAD_CASE(byte, name, protocol, argument) \
  case Opcode::k##name:                                \
    return protocol;
    SAFE_LOAD_OPCODES(SAFE_LOAD_CASE)
#undef SAFE_LOAD_CASE
  }
  return 0;
}
// NOLINTEND(bugprone-branch-clone)

}  // namespace safe_load::pickle
