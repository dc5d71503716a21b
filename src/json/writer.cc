#include "json/writer.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace safe_load::json {
namespace {

bool is_plain(char c) { return c >= ' ' && c <= '~'; }

// Nearly all texts are plain: nothing in them but quotes and backslashes needs an escape.
std::string escaped(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    std::string out = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    return out += '"';
  }
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void JsonWriter::key(std::string_view name) {
  separate();
  out_ += escaped(name);
  out_ += ": ";
  after_key_ = true;
}

void JsonWriter::value(std::string_view text) { raw(escaped(text)); }

void JsonWriter::value(double number) {
  const std::string text = base::to_text(number);
  if (std::isfinite(number)) {
    raw(text);
  } else {
    value(std::string_view(text));
  }
}

void JsonWriter::raw(std::string_view text) {
  separate();
  out_ += text;
}

void JsonWriter::begin(char bracket) {
  separate();
  out_ += bracket;
  has_items_.push_back(false);
}

void JsonWriter::end(char bracket) {
  const bool had_items = has_items_.back();
  has_items_.pop_back();
  if (had_items && breaks_lines(1)) out_ += '\n' + std::string(2 * has_items_.size(), ' ');
  out_ += bracket;
}

// The two outer levels get lines of their own; what lies deeper stays on one line.
void JsonWriter::separate() {
  if (after_key_) {
    after_key_ = false;
    return;
  }
  if (has_items_.empty()) return;
  const bool first = !has_items_.back();
  has_items_.back() = true;
  if (!first) out_ += ',';
  if (breaks_lines(2)) {
    out_ += '\n' + std::string(2 * has_items_.size(), ' ');
  } else if (!first) {
    out_ += ' ';
  }
}

}  // namespace safe_load::json
