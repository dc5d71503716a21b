// Makers: functions with which honest picklers build parts of programs, and what each of them makes
// when it is called. They make nothing better: a name that is not here is one that is not known.
#pragma once

#include <cstdint>
#include <string_view>

namespace safe_load::scanner {

enum class Makes : std::uint8_t {
  kUnknown,    // this is no maker
  kAttribute,  // getattr under any name
  kModule,     // imports the module that its one text names
  kType,       // a type of Python, by its name
  kTuple,      // a named tuple, or whatever stands under its name in its module
  kClass,      // of what the file says
  kFunction,   // from byte code in the file
  kCode,
  kCell,
  kInstance,  // of its first argument
  kPartial,
  kDecorator,  // functools.lru_cache(8): what is called with a function, and does not call it
  kArray,      // of numpy, by the function of numpy that it is given
  kRebuilt,    // by a method of the class that it is given
  kItems,      // none: it puts items into a dict
  kConstant,   // None, Ellipsis, NotImplemented: by evaluating its text
};

Makes what_makes(std::string_view module, std::string_view name);

// Whether calling this type of Python only puts its arguments together. `name`: as `types` or
// `builtins` has it, or as dill calls it.
bool is_plain_type(std::string_view name);

// Whether this type of Python is that of functions, whose objects are built from byte code.
bool is_function_type(std::string_view name);

// Whether a module comes with Python, so that nobody's class has to be looked for in it.
bool is_of_standard_library(std::string_view module);

}  // namespace safe_load::scanner
