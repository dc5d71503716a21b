// PackageObjects: whether a pickle uses the classes of well-known packages as their own objects are
// pickled, so that nothing runs but what was read in their sources.
//
// A class may be kept, as any value; be made by NEWOBJ or copyreg without arguments and filled by a
// dict of its own; an enumeration may be called with a text or an integer. Whatever else is done
// with one of them is a misuse. The methods that were read look at some parts of a state: a part
// that could make them call something is a misuse, too; and so is, for all of them, a function that
// the file keeps as a value, for it could be what is called.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pickle/tape.h"
#include "scan/package_classes.h"

namespace safe_load::scanner {

class PackageObjects {
 public:
  // Looks at the whole tape if it names such a class. `tape` is used here only. `compares_root`: as
  // torch.load compares the result of a plain pickle with its magic number.
  PackageObjects(const pickle::Tape& tape, bool compares_root);

  // The row of a symbol, if the pickle does nothing with it but what the row vouches for.
  std::optional<PackageClass> proved(std::uint32_t symbol) const;

 private:
  struct Class {
    std::optional<PackageClass> row;
    bool is_misused = false;
  };
  friend class PackageUses;

  std::vector<Class> classes_;  // by symbol
};

}  // namespace safe_load::scanner
