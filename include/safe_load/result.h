// Result<T>: a value or the reason why there is none. No exception is thrown for bad input.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "safe_load/export.h"

namespace safe_load {
inline namespace v0 {

enum class ErrorCode : std::uint8_t {
  kIo,           // the operating system refused
  kTruncated,    // the data ends before a structure does
  kCorrupt,      // the bytes contradict the format
  kAmbiguous,    // two honest readers would see two different things
  kUnsupported,  // legal, but this library does not read it
  kLimit,        // a member of Limits would be exceeded
  kMismatch,     // the file is fine, the request does not fit it
  kStopped,      // whoever asked does not want it any more
};

constexpr std::string_view to_text(ErrorCode code) {
  switch (code) {
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kTruncated:
      return "truncated";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kAmbiguous:
      return "ambiguous";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kLimit:
      return "limit";
    case ErrorCode::kMismatch:
      return "mismatch";
    case ErrorCode::kStopped:
      return "stopped";
  }
  return "unknown";
}

// Why something failed. Only a literal converts, so it never dangles and holds no byte of the
// input.
struct Reason {
  template <std::size_t N>
  consteval Reason(const char (&literal)[N]) : text(literal, N - 1) {}
  std::string_view text;
};

// What went wrong and where; trivially copyable on purpose: checking a read is a compare and a
// branch.
class [[nodiscard]] Error {
 public:
  static constexpr std::size_t kMaxSubject = 160;

  // `offset` counts bytes from the start of whatever was being read (a file, a member, a pickle).
  constexpr Error(ErrorCode code, Reason reason, std::uint64_t offset = 0)
      : reason_(reason.text), offset_(offset), code_(code) {}

  // Names what the file blamed: escaped, so that hostile text reaches no terminal, and without its
  // middle if it has more than kMaxSubject bytes.
  SAFE_LOAD_EXPORT Error about(std::string_view subject) const;

  // The same error at another place, for whoever knows better where it happened.
  constexpr Error at(std::uint64_t offset) const {
    Error placed = *this;
    placed.offset_ = offset;
    return placed;
  }

  // The same error with the number that the operating system gave (errno).
  constexpr Error from_system(int number) const {
    Error numbered = *this;
    numbered.system_number_ = number;
    return numbered;
  }

  constexpr ErrorCode code() const { return code_; }
  constexpr std::string_view reason() const { return reason_; }
  constexpr std::uint64_t offset() const { return offset_; }
  constexpr std::string_view subject() const { return {subject_, subject_size_}; }
  constexpr int system_number() const { return system_number_; }  // of kIo; 0: none

 private:
  std::string_view reason_;
  std::uint64_t offset_;
  int system_number_ = 0;
  ErrorCode code_;
  std::uint8_t subject_size_ = 0;
  char subject_[kMaxSubject] = {};
};
static_assert(std::is_trivially_copyable_v<Error>);

inline std::ostream& operator<<(std::ostream& out, const Error& error) {
  out << error.reason();
  if (!error.subject().empty()) out << ": " << error.subject();
  return out;
}

// A type that everything it gives is a view of: `using OwnsViews = void;` in the class.
template <class T>
concept OwnsViews = requires {
  typename T::OwnsViews;
};

// A T or an E. `*` and `->` REQUIRE ok().
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}  // implicit: return a T
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}  // or an error

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& operator*() & { return *value(); }
  const T& operator*() const& { return *value(); }
  T operator*() && { return std::move(*value()); }  // by value: nothing dangles
  T* operator->() & { return value(); }
  const T* operator->() const& { return value(); }
  T* operator->() && requires(!OwnsViews<T>) { return value(); }
  T* operator->() && requires OwnsViews<T>
  = delete;  // what it gives would dangle at the end of the line: name the Result first

  // REQUIRES: !ok().
  const E& error() const& {
    assert(!ok());
    return *std::get_if<1>(&state_);
  }
  E error() && {
    assert(!ok());
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  T* value() {
    assert(ok());
    return std::get_if<0>(&state_);
  }
  const T* value() const {
    assert(ok());
    return std::get_if<0>(&state_);
  }
  std::variant<T, E> state_;
};

// Success, or an E.
template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  Result(E error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const E& error() const {
    assert(!ok());
    return *error_;
  }

 private:
  std::optional<E> error_;
};

using Status = Result<void>;

}  // namespace v0
}  // namespace safe_load
