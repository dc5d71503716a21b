// JoinedSource: the files of a set side by side, seen as one source.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "safe_load/source.h"

namespace safe_load::base {

class JoinedSource final : public Source {
 public:
  struct Part {
    std::shared_ptr<const Source> source;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  // Each part begins at a multiple of `step` bytes.
  explicit JoinedSource(std::uint64_t step) : step_(step) {}
  void add(std::shared_ptr<const Source> source);

  const std::vector<Part>& parts() const { return parts_; }
  std::uint64_t byte_count() const;  // of all parts

  // From the start of the first part to the end of the last. Between parts there are zeros.
  std::uint64_t size() const override;
  Status read_at(std::uint64_t offset, std::span<std::byte> into) const override;
  void will_read(std::span<const ByteRange> ranges) const override;
  std::uint64_t first_step() const override;

 private:
  // What a part has of a range.
  struct Share {
    const Part* part;
    ByteRange range;  // in the part
  };
  std::vector<Share> shares_of(const ByteRange& range) const;

  std::uint64_t step_;
  std::vector<Part> parts_;
};

}  // namespace safe_load::base
