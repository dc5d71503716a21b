// ValueCalls: what a call does whose callee is no name but a value that the pickle made before. It
// is judged by what would be called, whatever way leads there.
#pragma once

#include "pickle/tape.h"
#include "safe_load/file_report.h"
#include "scan/argument_words.h"
#include "scan/callee.h"

namespace safe_load::scanner {

class ValueCalls {
 public:
  // Both must outlive this.
  ValueCalls(const pickle::Tape& tape, const Callees& callees)
      : tape_(tape), callees_(callees), words_(tape, kMostLooked) {}

  // Of a call of a value. `callee`: call.callee, or what a partial calls.
  Finding judge(pickle::NodeId callee, const pickle::Call& call);

  // Of setattr: dill names classes with it, and fills the cells of functions.
  Finding judge_setattr(const pickle::Call& call) const;
  // Of a function that builds parts of programs, if it is called as no pickler does. Else null.
  const char* misuse_of_maker(Makes makes, const pickle::Call& call) const;

 private:
  static constexpr std::uint64_t kMostLooked = std::uint64_t{64} << 20;

  Finding judge_type(const std::string& name, const pickle::Call& call);
  Finding judge_named(const Callee& what, const pickle::Call& call);
  Finding judge_partial(pickle::NodeId partial, const pickle::Call& call, int depth);
  Finding judge_result(const Callee& what, pickle::NodeId callee, const pickle::Call& call);
  Finding judge(pickle::NodeId callee, const pickle::Call& call, int depth);
  Finding judge_code(const pickle::Call& call);
  // Whether any call that led to a value, or this one, is given a text that names what runs
  // programs, or a function from the file; or whether nobody can say any more.
  bool has_danger_on_the_way(pickle::NodeId callee, const pickle::Call& call);
  bool is_bad_step(const pickle::Call& call);
  bool has_function(pickle::NodeId value, int depth) const;
  bool is_read_here(pickle::NodeId value) const;
  bool is_kind(std::span<const pickle::NodeId> given, std::size_t place, pickle::Kind kind) const;

  const pickle::Tape& tape_;
  const Callees& callees_;
  ArgumentWords words_;
};

}  // namespace safe_load::scanner
