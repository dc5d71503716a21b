// Oddities: what no pickler writes and some reader takes all the same. A loader refuses most of
// them; a lenient tape goes over each, and keeps it as a note for whoever judges the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "safe_load/result.h"

namespace safe_load::pickle {

// clang-format off
#define SAFE_LOAD_ODDITIES(X) \
  X(FrameCrossed,       "an opcode crosses the end of its frame") \
  X(FrameInFrame,       "a frame inside a frame") \
  X(FrameCut,           "a frame is cut off") \
  X(FrameEmpty,         "an empty frame") \
  X(StopInFrame,        "STOP inside a frame") \
  X(MemoOverwritten,    "a memo entry is overwritten") \
  X(LateProtocol,       "a protocol that is announced late or twice") \
  X(NewProtocol,        "a pickle protocol above 5") \
  X(ValuesLeft,         "values are left on the stack") \
  X(OddName,            "a GLOBAL with an impossible name") \
  X(Python2Name,        "a name of Python 2 in a pickle of Python 3") \
  X(ComputedName,       "a global whose names are not text") \
  X(StateOfNoObject,    "a state is given to a value that cannot take one") \
  X(ItemsOfNoContainer, "items are added to a value that cannot hold them") \
  X(ItemsOfNoList,      "items are appended to a value that cannot hold them") \
  X(ItemsOfNoDict,      "keys are set in a value that cannot hold them") \
  X(ItemsOfNoSet,       "members are added to a value that cannot hold them") \
  X(ExtensionCode,      "an extension code, whose meaning lies in the program that wrote the file") \
  X(OutOfBandBuffer,    "an out-of-band buffer, which is not in the file") \
  X(OddNumber,          "a number in no form that a pickler writes") \
  X(OddFloat,           "a float in no form that a pickler writes") \
  X(OddString,          "a quoted string in no form that a pickler writes") \
  X(OddEscape,          "a broken \\u escape") \
  X(OddMemoIndex,       "a memo index that is not a plain number") \
  X(OddLength,          "a negative length") \
  X(LineWithoutEnd,     "the last line has no end") \
  X(OddArguments,       "call arguments that are not a tuple") \
  X(OddKeywords,        "keyword arguments that are not a dict") \
  X(HugeInteger,        "an integer over 1 MiB") \
  X(CallOfNoClass,      "a call of a value that is not a class") \
  X(ArgumentsMissing,   "a class is called without the arguments that it needs") \
  X(ArgumentsIgnored,   "a class is made with arguments that it ignores then") \
  X(OddMaker,           "a name is made in a way that is not its own") \
  X(ObjectAttribute,    "an attribute of a tensor can be called, or has methods of its own") \
  X(GradientOfIntegers, "a tensor of whole numbers asks for a gradient, which has no meaning")
// clang-format on

enum class Oddity : std::uint8_t {
#define SAFE_LOAD_ODDITY(name, words) k##name,
  SAFE_LOAD_ODDITIES(SAFE_LOAD_ODDITY)
#undef SAFE_LOAD_ODDITY
};

inline constexpr Reason kOddityWords[] = {
#define SAFE_LOAD_ODDITY(name, words) Reason(words),
    SAFE_LOAD_ODDITIES(SAFE_LOAD_ODDITY)
#undef SAFE_LOAD_ODDITY
};
inline constexpr std::size_t kOddityCount = std::size(kOddityWords);

constexpr Reason words(Oddity oddity) { return kOddityWords[static_cast<std::size_t>(oddity)]; }

}  // namespace safe_load::pickle
