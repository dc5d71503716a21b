#include "base/joined_source.h"

#include <algorithm>

#include "base/checked.h"
#include "base/try.h"

namespace safe_load::base {

void JoinedSource::add(std::shared_ptr<const Source> source) {
  const std::uint64_t offset = (size() + step_ - 1) / step_ * step_;
  const std::uint64_t size = source->size();
  parts_.push_back({std::move(source), offset, size});
}

std::uint64_t JoinedSource::byte_count() const {
  std::uint64_t count = 0;
  for (const Part& part : parts_) count += part.size;
  return count;
}

std::uint64_t JoinedSource::size() const {
  return parts_.empty() ? 0 : parts_.back().offset + parts_.back().size;
}

std::uint64_t JoinedSource::first_step() const {
  std::uint64_t step = UINT64_MAX;
  for (const Part& part : parts_) step = std::min(step, part.source->first_step());
  return step;
}

std::vector<JoinedSource::Share> JoinedSource::shares_of(const ByteRange& range) const {
  std::vector<Share> shares;
  const std::uint64_t end = range.offset + range.size;
  const auto first = std::partition_point(parts_.begin(), parts_.end(), [&](const Part& part) {
    return part.offset + part.size <= range.offset;
  });
  for (auto part = first; part != parts_.end() && part->offset < end; ++part) {
    const std::uint64_t from = std::max(range.offset, part->offset);
    const std::uint64_t to = std::min(end, part->offset + part->size);
    if (from < to) shares.push_back({&*part, {from - part->offset, to - from}});
  }
  return shares;
}

Status JoinedSource::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  if (!fits(offset, into.size(), size()))
    return Error(ErrorCode::kTruncated, "the file ends before the bytes that were asked for",
                 offset);
  const auto fill_with_zeros = [&](std::size_t begin, std::size_t end) {
    std::fill(into.begin() + static_cast<std::ptrdiff_t>(begin),
              into.begin() + static_cast<std::ptrdiff_t>(end), std::byte{0});
  };
  std::size_t filled = 0;
  for (const auto& [part, range] : shares_of({offset, into.size()})) {
    const auto place = static_cast<std::size_t>(part->offset + range.offset - offset);
    const auto count = static_cast<std::size_t>(range.size);
    fill_with_zeros(filled, place);
    SAFE_LOAD_TRY(part->source->read_at(range.offset, into.subspan(place, count)));
    filled = place + count;
  }
  fill_with_zeros(filled, into.size());
  return {};
}

void JoinedSource::will_read(std::span<const ByteRange> ranges) const {
  std::vector<std::vector<ByteRange>> told(parts_.size());
  for (const ByteRange& range : ranges)
    for (const Share& share : shares_of(range))
      told[static_cast<std::size_t>(share.part - parts_.data())].push_back(share.range);
  for (std::size_t i = 0; i < parts_.size(); ++i)
    if (!told[i].empty()) parts_[i].source->will_read(told[i]);
}

}  // namespace safe_load::base
