// Values of the few kinds that a weights_only reader takes, on their way into a pickle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/bytes.h"

namespace safe_load::writing {

// A graph: what is one object here will be one object for whoever reads the pickle. Values are made
// first and get their parts later, so that cycles can be built.
class PlainValues {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNothing = 0xFFFFFFFF;

  enum class Kind : std::uint8_t {
    kNone,
    kTrue,
    kFalse,
    kInteger,  // bytes(): two's complement, little-endian, as few as can be
    kReal,     // bytes(): a double, big-endian
    kText,     // bytes(): UTF-8, surrogates encoded like other characters
    kGlobal,   // bytes(): module, line feed, name
    kTuple,
    kList,
    kDict,     // parts(): key, value, key, value ...
    kCall,     // parts(): function, arguments, state or kNothing, then key, value ...
    kStorage,  // parts(): text "storage", class, key, location, number of elements
  };

  struct Value {
    Kind kind = Kind::kNone;
    std::uint32_t count = 0;           // of bytes or parts
    const std::byte* first = nullptr;  // of bytes
    std::uint64_t first_part = 0;
  };

  Id none() { return add(Kind::kNone); }
  Id boolean(bool value) { return add(value ? Kind::kTrue : Kind::kFalse); }
  Id integer(std::int64_t value);
  Id integer(base::Bytes value);  // two's complement, little-endian
  Id real(double value);
  Id text(base::Bytes utf8) { return add(Kind::kText, utf8); }  // which must outlive this
  Id own_text(std::string utf8) { return add(Kind::kText, own(std::move(utf8))); }
  // The same value for the same text, as programs have for their constants.
  Id constant(std::string_view text);
  Id global(std::string_view module, std::string_view name);

  // Without parts yet.
  Id container(Kind kind) { return add(kind); }
  void set_parts(Id container, std::span<const Id> parts);

  Id tuple(std::initializer_list<Id> parts);
  Id call(Id function, std::initializer_list<Id> arguments);

  void set_integer(Id id, std::int64_t value);
  void set_text(Id id, std::string text);

  const Value& operator[](Id id) const { return values_[id]; }
  // None of what has bytes.
  std::span<const Id> parts(Id id) const {
    const Value& value = values_[id];
    if (value.kind < Kind::kTuple) return {};
    return std::span(parts_).subspan(value.first_part, value.count);
  }
  // None of what has parts.
  base::Bytes bytes(Id id) const {
    const Value& value = values_[id];
    return value.kind < Kind::kTuple ? base::Bytes(value.first, value.count) : base::Bytes();
  }
  std::size_t size() const { return values_.size(); }
  std::size_t part_count() const { return parts_.size(); }  // of all together

 private:
  Id add(Kind kind, base::Bytes bytes = {});
  base::Bytes own(std::string text);

  std::vector<Value> values_;
  std::vector<Id> parts_;
  std::deque<std::string> texts_;
  std::unordered_map<std::string, Id> constants_;
  std::unordered_map<std::string, Id> globals_;
};

}  // namespace safe_load::writing
