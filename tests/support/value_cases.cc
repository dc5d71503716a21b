#include "support/value_cases.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace test_support {

void expect_texts(const ValueCases& cases, const CheckpointBuilder& storages) {
  for (const ValueCase& c : cases) {
    CheckpointBuilder file = storages;
    EXPECT_EQ(opened_text(file.value(c.value)), c.text) << testing::PrintToString(c.value);
  }
}

void expect_all_names(const ValueCases& cases, bool (*is_wanted)(const safe_load::types::Known&)) {
  for (const safe_load::types::Known& row : safe_load::types::known_names()) {
    const std::string spelled = symbol(row.module, row.name);
    const auto has_it = [&](const ValueCase& c) { return c.value.find(spelled) != c.value.npos; };
    EXPECT_TRUE(!is_wanted(row) || std::any_of(cases.begin(), cases.end(), has_it))
        << "no case for " << row.module << '.' << row.name;
  }
}

}  // namespace test_support
