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

Status JoinedSource::for_each_part(const ByteRange& range, const Visit& visit) const {
  const std::uint64_t end = range.offset + range.size;
  const auto first = std::partition_point(parts_.begin(), parts_.end(), [&](const Part& part) {
    return part.offset + part.size <= range.offset;
  });
  for (auto part = first; part != parts_.end() && part->offset < end; ++part) {
    const std::uint64_t from = std::max(range.offset, part->offset);
    const std::uint64_t to = std::min(end, part->offset + part->size);
    if (from >= to) continue;
    SAFE_LOAD_TRY(visit(*part, from - part->offset, static_cast<std::size_t>(to - from)));
  }
  return {};
}

Status JoinedSource::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  if (!fits(offset, into.size(), size()))
    return Error(ErrorCode::kTruncated, "the file ends before the bytes that were asked for",
                 offset);
  std::size_t filled = 0;
  const auto read = [&](const Part& part, std::uint64_t inside, std::size_t count) -> Status {
    const auto place = static_cast<std::size_t>(part.offset + inside - offset);
    std::fill(into.begin() + static_cast<std::ptrdiff_t>(filled),
              into.begin() + static_cast<std::ptrdiff_t>(place), std::byte{0});
    filled = place + count;
    return part.source->read_at(inside, into.subspan(place, count));
  };
  SAFE_LOAD_TRY(for_each_part({offset, into.size()}, read));
  std::fill(into.begin() + static_cast<std::ptrdiff_t>(filled), into.end(), std::byte{0});
  return {};
}

void JoinedSource::will_read(std::span<const ByteRange> ranges) const {
  std::vector<std::vector<ByteRange>> told(parts_.size());
  for (const ByteRange& range : ranges)
    static_cast<void>(
        for_each_part(
            range,
            [&](const Part& part, std::uint64_t inside, std::size_t count) -> Status {
              told[static_cast<std::size_t>(&part - parts_.data())].push_back({inside, count});
              return {};
            })
            .ok());
  for (std::size_t i = 0; i < parts_.size(); ++i)
    if (!told[i].empty()) parts_[i].source->will_read(told[i]);
}

}  // namespace safe_load::base
