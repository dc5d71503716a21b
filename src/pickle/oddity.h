// What is odd about a pickle, by name, for whoever judges a file by its oddities. Some are errors
// to a loader, and only a lenient tape goes on behind them.
#pragma once

#include "safe_load/result.h"

namespace safe_load::pickle::oddity {

inline constexpr Reason kFrameCrossed = "an opcode crosses the end of its frame";
inline constexpr Reason kFrameInFrame = "a frame inside a frame";
inline constexpr Reason kFrameCut = "a frame is cut off";
inline constexpr Reason kFrameEmpty = "an empty frame";
inline constexpr Reason kStopInFrame = "STOP inside a frame";
inline constexpr Reason kMemoOverwritten = "a memo entry is overwritten";
inline constexpr Reason kLateProtocol = "a protocol that is announced late or twice";
inline constexpr Reason kNewProtocol = "a pickle protocol above 5";
inline constexpr Reason kValuesLeft = "values are left on the stack";
inline constexpr Reason kOddName = "a GLOBAL with an impossible name";
inline constexpr Reason kPython2Name = "a name of Python 2 in a pickle of Python 3";
inline constexpr Reason kComputedName = "a global whose names are no text";
inline constexpr Reason kStateOfNoObject = "a state is given to a value that cannot take one";
inline constexpr Reason kItemsOfNoContainer = "items are added to a value that cannot hold them";
inline constexpr Reason kExtensionCode =
    "an extension code, whose meaning lies in the program that wrote the file";
inline constexpr Reason kOutOfBandBuffer = "an out-of-band buffer, which is not in the file";
inline constexpr Reason kOddNumber = "a number in no form that a pickler writes";
inline constexpr Reason kOddFloat = "a float in no form that a pickler writes";
inline constexpr Reason kOddString = "a quoted string in no form that a pickler writes";
inline constexpr Reason kOddEscape = "a broken \\u escape";
inline constexpr Reason kOddMemoIndex = "a memo index that is no plain number";
inline constexpr Reason kOddArguments = "call arguments that are no tuple";
inline constexpr Reason kHugeInteger = "an integer over 1 MiB";
inline constexpr Reason kCallOfNoClass = "a call of a value that is no class";

}  // namespace safe_load::pickle::oddity
