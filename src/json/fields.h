// Fields of a JSON object that may be missing or of another type than expected.
#pragma once

#include <string_view>

#include "json/reader.h"

namespace safe_load::json {

// "" if it is not text.
inline std::string_view text_of(const Json* value) {
  const std::string* text = value == nullptr ? nullptr : value->text();
  return text == nullptr ? std::string_view() : std::string_view(*text);
}

// Empty if it is not an array.
inline const Json::Array& items_of(const Json* value) {
  static const Json::Array kNone;
  return value == nullptr || value->array() == nullptr ? kNone : *value->array();
}

inline bool is_true(const Json* value) {
  return value != nullptr && std::holds_alternative<bool>(value->value) &&
         std::get<bool>(value->value);
}

// Null if `value` is null, no object, or has no such key.
inline const Json* field(const Json* value, std::string_view key) {
  return value == nullptr ? nullptr : value->find(key);
}

}  // namespace safe_load::json
