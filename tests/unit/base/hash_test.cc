// SipHash: equal inputs agree, and the ways of cutting input apart do not collide.
#include "base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace {

using safe_load::base::hash_seed;
using safe_load::base::SipHash;
using safe_load::base::TextHash;

TEST(Hash, IsTheSameForEqualTextAtDifferentAddresses) {
  const std::string text = "layers.10.self_attn.q_proj.weight";
  const std::string shifted = "x" + text;
  EXPECT_EQ(TextHash()(text), TextHash()(std::string_view(shifted).substr(1)));
}

TEST(Hash, TellsTextsApartThatDifferInOneBitOrInLength) {
  std::set<std::size_t> seen;
  std::size_t count = 0;
  const std::string base(24, '\0');
  for (std::size_t size = 0; size <= base.size(); ++size, ++count)
    seen.insert(TextHash()(std::string_view(base).substr(0, size)));
  for (std::size_t bit = 0; bit < 8 * base.size(); ++bit, ++count) {
    std::string text = base;
    text[bit / 8] = static_cast<char>(1 << bit % 8);
    seen.insert(TextHash()(text));
  }
  EXPECT_EQ(seen.size(), count);
}

TEST(Hash, TellsWhereOneTextEndsAndTheNextBegins) {
  const auto pair = [](std::string_view first, std::string_view second) {
    SipHash hash;
    hash.add(first);
    hash.add(second);
    return hash.finish();
  };
  EXPECT_NE(pair("torch", "nn.Linear"), pair("torch.nn", "Linear"));
  EXPECT_NE(pair("abcdefgh", ""), pair("", "abcdefgh"));
  EXPECT_EQ(pair("a", "b"), pair("a", "b"));
}

TEST(Hash, HasOneSeedInAProcessThatIsNotZero) {
  EXPECT_EQ(hash_seed(), hash_seed());
  EXPECT_NE(hash_seed()[0] | hash_seed()[1], 0u);
}

}  // namespace
