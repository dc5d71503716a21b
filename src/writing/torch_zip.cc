#include "writing/torch_zip.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/bytes.h"
#include "digest/sha256.h"

namespace safe_load::writing {
namespace {

using base::append_little;

constexpr std::uint64_t kAlignment = 64;  // of the bytes of each record
constexpr std::uint64_t kLarge = 0xFFFFFFFF;
constexpr std::uint64_t kMany = 0xFFFF;

std::uint64_t flags(std::uint64_t size) { return size == 0 ? 0x0800 : 0x0808; }

bool is_zip64(std::uint64_t size, std::uint64_t offset) {
  return size >= kLarge || offset >= kLarge;
}

std::string digits(std::uint64_t number) {
  const std::string text = std::to_string(number);
  return std::string(20 - text.size(), '0') + text;
}

}  // namespace

std::string TorchZip::begin(std::string name, std::uint64_t size) {
  std::string zip64;
  if (is_zip64(size, offset_)) {
    append_little(zip64, 1, 2);
    append_little(zip64, (size >= kLarge ? 16u : 0u) + (offset_ >= kLarge ? 8u : 0u), 2);
    if (size >= kLarge) {
      append_little(zip64, size, 8);
      append_little(zip64, 0, 8);
    }
    if (offset_ >= kLarge) append_little(zip64, offset_, 8);
  }
  const std::uint64_t fixed = offset_ + 30 + name.size() + zip64.size() + 4;
  const std::uint64_t padding = (kAlignment - fixed % kAlignment) % kAlignment;
  std::string out = "PK\x03\x04";
  append_little(out, 0, 2);
  append_little(out, flags(size), 2);
  out.append(18, '\0');  // method, time, date, checksum, sizes
  append_little(out, name.size(), 2);
  append_little(out, zip64.size() + 4 + padding, 2);
  (out += name) += zip64;
  out += "FB";
  append_little(out, padding, 2);
  out.append(padding, 'Z');
  entries_.push_back({std::move(name), offset_, size, 0});
  offset_ += out.size() + size;
  return out;
}

std::string TorchZip::end(std::uint32_t crc) {
  Entry& entry = entries_.back();
  entry.crc = crc;
  if (entry.size == 0) return {};
  const int width = is_zip64(entry.size, entry.offset) ? 8 : 4;
  std::string out = "PK\x07\x08";
  append_little(out, crc, 4);
  append_little(out, entry.size, width);
  append_little(out, entry.size, width);
  offset_ += out.size();
  return out;
}

std::string TorchZip::directory() const {
  std::string out;
  for (const Entry& entry : entries_) {
    std::string extra;
    if (is_zip64(entry.size, entry.offset)) {
      append_little(extra, 1, 2);
      append_little(extra, (entry.size >= kLarge ? 16u : 0u) + (entry.offset >= kLarge ? 8u : 0u),
                    2);
      if (entry.size >= kLarge) {
        append_little(extra, entry.size, 8);
        append_little(extra, entry.size, 8);
      }
      if (entry.offset >= kLarge) append_little(extra, entry.offset, 8);
    }
    out += "PK\x01\x02";
    append_little(out, 0, 4);
    append_little(out, flags(entry.size), 2);
    append_little(out, 0, 6);
    append_little(out, entry.crc, 4);
    append_little(out, std::min(entry.size, kLarge), 4);
    append_little(out, std::min(entry.size, kLarge), 4);
    append_little(out, entry.name.size(), 2);
    append_little(out, extra.size(), 2);
    out.append(10, '\0');  // comment, disk, attributes
    append_little(out, std::min(entry.offset, kLarge), 4);
    (out += entry.name) += extra;
  }
  const std::uint64_t size = out.size();
  const std::uint64_t count = entries_.size();
  const std::uint64_t end64 = offset_ + size;
  out += "PK\x06\x06";
  append_little(out, 44, 8);
  append_little(out, 0x031E, 2);
  append_little(out, 0x002D, 2);
  append_little(out, 0, 8);
  append_little(out, count, 8);
  append_little(out, count, 8);
  append_little(out, size, 8);
  append_little(out, offset_, 8);
  out += "PK\x06\x07";
  append_little(out, 0, 4);
  append_little(out, end64, 8);
  append_little(out, 1, 4);
  out += "PK\x05\x06";
  append_little(out, 0, 4);
  append_little(out, std::min(count, kMany), 2);
  append_little(out, std::min(count, kMany), 2);
  append_little(out, std::min(size, kLarge), 4);
  append_little(out, std::min(offset_, kLarge), 4);
  append_little(out, 0, 2);
  return out;
}

std::string TorchZip::serialization_id() const {
  constexpr std::uint64_t kGolden = 0x9e3779b9;  // as c10::hash_combine
  std::uint64_t folded = 0;
  std::string names;
  for (const Entry& entry : entries_) {
    if (!names.empty()) names += '\n';
    names += entry.name;
    if (entry.size != 0) folded ^= entry.crc + kGolden + (folded << 6) + (folded >> 2);
  }
  constexpr std::size_t kDigitsOf64Bits = 16;
  const std::string hash = digest::sha256(names);
  std::uint64_t first = 0;
  std::from_chars(hash.data(), hash.data() + kDigitsOf64Bits, first, 16);
  return digits(first) + digits(folded);
}

}  // namespace safe_load::writing
