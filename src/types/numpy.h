// NumPy dtypes and arrays as checked descriptions, never as NumPy's own objects.
//
// NumPy rebuilds them with __setstate__ and scalar(), which trust their arguments: a forged state
// makes NumPy read memory that is not its own. Here sizes and flags are computed from the type and
// only compared with what the file says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pickle/tape.h"
#include "safe_load/result.h"

namespace safe_load::types {

inline constexpr std::uint32_t kNoDtype = 0xFFFFFFFF;

// A part of a structured dtype.
struct ArrayField {
  pickle::NodeId name = pickle::kNoNode;   // text
  pickle::NodeId title = pickle::kNoNode;  // text, or none
  std::uint32_t dtype = kNoDtype;          // number of a complete ArrayDtype
  std::uint64_t offset = 0;                // bytes from the start of the item
};

struct ArrayDtype {
  char kind = 0;               // b i u f c O S U V M m T, as in the array interface
  char order = '|';            // < > |
  std::uint64_t itemsize = 0;  // bytes of one item; of all items of a subarray
  bool is_complete = false;    // its BUILD was seen
  bool is_aligned = false;
  bool is_record = false;  // numpy.record instead of numpy.void
  std::uint8_t flags = 0;  // NumPy's flags, computed
  std::uint8_t depth = 0;  // of nested dtypes
  std::string_view unit;   // of M and m: "s"; empty if generic
  std::uint32_t unit_count = 1;
  std::uint32_t base = kNoDtype;           // of a subarray
  pickle::NodeId shape = pickle::kNoNode;  // of a subarray: a tuple, or one int
  std::vector<ArrayField> fields;
  std::uint64_t parts = 1;                    // dtypes in it, itself included, each time counted
  std::uint64_t mask_size = 1;                // bytes per item of a mask: one per plain field
  pickle::NodeId node = pickle::kNoNode;      // the dtype as a value
  pickle::NodeId metadata = pickle::kNoNode;  // a dict, or none
  pickle::NodeId missing = pickle::kNoNode;   // what stands for a missing text in a StringDType
  bool is_coerced = true;                     // of a StringDType

  // Whether items are nodes instead of bytes.
  bool has_objects() const { return (flags & 1) != 0 || is_text(); }
  bool is_text() const { return kind == 'T'; }  // numpy.dtypes.StringDType

  // As numpy.dtype would take it: "<f8", "|S5", "<M8[25s]", "|O". For structures "|V12".
  std::string text() const;
};

// The type that a type string (the first argument of numpy.dtype) names, without its state.
Result<ArrayDtype> parse_type_string(std::string_view text);

// A type text with its byte order, and a unit for dates: "<f8", "|S5", "<M8[25s]".
Result<ArrayDtype> parse_described_type(std::string_view text);

// The flags that a structure gets from a part; from none: its own.
std::uint8_t structure_flags(const ArrayDtype& part);

// An array or a scalar (which has no dimensions). The product of its sizes times its item size is
// the number of data bytes, or without it the number of nodes in the list.
// A scalar with objects has an array without dimensions as its data.
struct Array {
  std::uint32_t dtype = kNoDtype;
  pickle::NodeId shape = pickle::kNoNode;        // a tuple; none for a scalar
  pickle::NodeId axes = pickle::kNoNode;         // a permutation that is applied last, or none
  pickle::NodeId data = pickle::kNoNode;         // bytes, or a list for types with objects
  pickle::NodeId array_class = pickle::kNoNode;  // a symbol, or none
  pickle::NodeId mask = pickle::kNoNode;         // of a masked array: bytes, mask_size per item
  pickle::NodeId fill_value = pickle::kNoNode;   // of a masked array
  bool is_fortran = false;
};

}  // namespace safe_load::types
