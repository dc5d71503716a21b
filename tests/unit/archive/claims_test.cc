// Claims: what programs would take a file for, each by marks of its own.
#include "archive/claims.h"

#include <gtest/gtest.h>

#include <string>

#include "archive/tar_directory.h"
#include "base/bytes.h"

namespace {

using namespace std::string_literals;
using safe_load::archive::claims;
using safe_load::archive::could_be_tar_header;
using safe_load::base::as_bytes;

std::string claimed(const std::string& head) {
  std::string words;
  for (const std::string_view claim : claims(as_bytes(head), head.size()))
    words.append(words.empty() ? "" : ", ").append(claim);
  return words;
}

// A block whose name begins with `first`; `stated` in place of its checksum, which is %o.
std::string tar(std::string first, const std::string& before = "", const std::string& magic = "") {
  first.resize(512, '\0');
  first.replace(257, magic.size(), magic);
  first.replace(148, 8, "        ");
  unsigned sum = 0;
  for (const char c : first) sum += static_cast<unsigned char>(c);
  std::string digits;
  for (; sum != 0; sum >>= 3) digits.insert(digits.begin(), static_cast<char>('0' + (sum & 7)));
  return first.replace(148, 8, (before + digits + std::string(8, '\0')).substr(0, 8));
}

TEST(Claims, AreThoseOfEveryFormat) {
  EXPECT_EQ(claimed("PK\3\4"), "a zip file");
  EXPECT_EQ(claimed("\x80\2}."), "a pickle");
  EXPECT_EQ(claimed("\x80\2"), "a pickle");
  EXPECT_EQ(claimed("\x80\2\0"s), "") << "no unpickler goes on there";
  EXPECT_EQ(claimed("\x93NUMPY\1\0"s), "a NumPy array");
  for (const std::string& packed :
       {"\x1f\x8b\x08\0"s, "BZh9"s,
        "\xfd"
        "7zXZ\0"s,
        "]\0\0\x80\0"s, "\x28\xb5\x2f\xfd"s, "\x04\x22\x4d\x18"s, "x\x9c\x03\0\0\0\0\1"s})
    EXPECT_EQ(claimed(packed), "compressed data");
  EXPECT_EQ(claimed("\x02\0\0\0\0\0\0\0{}"s), "a safetensors file");
  EXPECT_EQ(claimed("\xff\0\0\0\0\0\0\0{}"s), "") << "a header longer than the file";
  EXPECT_EQ(claimed(" \n{\"a\": 1}"), "JSON");
  EXPECT_EQ(claimed(tar("name", "", "ustar")), "a tar archive");
  EXPECT_EQ(claimed(tar("name")), "a tar archive");
  EXPECT_EQ(claimed(tar("name").substr(0, 511)), "");
  EXPECT_EQ(claimed(std::string(4096, '\0')), "");
  EXPECT_EQ(claimed("\x18\0\0\0PTMF\0"s), "a PyTorch mobile flatbuffer");
  EXPECT_EQ(claimed("just words"), "");
  EXPECT_EQ(claimed(""), "");
}

TEST(Claims, AreSeveralWhereMarksStandAtSeveralPlaces) {
  EXPECT_EQ(claimed(tar("da\0\0PTMF"s, "", "ustar")), "a tar archive, a PyTorch mobile flatbuffer");
  EXPECT_EQ(claimed(tar("\x1f\x8b\x08\4")), "compressed data, a tar archive");
  EXPECT_EQ(claimed(tar("\x93NUMPY\1\0"s, "", "ustar")), "a NumPy array, a tar archive");
  EXPECT_EQ(claimed(tar("{\"a\": \"", "", "ustar")), "JSON, a tar archive");
  EXPECT_EQ(claimed(tar("PK\3\4")), "a zip file, a tar archive");
  EXPECT_EQ(claimed(tar("ZF  0X9", "", "ustar")), "compressed data, a tar archive");
  EXPECT_EQ(claimed(tar("\x80\2B")), "a pickle, a tar archive");
}

// Python 3.6 to 3.13: tarfile.nti("\x1c001234"), and so on.
TEST(TarHeaders, AreWhatPythonTakesForOne) {
  for (const std::string& before :
       {""s, " "s, "\t"s, "\x1c"s, "\x1f"s, "-"s, "+"s, "0o"s, "0O"s, "0_"s})
    EXPECT_TRUE(could_be_tar_header(as_bytes(tar("name", before)))) << before;
  EXPECT_FALSE(could_be_tar_header(as_bytes(tar("name", "1"))));
  EXPECT_FALSE(could_be_tar_header(as_bytes(tar("name", "x"))));
  std::string block = tar("name");
  const auto sum = std::stoll(block.substr(148, 8), nullptr, 8);
  for (const int first : {0x80, 0xFF}) {
    const auto number = static_cast<std::uint64_t>(first == 0x80 ? sum : -sum);
    block[148] = static_cast<char>(first);
    for (std::size_t i = 0; i < 7; ++i)
      block[155 - i] = static_cast<char>(number >> (8 * i) & 0xFF);
    // The sum is of all bytes but these.
    EXPECT_EQ(could_be_tar_header(as_bytes(block)), first == 0x80);
  }
}

}  // namespace
