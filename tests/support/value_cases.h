// value_cases: tables of pickled values and of the text that each is read as.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/value_text.h"
#include "types/known.h"

namespace test_support {

struct ValueCase {
  std::string value;  // pieces of a pickle, see checkpoint_builder.h
  std::string text;   // what value_text prints
};
using ValueCases = std::vector<ValueCase>;

// Holds that each value is read as its text; `storages` has the records that they may name.
void expect_texts(const ValueCases& cases,
                  const CheckpointBuilder& storages = CheckpointBuilder("N"));

// Holds that each known name for which `is_wanted` stands in some case.
void expect_all_names(const ValueCases& cases, bool (*is_wanted)(const safe_load::types::Known&));

}  // namespace test_support
