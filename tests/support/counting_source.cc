#include "support/counting_source.h"

#include <algorithm>
#include <cstring>

namespace test_support {

using namespace safe_load;

void Ranges::add(std::uint64_t begin, std::uint64_t end) {
  if (begin == end) return;
  auto next = ends_.upper_bound(begin);
  if (next != ends_.begin() && std::prev(next)->second >= begin) --next;
  while (next != ends_.end() && next->first <= end) {
    begin = std::min(begin, next->first);
    end = std::max(end, next->second);
    next = ends_.erase(next);
  }
  ends_[begin] = end;
}

bool Ranges::contain(std::uint64_t begin, std::uint64_t end) const {
  if (begin == end) return true;
  const auto next = ends_.upper_bound(begin);
  return next != ends_.begin() && std::prev(next)->second >= end;
}

std::uint64_t Ranges::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [begin, end] : ends_) sum += end - begin;
  return sum;
}

Ranges Ranges::without(const Ranges& other) const {
  Ranges rest;
  for (const auto& [begin, end] : ends_) {
    std::uint64_t next = begin;
    for (const auto& [from, to] : other.ends_) {
      if (to <= next || from >= end) continue;
      if (from > next) rest.add(next, from);
      next = std::min(end, to);
    }
    rest.add(next, end);
  }
  return rest;
}

std::string Ranges::text() const {
  std::string out;
  for (const auto& [begin, end] : ends_)
    out += (out.empty() ? "" : ", ") + std::to_string(begin) + "-" + std::to_string(end);
  return out;
}

Status CountingSource::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  if (offset > bytes_.size() || into.size() > bytes_.size() - offset)
    return Error(ErrorCode::kTruncated, "the source ends before", offset);
  const std::scoped_lock lock(mutex_);
  if (!fetched_.contain(offset, offset + into.size())) ++rounds_;
  fetched_.add(offset, offset + into.size());
  read_.add(offset, offset + into.size());
  std::memcpy(into.data(), bytes_.data() + offset, into.size());
  return {};
}

void CountingSource::will_read(std::span<const ByteRange> ranges) const {
  const std::scoped_lock lock(mutex_);
  bool is_new = false;
  for (const ByteRange& range : ranges) {
    is_new |= !fetched_.contain(range.offset, range.offset + range.size);
    fetched_.add(range.offset, range.offset + range.size);
  }
  if (is_new) ++rounds_;
}

Ranges CountingSource::told_in_vain() const {
  constexpr std::uint64_t kHead = 4096;
  constexpr std::uint64_t kTail = 70000;
  Ranges ends;
  ends.add(0, std::min<std::uint64_t>(kHead, size()));
  ends.add(size() - std::min(size(), kTail), size());
  return fetched_.without(read_).without(ends);
}

}  // namespace test_support
