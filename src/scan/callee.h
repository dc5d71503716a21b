// Callees: what a value is that a pickle calls or asks for an attribute, as far as the file itself
// says it. Whatever way leads to a name, the name is what would be called.
#pragma once

#include <cstdint>
#include <string>

#include "pickle/tape.h"
#include "scan/makers.h"

namespace safe_load::scanner {

struct Callee {
  enum class Is : std::uint8_t {
    kUnknown,   // the file does not say
    kNamed,     // module.name
    kType,      // a type of Python; `name`
    kModule,    // `module`
    kClass,     // that the file describes
    kFunction,  // from byte code in the file
    kCell,
    kPartial,
    kDecorator,  // that does not call what it is given
    kResult,     // what module.name returned, or an object of it
  };
  Is is = Is::kUnknown;
  std::string module;
  std::string name;
};

class Callees {
 public:
  // `tape` must outlive this.
  explicit Callees(const pickle::Tape& tape) : tape_(tape) {}

  Callee resolve(pickle::NodeId id) const;

  // Whether a value is getattr(object, "name"), under whatever name.
  bool is_attribute(pickle::NodeId id) const;
  // getattr(dill._dill, "_setattr", setattr): how dill writes that newer versions have a name that
  // older ones lack.
  bool is_setter(pickle::NodeId id) const;

 private:
  Callee resolve(pickle::NodeId id, int& steps) const;
  Callee resolve_call(const pickle::Call& call, int& steps) const;
  Callee attribute(std::span<const pickle::NodeId> given, int& steps) const;
  // The text of an argument, or "" if it is none or too long to be a name.
  std::string_view name_at(std::span<const pickle::NodeId> given, std::size_t place) const;

  const pickle::Tape& tape_;
};

}  // namespace safe_load::scanner
