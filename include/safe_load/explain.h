// Why torch.load(weights_only=True) of torch 2.13 does not open a file: every reason at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "safe_load/checkpoint.h"
#include "safe_load/export.h"

namespace safe_load {
inline namespace v0 {

enum class RefusalKind : std::uint8_t {
  kContainer,     // the kind of file
  kOpcode,        // an opcode that torch's reader does not have
  kGlobal,        // a name that is not on its list; a program can add it
  kImport,        // the same, but it is added by importing a part of torch
  kBlocked,       // a name of a module that no list can allow
  kUnnamedClass,  // a class that is not on the list and is not named in the file
  kCallable,      // a call of something that no list can hold
  kItems,         // items for a value that is not a plain dict or list
  kPersistentId,  // a persistent id that is not a storage
  kText,          // text of Python 2 that is not UTF-8
  kDamage,        // a value that contradicts itself, which no reader builds
  kValue,         // a kind of value that torch writes and its own reader cannot build
};

constexpr std::string_view to_text(RefusalKind kind) {
  constexpr std::string_view kTexts[] = {"container",     "opcode",        "global",   "import",
                                         "blocked",       "unnamed class", "callable", "items",
                                         "persistent id", "text",          "damage",   "value"};
  return kTexts[static_cast<std::size_t>(kind)];
}

struct Refusal {
  RefusalKind kind;
  std::string name;          // of the class, function, opcode or format, escaped
  std::string member;        // of the container
  std::uint64_t offset = 0;  // of the first place, in the member
  std::string object_path;   // of the first place; "" if it is not part of the result
  std::uint64_t count = 1;   // places
  bool is_final = false;     // whether no list of allowed names helps
  bool is_rebuilt = false;   // a name that safe_load gives a meaning; others become inert records

  // What torch does not take, in a sentence.
  SAFE_LOAD_EXPORT std::string why() const;
};

// In the order in which the pickle comes upon them; none: torch opens it. `file_name` matters only
// to what torch opens by its name. Takes time in proportion to the pickle.
SAFE_LOAD_EXPORT std::vector<Refusal> torch_refusals(const Checkpoint& checkpoint,
                                                     std::string_view file_name = "");

// For people: every reason, what safe_load does with it, and what to do next. Ends in a line feed.
SAFE_LOAD_EXPORT std::string explanation_text(const Checkpoint& checkpoint, std::string_view title);

// For programs: "schema": "safe-load.explain/1"; docs/guide/json.md describes it.
SAFE_LOAD_EXPORT std::string explanation_json(const Checkpoint& checkpoint, std::string_view title);

}  // namespace v0
}  // namespace safe_load
