// Promise: whatever the bytes, opening ends in a checkpoint or in an issue that says what and what
// to do; and of a checkpoint that opened everything can be listed, printed and read, and its
// weights written. Inputs that are not a zip file are taken for the pickle of one, so that fuzzing
// reaches the values behind the container.
#include <safe_load/safe_load.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "deflate/inflate.h"
#include "read_everything.h"

using namespace safe_load;

namespace {

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

// The smallest torch zip file around a pickle: stored entries a/data.pkl and a/data/0 (64 bytes).
std::string around(std::string_view pickle) {
  const std::string storage(64, '\x3f');
  const std::pair<std::string, std::string_view> entries[] = {{"a/data.pkl", pickle},
                                                              {"a/data/0", storage}};
  std::string file;
  std::string directory;
  for (const auto& [name, content] : entries) {
    const std::uint64_t offset = file.size();
    const std::uint32_t crc = deflate::crc32(0, base::as_bytes(content));
    std::string fields;
    fields.append(8, '\0');  // flags, method, time, date
    put(fields, crc, 4);
    put(fields, content.size(), 4);
    put(fields, content.size(), 4);
    put(fields, name.size(), 2);
    put(fields, 0, 2);
    file += "PK\3\4";
    put(file, 20, 2);
    file += fields + name;
    file += content;
    directory += "PK\1\2";
    put(directory, 20, 2);
    put(directory, 20, 2);
    directory += fields;
    directory.append(10, '\0');  // comment, disk, attributes
    put(directory, offset, 4);
    directory += name;
  }
  const std::uint64_t at = file.size();
  file += directory + "PK\5\6";
  put(file, 0, 4);
  put(file, 2, 2);
  put(file, 2, 2);
  put(file, directory.size(), 4);
  put(file, at, 4);
  put(file, 0, 2);
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const base::Bytes bytes = std::as_bytes(std::span(data, size));
  const bool is_zip = base::as_text(bytes).starts_with("PK\3\4");
  const std::string wrapped = is_zip ? "" : around(base::as_text(bytes));
  // Options come from the input, so that a found case repeats.
  OpenOptions options;
  options.verify = size % 2 == 1;
  options.encoding = static_cast<TextEncoding>(size % 3);
  if (size % 5 == 0) options.byte_order = ByteOrder::kBig;
  const auto opened = Checkpoint::open(is_zip ? bytes : base::as_bytes(wrapped), options);
  if (opened) {
    read_everything(*opened);
  } else if (opened.error().message.empty()) {
    std::abort();
  }
  return 0;
}
