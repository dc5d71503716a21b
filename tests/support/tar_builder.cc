#include "support/tar_builder.h"

#include <algorithm>

#include "support/legacy_builder.h"

namespace test_support {
namespace {

constexpr std::size_t kBlock = 512;

std::string padded(std::string text, std::size_t size) {
  text.resize(size, '\0');
  return text;
}

std::string digits(std::uint64_t value, std::size_t count) {
  std::string out;
  for (; out.size() < count; value /= 8) out += static_cast<char>('0' + value % 8);
  return std::string(out.rbegin(), out.rend());
}

std::string whole_blocks(const std::string& content) {
  return padded(content, (content.size() + kBlock - 1) / kBlock * kBlock);
}

std::string header_block(const TarHeader& header) {
  const std::string zeros = digits(0, 7) + '\0';
  std::string block = padded(header.name, 100) + zeros + zeros + zeros + padded(header.size, 12) +
                      digits(0, 11) + '\0' + std::string(8, ' ') + header.type +
                      std::string(100, '\0') + padded(header.magic, 8) + std::string(64, '\0') +
                      zeros + zeros + padded(header.prefix, 155) + std::string(12, '\0');
  std::int64_t sum = header.checksum;
  for (const char byte : block) sum += static_cast<unsigned char>(byte);
  return block.replace(148, 8, digits(static_cast<std::uint64_t>(sum), 6) + '\0' + ' ');
}

}  // namespace

std::string octal(std::uint64_t value) { return digits(value, 11) + '\0'; }

std::string base256(std::uint64_t value) {
  const std::string bytes = little(value, 8);
  return "\x80" + std::string(3, '\0') + std::string(bytes.rbegin(), bytes.rend());
}

TarBuilder& TarBuilder::member(std::string_view name, std::string_view content, char type) {
  TarHeader header;
  header.name = name;
  header.size = octal(content.size());
  header.type = type;
  members_.push_back({std::move(header), std::string(content)});
  return *this;
}

TarBuilder& TarBuilder::pax(
    std::initializer_list<std::pair<std::string_view, std::string_view>> records, char type) {
  std::string content;
  for (const auto& [key, value] : records) {
    const std::string rest = " " + std::string(key) + "=" + std::string(value) + "\n";
    std::size_t length = rest.size() + 1;  // the number counts its own digits
    while (std::to_string(length).size() + rest.size() != length) ++length;
    content += std::to_string(length) + rest;
  }
  return member("PaxHeader", content, type);
}

TarBuilder& TarBuilder::long_name(std::string_view name) {
  return member("././@LongLink", std::string(name) + '\0', 'L');
}

TarBuilder& TarBuilder::end(std::string_view bytes) {
  end_ = bytes;
  return *this;
}

std::string TarBuilder::build() const {
  std::string file;
  for (const Member& member : members_)
    file += header_block(member.header) + whole_blocks(member.content);
  return file + end_;
}

std::uint64_t TarBuilder::header_offset(std::size_t member) const {
  std::uint64_t at = 0;
  for (std::size_t i = 0; i < member; ++i) at += kBlock + whole_blocks(members_[i].content).size();
  return at;
}

// ---- torch 0.1

std::string tar_storage(std::int64_t key, std::string_view bytes, std::uint64_t count,
                        std::string_view kind, std::string_view location) {
  return pickled(tuple({integer(key), text(location), symbol("torch", kind)})) + little(count, 8) +
         std::string(bytes);
}

std::string tar_view(std::int64_t key, std::int64_t root, std::int64_t offset, std::int64_t count) {
  return integers({key, root, offset, count});
}

std::string tar_tensor(std::int64_t key, std::int64_t storage,
                       std::initializer_list<std::int64_t> sizes,
                       std::initializer_list<std::int64_t> strides, std::int64_t offset,
                       std::string_view kind) {
  return pickled(tuple({integer(key), integer(storage), symbol("torch", kind)})) +
         little(sizes.size(), 4) + little(0, 4) + raw(sizes) + raw(strides) +
         little(static_cast<std::uint64_t>(offset), 8);
}

std::string tar_id(std::string_view key) { return text(key) + "Q"; }
std::string tar_id(std::int64_t key) { return integer(key) + "Q"; }

namespace {

std::string table(const std::vector<std::string>& rows, std::int64_t lie) {
  std::string out = pickled(integer(static_cast<std::int64_t>(rows.size()) + lie));
  for (const std::string& row : rows) out += row;
  return out;
}

}  // namespace

std::string TarCheckpoint::storages_member() const {
  std::string list = "](";
  for (const std::string& view : views) list += view;
  return table(storages, storage_count) + pickled(list + "e");
}

std::string TarCheckpoint::tensors_member() const { return table(tensors, tensor_count); }

TarBuilder TarCheckpoint::tar() const {
  return TarBuilder()
      .member("sys_info", pickled(dict({text("protocol_version"), integer(1000)})))
      .member("pickle", pickled(value))
      .member("tensors", tensors_member())
      .member("storages", storages_member());
}

}  // namespace test_support
