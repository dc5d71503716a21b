#include "archive/tar_directory.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "support/tar_builder.h"

namespace {

using safe_load::archive::could_be_tar_header;
using test_support::TarBuilder;
using test_support::TarHeader;

std::string header(const std::string& name, std::int64_t lie) {
  return TarBuilder()
      .member(name, "")
      .lie([&](TarHeader& header) { header.checksum = lie; })
      .build()
      .substr(0, 512);
}

bool could_be(const std::string& block) {
  return could_be_tar_header(safe_load::base::as_bytes(block));
}

// Old programs added signed bytes: a byte above 127 counts 256 less.
TEST(TarHeaders, HaveAChecksumOfSignedOrUnsignedBytes) {
  EXPECT_TRUE(could_be(header("\xff", 0)));
  EXPECT_TRUE(could_be(header("\xff", -256)));
  EXPECT_FALSE(could_be(header("\xff", -255)));
  EXPECT_FALSE(could_be(header("\xff", 1)));
}

TEST(TarHeaders, HaveAChecksumAsPythonReadsNumbers) {
  const std::string honest = header("a", 0);
  const std::string digits = honest.substr(148, 6);
  const auto with = [&](std::string field) {
    field.resize(8, '\0');
    return could_be(std::string(honest).replace(148, 8, field));
  };
  for (const std::string& field : {digits, " " + digits, "0o" + digits, "+" + digits.substr(1)})
    EXPECT_TRUE(with(field)) << field;
  EXPECT_FALSE(with("9" + digits.substr(1)));
  EXPECT_FALSE(could_be(honest.substr(0, 511)));
}

}  // namespace
