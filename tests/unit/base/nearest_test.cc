#include "base/nearest.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

using safe_load::base::Nearest;

namespace {

std::string nearest(std::string_view typed, const std::vector<std::string>& words) {
  Nearest found(typed);
  for (const std::string& word : words) found.add(word);
  return found.word();
}

}  // namespace

TEST(Nearest, FewChangesOrTheEndOfADottedName) {
  const std::vector<std::string> commands = {"ls", "show", "explain", "scan"};
  EXPECT_EQ(nearest("shwo", commands), "show");
  EXPECT_EQ(nearest("explian", commands), "explain");
  EXPECT_EQ(nearest("scna", commands), "scan");
  EXPECT_EQ(nearest("lss", commands), "ls");
  const std::vector<std::string> names = {"model.fc.bias", "model.fc.weight", "epoch"};
  EXPECT_EQ(nearest("fc.weight", names), "model.fc.weight");
  EXPECT_EQ(nearest("model.fc.weigth", names), "model.fc.weight");
  EXPECT_EQ(nearest("eposh", names), "epoch");
}

TEST(Nearest, OtherWordsAreNotMeant) {
  EXPECT_EQ(nearest("model.pt", {"ls", "show", "explain", "scan"}), "");
  EXPECT_EQ(nearest("weight", {"overweight", "epoch"}), "");
  EXPECT_EQ(nearest("", {"a", "b"}), "");
  EXPECT_EQ(nearest(std::string(Nearest::kMostLength + 1, 'a'),
                    {std::string(Nearest::kMostLength + 1, 'a')}),
            "");
}

TEST(Nearest, LooksAtSoManyWordsOnly) {
  Nearest found("epoch");
  for (std::size_t i = 0; i < Nearest::kMostWords; ++i) found.add("something else");
  found.add("epoch.");
  EXPECT_EQ(found.word(), "");
}
