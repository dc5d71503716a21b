// ByteReader: the only code that turns a position in a block of bytes into a pointer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "safe_load/result.h"

namespace safe_load::base {

// Reads forward through bytes it does not own. A read past the end is kTruncated and moves nothing.
// All in the header: not inlined, it costs more than any way of reporting errors.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  std::size_t offset() const { return position_; }
  std::size_t remaining() const { return bytes_.size() - position_; }
  bool at_end() const { return position_ == bytes_.size(); }

  template <class T>
  Result<T> read_little() {
    if (remaining() < sizeof(T)) return end_of_data();
    const T value = load_little<T>(bytes_.data() + position_);
    position_ += sizeof(T);
    return value;
  }

  template <class T>
  Result<T> read_big() {
    if (remaining() < sizeof(T)) return end_of_data();
    const T value = load_big<T>(bytes_.data() + position_);
    position_ += sizeof(T);
    return value;
  }

  Result<Bytes> read_bytes(std::uint64_t count) {
    if (count > remaining()) return end_of_data();
    const Bytes bytes = bytes_.subspan(position_, static_cast<std::size_t>(count));
    position_ += bytes.size();
    return bytes;
  }

  Result<std::string_view> read_text(std::uint64_t count) {
    auto bytes = read_bytes(count);
    if (!bytes) return bytes.error();
    return as_text(*bytes);
  }

  // Up to the next line feed, which is consumed and not returned.
  Result<std::string_view> read_line() {
    const std::string_view rest = as_text(bytes_.subspan(position_));
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return end_of_data();
    position_ += end + 1;
    return rest.substr(0, end);
  }

  Status skip(std::uint64_t count) {
    if (count > remaining()) return end_of_data();
    position_ += static_cast<std::size_t>(count);
    return {};
  }

 private:
  Error end_of_data() const {
    return Error(ErrorCode::kTruncated, "the data ends in the middle of a value", position_);
  }

  Bytes bytes_;
  std::size_t position_ = 0;
};

}  // namespace safe_load::base
