#include "container/failure.h"

#include "base/text.h"

namespace safe_load::container {

std::string_view hint_for(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTruncated:
      return "download or save it again; part of it is missing";
    case ErrorCode::kCorrupt:
      return "the file is damaged or was made to mislead; get it again";
    case ErrorCode::kAmbiguous:
      return "programs would disagree about what this file holds; get it from where it was made";
    case ErrorCode::kLimit:
      return "raise that limit if you expect a file of this kind";
    case ErrorCode::kIo:
      return "check the path and the permissions";
    case ErrorCode::kUnsupported:
    case ErrorCode::kMismatch:
    case ErrorCode::kStopped:
      return "";
  }
  return "";
}

Issue describe(const Error& error, std::string member, std::string hint) {
  Issue issue;
  issue.code = error.code();
  issue.message = error.reason();
  if (!error.subject().empty()) issue.message += ": " + std::string(error.subject());
  issue.member = std::move(member);
  issue.offset = error.offset();
  issue.hint = std::move(hint);
  issue.system_number = error.system_number();
  return issue;
}

Issue describe(const Failure& failure) {
  Issue issue =
      describe(failure.error, failure.member,
               failure.hint.empty() ? std::string(hint_for(failure.error.code())) : failure.hint);
  if (!failure.message.empty()) issue.message = failure.message;
  return issue;
}

}  // namespace safe_load::container
