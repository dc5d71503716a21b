// forgery: tables of values that lie, each with the exact complaint about it.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "support/checkpoint_builder.h"

namespace test_support {

struct Forgery {
  std::string value;      // pieces of a pickle, see checkpoint_builder.h
  std::string complaint;  // how it begins: "corrupt: a tensor with a negative size"
  // The part of `value` whose last opcode is to blame; "": the whole value. The offset that is
  // expected is computed from it.
  std::string blamed = "";
};

// Holds that each file opens, or does not open, with this one complaint at this offset. The value
// stands deep in the file, and what is wrong with it is said to be there: $["model"][0]. `storages`
// has the records that the values may name.
void expect_complaints(std::initializer_list<Forgery> forgeries,
                       const CheckpointBuilder& storages = CheckpointBuilder("N"));

// Holds that each file opens without a complaint, and that only Checkpoint::check_elements has this
// one about it; `blamed` plays no part.
void expect_element_complaints(std::initializer_list<Forgery> forgeries,
                               const CheckpointBuilder& storages = CheckpointBuilder("N"));

}  // namespace test_support
