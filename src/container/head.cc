#include "container/head.h"

#include <algorithm>
#include <vector>

#include "archive/zip_directory.h"

namespace safe_load::container {
namespace {

ByteRange head_of(const Slice& slice) {
  return {slice.offset, std::min<std::uint64_t>(slice.size, std::tuple_size_v<Head>)};
}

}  // namespace

Outcome<std::span<const std::byte>> read_head(const Slice& slice, Head& buffer) {
  const auto head = std::span(buffer).first(static_cast<std::size_t>(head_of(slice).size));
  const Status read = slice.part().read_at(0, head);
  if (!read) return Failure(read.error(), slice.name);
  return std::span<const std::byte>(head);
}

void tell_ends(const Source& file) {
  const std::uint64_t head = std::min<std::uint64_t>(file.size(), std::tuple_size_v<Head>);
  const ByteRange ends[] = {{0, head}, archive::directory_tail(file.size())};
  file.will_read(ends);
}

void tell_ends(std::span<const Slice> files) {
  std::vector<ByteRange> ranges;
  for (const Slice& file : files) {
    const ByteRange tail = archive::directory_tail(file.size);
    ranges.push_back(head_of(file));
    ranges.push_back({file.offset + tail.offset, tail.size});
  }
  if (!files.empty()) files.front().whole->will_read(ranges);
}

void tell_heads(std::span<const Slice> members) {
  std::vector<ByteRange> ranges;
  for (const Slice& member : members)
    if (member.memory == nullptr) ranges.push_back(head_of(member));
  if (!ranges.empty()) members.front().whole->will_read(ranges);
}

}  // namespace safe_load::container
