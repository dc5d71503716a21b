#include "scan/oddity_judgement.h"

namespace safe_load::scanner {

using pickle::Oddity;

Judgement judge(Oddity oddity) {
  switch (oddity) {
    case Oddity::kFrameCrossed:
    case Oddity::kFrameInFrame:
      return {Rule::kP01, Severity::kDanger};
    case Oddity::kStopInFrame:
      return {Rule::kP01, Severity::kUnknown};
    case Oddity::kFrameEmpty:
      return {Rule::kP01, Severity::kNote};
    case Oddity::kFrameCut:
      return {Rule::kR07, Severity::kIncomplete};
    case Oddity::kMemoOverwritten:
      return {Rule::kP03, Severity::kNote};
    case Oddity::kComputedName:
      return {Rule::kP04, Severity::kDanger};
    case Oddity::kValuesLeft:
      return {Rule::kP06, Severity::kNote};
    case Oddity::kExtensionCode:
      return {Rule::kP07, Severity::kUnknown};
    case Oddity::kOutOfBandBuffer:
      return {Rule::kP08, Severity::kUnknown};
    case Oddity::kLateProtocol:
    case Oddity::kPython2Name:
      return {Rule::kP09, Severity::kUnknown};
    case Oddity::kNewProtocol:
      return {Rule::kP09, Severity::kIncomplete};
    case Oddity::kOddName:
    case Oddity::kOddNumber:
    case Oddity::kOddFloat:
    case Oddity::kOddString:
    case Oddity::kOddEscape:
    case Oddity::kOddMemoIndex:
    case Oddity::kOddLength:
    case Oddity::kLineWithoutEnd:
    case Oddity::kOddArguments:
    case Oddity::kOddKeywords:
      return {Rule::kP10, Severity::kUnknown};
    case Oddity::kHugeInteger:
      return {Rule::kR05, Severity::kIncomplete};
    case Oddity::kStateOfNoObject:
      return {Rule::kP12, Severity::kDanger};
    case Oddity::kCallOfNoClass:
      return {Rule::kP13, Severity::kDanger};
    case Oddity::kArgumentsMissing:
    case Oddity::kArgumentsIgnored:
    case Oddity::kOddMaker:
      return {Rule::kA03, Severity::kUnknown};
    // What was done to a value that cannot take it: on a tensor, memory is overwritten.
    case Oddity::kItemsOfNoContainer:
    case Oddity::kItemsOfNoList:
    case Oddity::kItemsOfNoDict:
    case Oddity::kItemsOfNoSet:
      return {Rule::kT10, Severity::kDanger};
    case Oddity::kObjectAttribute:
      return {Rule::kA02, Severity::kUnknown};
    case Oddity::kGradientOfIntegers:
      return {Rule::kT10, Severity::kNote};
  }
  return {Rule::kT10, Severity::kDanger};
}

}  // namespace safe_load::scanner
