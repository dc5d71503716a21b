// JsonWriter: JSON as it comes, in constant memory. What is not plain is escaped by
// nlohmann-json, which only this folder knows; everything that is not ASCII becomes \uXXXX.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace safe_load::json {

// Objects and arrays are opened and closed by the caller; commas and line breaks come by
// themselves.
class JsonWriter {
 public:
  enum class Layout : std::uint8_t { kLines, kOneLine };
  explicit JsonWriter(Layout layout = Layout::kLines) : layout_(layout) {}

  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }

  void key(std::string_view name);

  void value(std::string_view text);
  void value(const char* text) { value(std::string_view(text)); }
  void value(std::uint64_t number) { raw(std::to_string(number)); }
  void value(std::int64_t number) { raw(std::to_string(number)); }
  void value(int number) { raw(std::to_string(number)); }
  void value(bool truth) { raw(truth ? "true" : "false"); }
  void value(double number);  // NaN and infinities as strings: JSON has none
  void null() { raw("null"); }

  template <class T>
  void member(std::string_view name, const T& content) {
    key(name);
    value(content);
  }

  std::string take() && { return std::move(out_); }

 private:
  void begin(char bracket);
  void end(char bracket);
  void separate();
  void raw(std::string_view text);

  bool breaks_lines(std::size_t most_open) const {
    return layout_ == Layout::kLines && has_items_.size() <= most_open;
  }

  Layout layout_;
  std::string out_;
  std::vector<bool> has_items_;
  bool after_key_ = false;
};

}  // namespace safe_load::json
