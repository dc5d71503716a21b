// ArgumentWords: what the text among a call's arguments says, three levels deep.
#pragma once

#include <cstdint>
#include <vector>

#include "pickle/tape.h"
#include "scan/evidence.h"

namespace safe_load::scanner {

// Looks at so many bytes at most in its life, for many calls may share their arguments: behind that
// it finds nothing, and a finding is worded without it.
class ArgumentWords {
 public:
  static constexpr std::uint64_t kMostLooked = std::uint64_t{16} << 20;

  // `tape` must outlive this.
  explicit ArgumentWords(const pickle::Tape& tape, std::uint64_t most = kMostLooked)
      : tape_(tape), most_(most) {}

  bool is_spent() const { return looked_ > most_; }

  std::vector<Evidence> evidence_of(const pickle::Call& call);
  // Whether what `call` is given looks like program text or a command.
  bool is_grave(const pickle::Call& call);

  enum class Text : std::uint8_t { kAnyWord, kWhole };  // of a text, or only the text as one word
  // Whether the arguments name what runs programs.
  bool has_danger(const pickle::Call& call, Text text);
  bool has_danger(pickle::NodeId value, Text text) { return has_danger(value, text, 0); }

 private:
  bool may_look(pickle::NodeId id);
  void collect(pickle::NodeId id, int depth, std::vector<Evidence>& found);
  bool has_danger(pickle::NodeId id, Text text, int depth);

  const pickle::Tape& tape_;
  std::uint64_t most_;
  std::uint64_t looked_ = 0;
};

}  // namespace safe_load::scanner
