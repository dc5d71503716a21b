// value_text: a value with all its parts on one line, so that a test case reads {pickle, text}.
#pragma once

#include <safe_load/checkpoint.h>

#include <string>

#include "support/checkpoint_builder.h"

namespace test_support {

// Prints 7, "text", b"bytes", [..], (..), {k: v}, set(..), range[0, 9, 1], module.Class(arguments)
// +[items] +{k: v} +set(..) .build(state). A container that was printed before is &N, its number in
// order of printing. Tensors and arrays print as tensor_text() and array_text().
std::string value_text(const safe_load::ValueView& value);

// "F32 [2, 3] of 0", then what is unusual: " at 4" (offset), " by [1, 2]" (strides), flags.
std::string tensor_text(const safe_load::TensorView& tensor);
// "<f8 [2, 3] by [24, 8] \"bytes\"" or, with objects, "|O [2] [1, None]".
std::string array_text(const safe_load::ArrayView& array);
// "<f8", or {name: type @offset, ...} of a structure, or type[2, 3] of a subarray.
std::string dtype_text(const safe_load::ArrayView& dtype);

// The root of the file, or what is wrong with the file if anything is.
std::string opened_text(const CheckpointBuilder& file, const safe_load::OpenOptions& options = {});

}  // namespace test_support
