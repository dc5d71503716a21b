#include "support/forgery.h"

#include <gtest/gtest.h>

namespace test_support {

void expect_complaints(std::initializer_list<Forgery> forgeries,
                       const CheckpointBuilder& storages) {
  for (const Forgery& forgery : forgeries) {
    constexpr std::size_t kProto = 2;
    const std::string blamed = forgery.blamed.empty() ? forgery.value : forgery.blamed;
    const std::size_t begin = forgery.value.find(blamed);
    ASSERT_NE(begin, std::string::npos) << forgery.complaint;
    const std::size_t offset = kProto + begin + blamed.size() - 1;
    const std::size_t colon = forgery.complaint.find(':');
    const std::string expected = forgery.complaint.substr(0, colon) + " at " +
                                 std::to_string(offset) + forgery.complaint.substr(colon);
    CheckpointBuilder file = storages;
    const std::string found = complaint(file.value(forgery.value));
    EXPECT_EQ(found.substr(0, expected.size()), expected) << found;
    EXPECT_EQ(found.find('\n'), std::string::npos) << "more than one complaint: " << found;
  }
}

}  // namespace test_support
