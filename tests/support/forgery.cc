#include "support/forgery.h"

#include <gtest/gtest.h>

namespace test_support {
namespace {

// Around a value: {"model": [value]}.
constexpr std::size_t kProto = 2;
const std::string kBefore = "}(" + text("model") + "](";
const std::string kAfter = "eu";
const std::string kPath = "$[\"model\"][0]";

}  // namespace

void expect_complaints(std::initializer_list<Forgery> forgeries,
                       const CheckpointBuilder& storages) {
  for (const Forgery& forgery : forgeries) {
    const std::string blamed = forgery.blamed.empty() ? forgery.value : forgery.blamed;
    const std::size_t begin = forgery.value.find(blamed);
    ASSERT_NE(begin, std::string::npos) << forgery.complaint;
    const std::size_t offset = kProto + kBefore.size() + begin + blamed.size() - 1;
    const std::size_t colon = forgery.complaint.find(':');
    const std::string expected = forgery.complaint.substr(0, colon) + " at " +
                                 std::to_string(offset) + forgery.complaint.substr(colon);
    CheckpointBuilder file = storages;
    file.value(kBefore + forgery.value + kAfter);
    const std::string found = complaint(file);
    EXPECT_EQ(found.substr(0, expected.size()), expected) << found;
    EXPECT_EQ(found.find('\n'), std::string::npos) << "more than one complaint: " << found;
    const auto opened = open(file);
    if (!opened || opened->issues().empty()) continue;
    const std::string path = opened->issues()[0].path;
    EXPECT_TRUE(path.starts_with(kPath)) << path << ": " << found;
  }
}

void expect_element_complaints(std::initializer_list<Forgery> forgeries,
                               const CheckpointBuilder& storages) {
  for (const Forgery& forgery : forgeries) {
    CheckpointBuilder file = storages;
    file.value(kBefore + forgery.value + kAfter);
    EXPECT_EQ(complaint(file), "") << forgery.complaint;
    const auto opened = open(file);
    ASSERT_TRUE(opened) << forgery.complaint;
    const auto issues = opened->check_elements(opened->root());
    ASSERT_EQ(issues.size(), 1u) << forgery.complaint;
    EXPECT_EQ(std::string(to_text(issues[0].code)) + ": " + issues[0].message, forgery.complaint);
    EXPECT_EQ(issues[0].path, kPath);
  }
}

}  // namespace test_support
