// CountingSource: bytes that count the journeys to them. What was told ahead comes in one journey;
// each read of something that nobody told of is one of its own.
#pragma once

#include <safe_load/source.h>

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

namespace test_support {

// Bytes by the ranges in which they lie, joined where they touch.
class Ranges {
 public:
  void add(std::uint64_t begin, std::uint64_t end);
  bool contain(std::uint64_t begin, std::uint64_t end) const;
  std::uint64_t bytes() const;
  Ranges without(const Ranges& other) const;
  std::string text() const;  // "0-4096, 5000-5008"

 private:
  std::map<std::uint64_t, std::uint64_t> ends_;  // by begin
};

class CountingSource final : public safe_load::Source {
 public:
  explicit CountingSource(std::string bytes, std::string name = "")
      : bytes_(std::move(bytes)), name_(std::move(name)) {}

  std::uint64_t size() const override { return bytes_.size(); }
  safe_load::Status read_at(std::uint64_t offset, std::span<std::byte> into) const override;
  void will_read(std::span<const safe_load::ByteRange> ranges) const override;
  std::string name() const override { return name_; }

  int rounds() const { return rounds_; }
  std::uint64_t bytes_fetched() const { return fetched_.bytes(); }
  // What was told and then not read, other than the ends of the file, which are looked at whatever
  // it is.
  Ranges told_in_vain() const;

 private:
  std::string bytes_;
  std::string name_;
  mutable std::mutex mutex_;
  mutable int rounds_ = 0;
  mutable Ranges fetched_;
  mutable Ranges read_;
};

}  // namespace test_support
