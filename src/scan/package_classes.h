// Classes of well-known packages whose objects are unpickled by setting attributes, read in the
// sources of the versions that the table names, by tools/package_classes.py.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace safe_load::scanner {

struct PackageClass {
  enum class Is : std::uint8_t {
    kObject,     // object.__new__ makes it, and a dict fills it
    kCompared,   // the same; code of its own hashes or compares it
    kEnum,       // called with a value it gives its member of that value
    kFunction,   // called without arguments it gives an object of its module
    kReference,  // may be kept as a value, as by hyperparameters; its objects are not vouched for
  };
  Is is;
  std::string_view package;
  std::string_view version;
};

// By the exact pair; a class that is not in the table is one that nobody vouches for.
std::optional<PackageClass> find_package_class(std::string_view module, std::string_view name);

// All rows, as text: equal ones give equal answers.
std::string package_class_table();

}  // namespace safe_load::scanner
