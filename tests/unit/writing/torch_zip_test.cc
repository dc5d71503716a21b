// TorchZip: where torch's own writer puts the records of a file beyond 4 GiB. The numbers are those
// of torch._C.PyTorchFileWriter of torch 2.13 for records of these sizes.
#include "writing/torch_zip.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

namespace {

TEST(TorchZip, PutsRecordsWhereTorchPutsThem) {
  constexpr std::uint64_t kLarge = (std::uint64_t{4} << 30) + 4096;
  const std::vector<std::tuple<std::string, std::uint64_t, std::uint64_t>> records = {
      {"data.pkl", 314, 0},
      {".format_version", 1, 394},
      {".storage_alignment", 2, 529},
      {"byteorder", 6, 658},
      {"data/0", 20, 790},
      {"data/1", kLarge, 932},
      {"data/2", 56, 4294972440},
      {"data/3", 12, 4294972624},
      {"version", 2, 4294972772},
      {".data/serialization_id", 40, 4294972890},
  };
  safe_load::writing::TorchZip zip;
  for (const auto& [name, size, offset] : records) {
    EXPECT_EQ(zip.offset(), offset) << name;
    zip.begin("archive/" + name, size);
    EXPECT_EQ((zip.offset() - size) % 64, 0u) << name;
    zip.end(0);
  }
  const std::string directory = zip.directory();
  EXPECT_EQ(zip.offset() + directory.size(), 4294973865u);
  // What torch's directory says of a size, and of an offset, that need 64 bits.
  const std::string large("\1\0\x10\0\0\x10\0\0\1\0\0\0\0\x10\0\0\1\0\0\0", 20);
  const std::string far("\1\0\x08\0\x18\x14\0\0\1\0\0\0", 12);
  EXPECT_NE(directory.find("archive/data/1" + large), std::string::npos);
  EXPECT_NE(directory.find("archive/data/2" + far), std::string::npos);
}

}  // namespace
