// JSON as a file of somebody else holds it: strict, of bounded depth, without double keys.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "safe_load/result.h"

namespace safe_load::json {

inline constexpr std::size_t kMaxDepth = 64;

// A value with its parts. Whole numbers that fit are std::int64_t.
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::vector<std::pair<std::string, Json>>;  // in the order of the text
  std::variant<std::nullptr_t, bool, std::int64_t, double, std::string, Array, Object> value =
      nullptr;

  const std::string* text() const { return std::get_if<std::string>(&value); }
  const Array* array() const { return std::get_if<Array>(&value); }
  const Object* object() const { return std::get_if<Object>(&value); }
  std::optional<std::int64_t> integer() const;
  // The value of this key of an object, or null. Takes time in proportion to the object's size.
  const Json* find(std::string_view key) const;
};

// kCorrupt with the offset of what is wrong: no JSON, a key twice in one object, deeper than
// kMaxDepth. Takes at most about 80 bytes of memory per byte of text.
Result<Json> read(std::string_view text);

}  // namespace safe_load::json
