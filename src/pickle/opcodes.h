// The 68 opcodes of pickle protocols 0 to 5: byte, name, first protocol, argument.
// Source: CPython Lib/pickletools.py. Stack effects stand beside each opcode in machine.cc.
#pragma once

#include <cstdint>
#include <string_view>

namespace safe_load::pickle {

// How the argument of an opcode is stored behind it.
enum class Argument : std::uint8_t {
  kNone,
  kU8,
  kU16,
  kU32,
  kI32,
  kU64,
  kF64,       // big-endian
  kLine,      // text up to a line feed
  kTwoLines,  // module and name
  kBytes1,    // length as u8, u32, i32 or u64, then so many bytes
  kBytes4,
  kSignedBytes4,
  kBytes8,
};

// clang-format off
#define SAFE_LOAD_OPCODES(X) \
  X('(',    MARK,             0, kNone) \
  X('.',    STOP,             0, kNone) \
  X('0',    POP,              0, kNone) \
  X('1',    POP_MARK,         1, kNone) \
  X('2',    DUP,              0, kNone) \
  X('F',    FLOAT,            0, kLine) \
  X('I',    INT,              0, kLine) \
  X('J',    BININT,           1, kI32) \
  X('K',    BININT1,          1, kU8) \
  X('L',    LONG,             0, kLine) \
  X('M',    BININT2,          1, kU16) \
  X('N',    NONE,             0, kNone) \
  X('P',    PERSID,           0, kLine) \
  X('Q',    BINPERSID,        1, kNone) \
  X('R',    REDUCE,           0, kNone) \
  X('S',    STRING,           0, kLine) \
  X('T',    BINSTRING,        1, kSignedBytes4) \
  X('U',    SHORT_BINSTRING,  1, kBytes1) \
  X('V',    UNICODE,          0, kLine) \
  X('X',    BINUNICODE,       1, kBytes4) \
  X('a',    APPEND,           0, kNone) \
  X('b',    BUILD,            0, kNone) \
  X('c',    GLOBAL,           0, kTwoLines) \
  X('d',    DICT,             0, kNone) \
  X('}',    EMPTY_DICT,       1, kNone) \
  X('e',    APPENDS,          1, kNone) \
  X('g',    GET,              0, kLine) \
  X('h',    BINGET,           1, kU8) \
  X('i',    INST,             0, kTwoLines) \
  X('j',    LONG_BINGET,      1, kU32) \
  X('l',    LIST,             0, kNone) \
  X(']',    EMPTY_LIST,       1, kNone) \
  X('o',    OBJ,              1, kNone) \
  X('p',    PUT,              0, kLine) \
  X('q',    BINPUT,           1, kU8) \
  X('r',    LONG_BINPUT,      1, kU32) \
  X('s',    SETITEM,          0, kNone) \
  X('t',    TUPLE,            0, kNone) \
  X(')',    EMPTY_TUPLE,      1, kNone) \
  X('u',    SETITEMS,         1, kNone) \
  X('G',    BINFLOAT,         1, kF64) \
  X(0x80,   PROTO,            2, kU8) \
  X(0x81,   NEWOBJ,           2, kNone) \
  X(0x82,   EXT1,             2, kU8) \
  X(0x83,   EXT2,             2, kU16) \
  X(0x84,   EXT4,             2, kI32) \
  X(0x85,   TUPLE1,           2, kNone) \
  X(0x86,   TUPLE2,           2, kNone) \
  X(0x87,   TUPLE3,           2, kNone) \
  X(0x88,   NEWTRUE,          2, kNone) \
  X(0x89,   NEWFALSE,         2, kNone) \
  X(0x8A,   LONG1,            2, kBytes1) \
  X(0x8B,   LONG4,            2, kSignedBytes4) \
  X('B',    BINBYTES,         3, kBytes4) \
  X('C',    SHORT_BINBYTES,   3, kBytes1) \
  X(0x8C,   SHORT_BINUNICODE, 4, kBytes1) \
  X(0x8D,   BINUNICODE8,      4, kBytes8) \
  X(0x8E,   BINBYTES8,        4, kBytes8) \
  X(0x8F,   EMPTY_SET,        4, kNone) \
  X(0x90,   ADDITEMS,         4, kNone) \
  X(0x91,   FROZENSET,        4, kNone) \
  X(0x92,   NEWOBJ_EX,        4, kNone) \
  X(0x93,   STACK_GLOBAL,     4, kNone) \
  X(0x94,   MEMOIZE,          4, kNone) \
  X(0x95,   FRAME,            4, kU64) \
  X(0x96,   BYTEARRAY8,       5, kBytes8) \
  X(0x97,   NEXT_BUFFER,      5, kNone) \
  X(0x98,   READONLY_BUFFER,  5, kNone)
// clang-format on

enum class Opcode : std::uint8_t {
#define SAFE_LOAD_ENUMERATOR(byte, name, protocol, argument) k##name = byte,
  SAFE_LOAD_OPCODES(SAFE_LOAD_ENUMERATOR)
#undef SAFE_LOAD_ENUMERATOR
};

// "" for a byte that is not an opcode.
std::string_view name(Opcode opcode);
int first_protocol(Opcode opcode);

}  // namespace safe_load::pickle
