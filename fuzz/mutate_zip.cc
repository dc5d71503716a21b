#include <utility>

#include "archive/zip_directory.h"
#include "archive/zip_member.h"
#include "base/bytes.h"
#include "deflate/inflate.h"
#include "mutators.h"

namespace safe_load::fuzz {
namespace {

struct Entry {
  std::string name;
  std::string data;  // as it stands in the file
  std::uint32_t crc = 0;
  std::uint64_t size = 0;
  std::uint16_t method = 0;
};

void put(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

std::string fields_of(const Entry& entry) {
  std::string fields;
  put(fields, 0, 2);  // flags
  put(fields, entry.method, 2);
  put(fields, 0, 4);  // time
  put(fields, entry.crc, 4);
  put(fields, entry.data.size(), 4);
  put(fields, entry.size, 4);
  put(fields, entry.name.size(), 2);
  put(fields, 0, 2);  // extra
  return fields;
}

std::string write(const std::vector<Entry>& entries) {
  std::string file;
  std::string directory;
  for (const Entry& entry : entries) {
    const std::uint64_t offset = file.size();
    const std::string fields = fields_of(entry);
    file += "PK\3\4";
    put(file, 20, 2);
    file += fields + entry.name + entry.data;
    directory += "PK\1\2";
    put(directory, 20, 2);
    put(directory, 20, 2);
    directory += fields;
    directory.append(10, '\0');
    put(directory, offset, 4);
    directory += entry.name;
  }
  const std::uint64_t begin = file.size();
  file += directory;
  file += "PK\5\6";
  put(file, 0, 4);
  put(file, entries.size(), 2);
  put(file, entries.size(), 2);
  put(file, directory.size(), 4);
  put(file, begin, 4);
  put(file, 0, 2);
  return file;
}

std::vector<Entry> read(std::string_view file) {
  const base::MemorySource source(base::as_bytes(file));
  const auto directory = archive::ZipDirectory::read(source, {});
  std::vector<Entry> entries;
  if (!directory) return entries;
  for (const archive::ZipEntry& entry : directory->entries()) {
    const auto member = archive::locate(source, entry);
    if (!member) continue;
    const auto data = file.substr(static_cast<std::size_t>(member->data_offset),
                                  static_cast<std::size_t>(entry.compressed_size));
    entries.push_back(
        {std::string(entry.name), std::string(data), entry.crc, entry.size, entry.method});
  }
  return entries;
}

void change_content(Entry& entry, Chance& chance, const MutateBytes& mutate) {
  const bool is_pickle = entry.name.ends_with(".pkl") || entry.data.starts_with('\x80');
  entry.data =
      is_pickle && chance() % 4 != 0 ? mutate_pickle(entry.data, chance) : mutate(entry.data);
  if (entry.method != 0) return;
  entry.size = entry.data.size();
  entry.crc = deflate::crc32(0, base::as_bytes(entry.data));
}

}  // namespace

std::string mutate_zip(std::string_view file, Chance& chance, const MutateBytes& mutate) {
  std::vector<Entry> entries = read(file);
  if (entries.empty()) return std::string(file);
  constexpr std::string_view kNames[] = {"data.pkl",      "data/0",    "data/1",
                                         "version",       "byteorder", "constants.pkl",
                                         ".data/version", "x.npy",     "code/a.py"};
  const std::size_t at = chance() % entries.size();
  Entry& entry = entries[at];
  switch (chance() % 8) {
    case 0:
      entry.name = mutate(entry.name);
      break;
    case 1: {
      const std::string folder = entry.name.substr(0, entry.name.find('/') + 1);
      entry.name = folder + std::string(kNames[chance() % std::size(kNames)]);
      break;
    }
    case 2:
      entries.push_back(Entry(entry));
      break;
    case 3:
      std::swap(entry, entries[chance() % entries.size()]);
      break;
    case 4:
      entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    default:
      change_content(entry, chance, mutate);
  }
  std::string out = write(entries);
  if (chance() % 8 == 0) {
    char& byte = out[chance() % out.size()];
    byte = static_cast<char>(byte ^ (1 << chance() % 8));
  }
  return out;
}

}  // namespace safe_load::fuzz
