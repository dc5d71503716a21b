// ScriptLexer: the words of a TorchScript source, split as torch's own compiler splits them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace safe_load::scanner {

struct ScriptToken {
  enum class Kind : std::uint8_t {
    kName,  // of a value, or a keyword
    kNumber,
    kString,  // with its quotation marks
    kSign,    // one character
    kEnd,
    kOdd,  // one character that torch never writes: readers could differ about what follows
  };
  Kind kind = Kind::kEnd;
  std::string_view text;
  std::size_t offset = 0;

  bool is_sign(char c) const { return kind == Kind::kSign && text[0] == c; }
  bool is_name(std::string_view name) const { return kind == Kind::kName && text == name; }
};

class ScriptLexer {
 public:
  explicit ScriptLexer(std::string_view source) : source_(source) {}

  // The end again and again once it is reached.
  ScriptToken next();

 private:
  char at(std::size_t place) const { return place < source_.size() ? source_[place] : '\0'; }
  std::size_t end_of_name(std::size_t begin) const;
  std::size_t end_of_number(std::size_t begin) const;
  std::size_t end_of_string(std::size_t begin) const;

  std::string_view source_;
  std::size_t place_ = 0;
};

}  // namespace safe_load::scanner
