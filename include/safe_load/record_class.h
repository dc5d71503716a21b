// RecordClass: a class of a known package whose objects stay inert records that read as the objects
// did. Strict loading takes them, and where a config keeps what it holds is known. Names, and
// nothing behind them. docs/format/records.md has the table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "safe_load/export.h"

namespace safe_load {
inline namespace v0 {

enum class RecordForm : std::uint8_t {
  kObject,    // has attributes
  kMember,    // of an enumeration: stands for the value that its class is called with
  kItems,     // a subclass of dict, whose items pickle adds
  kArgument,  // a subclass of dict that is made from a dict
  kContent,   // a container: `attribute` is a dict or list; of omegaconf perhaps None or a text
  kValue,     // stands for the value of `attribute`
};

SAFE_LOAD_EXPORT std::string_view to_text(RecordForm form);

struct RecordClass {
  std::string_view module;
  std::string_view name;
  RecordForm form;
  std::string_view attribute;
};

// All of them, sorted by module and name.
SAFE_LOAD_EXPORT std::span<const RecordClass> record_classes();

// That of this pair (after the mapping of Python 2 names), or null.
SAFE_LOAD_EXPORT const RecordClass* find_record_class(std::string_view module,
                                                      std::string_view name);

}  // namespace v0
}  // namespace safe_load
