#include "archive/tar_directory.h"

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/source.h"
#include "support/tar_builder.h"

namespace {

using safe_load::archive::could_be_tar_header;
using safe_load::archive::read_tar_content;
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

std::string read(const std::string& file) {
  const safe_load::base::MemorySource source(safe_load::base::as_bytes(file));
  const auto content = read_tar_content(source);
  if (!content) return std::string(content.error().reason());
  std::string text;
  for (const auto& member : content->members)
    text += member.name + " at " + std::to_string(member.data_offset) + ' ';
  return text + (content->has_others ? "and others" : "");
}

// Python's tarfile goes on with what is between the records and the end of the block.
TEST(TarExtensions, HaveNothingButZerosBehindThem) {
  for (const char type : {'x', 'X', 'g', 'L', 'K'}) {
    const bool is_text = type == 'L' || type == 'K';
    const std::string records = is_text ? "a name" : "20 comment=whatever\n";
    std::string file = TarBuilder().member("head", records, type).member("a", "1").build();
    EXPECT_EQ(read(file), type == 'L' ? "a name at 1536 " : "a at 1536 ") << type;
    file[512 + records.size() + 3] = '1';
    EXPECT_EQ(read(file), "bytes behind the end of a tar extension, which some programs read")
        << type;
  }
}

TEST(TarMembers, HaveAPrefixThatAllProgramsRead) {
  const auto with = [](const std::string& magic) {
    return read(TarBuilder()
                    .member("a", "1")
                    .lie([&](TarHeader& header) {
                      header.magic = magic;
                      header.prefix = "folder";
                    })
                    .build());
  };
  EXPECT_EQ(with(std::string("ustar\0", 6) + "00"), "folder/a at 512 ");
  for (const std::string& magic : {std::string("ustar  \0", 8), std::string(8, '\0')})
    EXPECT_EQ(with(magic), "a tar member with a prefix that not all programs read");
}

TEST(TarMembers, ThatAreNoFilesAreTold) {
  for (const char type : {'1', '2', '3', '4', '6'})
    EXPECT_EQ(read(TarBuilder().member("a", "1").member("b", "", type).build()),
              "a at 512 and others")
        << type;
  EXPECT_EQ(read(TarBuilder().member("a", "1").member("b", "", '5').build()), "a at 512 ");
}

}  // namespace
