#include "container/pickles.h"

#include <algorithm>
#include <utility>

#include "base/checked.h"

namespace safe_load::container {

std::size_t Pickles::add(std::string member, std::uint64_t size, Read read) {
  blocks_.push_back({std::move(member), size_, size, std::move(read), nullptr, {}});
  // Beyond any limit, which load() checks.
  size_ = base::checked_add(size_, size).value_or(~std::uint64_t{0});
  return blocks_.size() - 1;
}

std::size_t Pickles::add(const Slice& slice, std::uint64_t size) {
  size = std::min(size, slice.size);
  const std::size_t number =
      add(slice.name, size, [slice](std::span<std::byte> into) -> Outcome<void> {
        const Status read = slice.part().read_at(0, into);
        return read ? Outcome<void>() : Failure(read.error(), slice.name);
      });
  blocks_[number].file = slice.memory == nullptr ? slice.whole : nullptr;
  blocks_[number].range = {slice.offset, size};
  return number;
}

void Pickles::tell() const {
  std::vector<ByteRange> ranges;
  const Source* file = nullptr;
  for (const Block& block : blocks_) {
    if (block.file == nullptr) continue;
    file = block.file.get();
    ranges.push_back(block.range);
  }
  if (file != nullptr && ranges.size() > 1) file->will_read(ranges);
}

Outcome<void> Pickles::load(const Limits& limits) {
  for (const Block& block : blocks_)
    if (block.offset > limits.max_pickle_bytes ||
        block.size > limits.max_pickle_bytes - block.offset)
      return Failure(Error(ErrorCode::kLimit, "a pickle larger than Limits::max_pickle_bytes"),
                     block.member);
  if (size_ >= kLarge) {
    auto memory = host_.get().allocate(size_);
    if (!memory) return Failure(memory.error());
    large_ = *std::move(memory);
    bytes_ = large_.bytes;
  } else {
    small_.resize(static_cast<std::size_t>(size_));
    bytes_ = small_;
  }
  tell();
  for (const Block& block : blocks_) {
    const auto done = block.read(bytes_.subspan(static_cast<std::size_t>(block.offset),
                                                static_cast<std::size_t>(block.size)));
    if (!done) return done.error();
  }
  return {};
}

pickle::Program Pickles::program(std::size_t number, std::uint64_t skip) const {
  const Block& block = blocks_[number];
  const std::uint64_t offset = block.offset + std::min(skip, block.size);
  return {
      base::Bytes(bytes_).subspan(static_cast<std::size_t>(offset),
                                  static_cast<std::size_t>(block.size - (offset - block.offset))),
      offset, 0};
}

}  // namespace safe_load::container
