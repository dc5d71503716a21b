#include "report/number_words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "data/elements.h"

namespace safe_load::report {
namespace {

constexpr std::size_t kMostDigits = 8;  // behind the point

// What a floating-point type is like: how its elements are read, and from where on NumPy prints
// large ones with an exponent.
struct Floating {
  DType dtype;
  std::size_t size = size_of(dtype);
  data::ReadElement read = data::element_reader(dtype);

  double large() const {
    if (dtype == DType::kFloat64) return 1e8;
    if (dtype == DType::kFloat32) return 1e6;
    // Of bfloat16 and the types of one byte, which NumPy does not have, two digits count.
    return dtype == DType::kFloat16 ? 1e3 : 1e2;
  }

  // Below this small ones have an exponent, too: 0.0001 as a number of the type.
  double small() const {
    if (dtype == DType::kFloat32) return 1e-4F;
    return dtype == DType::kFloat16 ? 0x1.A38p-14 : 1e-4;
  }

  // Whether one is more than a thousand times the other, divided in the type.
  bool is_far(double most, double least) const {
    if (dtype == DType::kFloat32)
      return static_cast<float>(most) / static_cast<float>(least) > 1e3F;
    return most / least > (dtype == DType::kFloat16 ? 1000.25 : 1000);
  }
};

// A finite number: its sign, and the fewest digits that tell it from others of its type, as
// d.ddd times ten to a power.
struct Shortest {
  bool is_negative = false;
  std::string digits;  // without a point; at least one
  int exponent = 0;
};

Shortest parse_scientific(std::string_view text) {
  Shortest number;
  if (text.starts_with('-')) {
    number.is_negative = true;
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  for (const char c : text.substr(0, e))
    if (c != '.') number.digits += c;
  const std::string_view power = text.substr(e + (text[e + 1] == '+' ? 2 : 1));
  std::from_chars(power.data(), power.data() + power.size(), number.exponent);
  while (number.digits.size() > 1 && number.digits.back() == '0') number.digits.pop_back();
  return number;
}

// Correctly rounded, as to_chars and all printf of today do.
template <class T>
std::string scientific(T value) {
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific);
  return {buffer.data(), end.ptr};
}

std::string scientific(double value, int digits) {
  std::array<char, 64> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific, digits);
  return {buffer.data(), end.ptr};
}

// The number whose magnitude is next to that of these bytes in its type. NaN if there is none.
double neighbour(const Floating& type, const std::byte* element, int step) {
  std::uint16_t bits = type.size == 2 ? base::load_little<std::uint16_t>(element)
                                      : std::to_integer<std::uint16_t>(*element);
  const auto next = static_cast<std::uint16_t>(bits + step);
  const std::array<std::byte, 2> bytes = {static_cast<std::byte>(next & 0xFF),
                                          static_cast<std::byte>(next >> 8)};
  return type.read(bytes.data());
}

// Of a type without a to_chars: one digit more, until it can be read back.
Shortest shortest_of_small(const Floating& type, const std::byte* element, double value) {
  constexpr int kMost = 16;
  const double above = std::fabs(neighbour(type, element, 1));
  const double below = value == 0 ? 0 : std::fabs(neighbour(type, element, -1));
  const double size = std::fabs(value);
  const bool is_even = (std::to_integer<unsigned>(*element) & 1U) == 0;
  for (int digits = 0; digits < kMost; ++digits) {
    const std::string text = scientific(value, digits);
    double back = 0;
    std::from_chars(text.data(), text.data() + text.size(), back);
    const double off = std::fabs(back) - size;
    const double up = std::isfinite(above) ? above - size : size - below;
    const double room = off > 0 ? up : size - below;
    // A reader rounds halves to the number whose last bit is 0.
    if (2 * std::fabs(off) < room || (is_even && 2 * std::fabs(off) == room))
      return parse_scientific(text);
  }
  return parse_scientific(scientific(value, kMost));
}

Shortest shortest(const Floating& type, const std::byte* element, double value) {
  if (type.dtype == DType::kFloat64) return parse_scientific(scientific(value));
  if (type.dtype == DType::kFloat32) return parse_scientific(scientific(static_cast<float>(value)));
  return shortest_of_small(type, element, value);
}

// A number in two parts, whose widths are made equal: "-12" and "5" of -12.5, "1" and "25e+10".
struct Parts {
  std::string whole;
  std::string fraction;
  int exponent = 0;
};

void drop_zeros(std::string& digits) {
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
}

Parts positional(const Shortest& number, double value) {
  Parts parts;
  const auto count = static_cast<int>(number.digits.size());
  if (count - 1 - number.exponent > static_cast<int>(kMostDigits)) {
    // Too many behind the point: the exact value, rounded there.
    std::array<char, 512> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::fabs(value),
                                   std::chars_format::fixed, static_cast<int>(kMostDigits));
    const std::string_view text(buffer.data(), end.ptr);
    const std::size_t point = text.find('.');
    parts.whole = text.substr(0, point);
    parts.fraction = text.substr(point + 1);
  } else if (number.exponent < 0) {
    parts.whole = "0";
    parts.fraction =
        std::string(static_cast<std::size_t>(-number.exponent - 1), '0') + number.digits;
  } else {
    const auto whole = static_cast<std::size_t>(number.exponent) + 1;
    parts.whole = number.digits.substr(0, whole);
    parts.whole.append(whole - parts.whole.size(), '0');
    if (number.digits.size() > whole) parts.fraction = number.digits.substr(whole);
  }
  drop_zeros(parts.fraction);
  return parts;
}

Parts with_exponent(const Shortest& number, double value) {
  Shortest shown = number;
  if (shown.digits.size() > kMostDigits + 1)
    shown = parse_scientific(scientific(value, static_cast<int>(kMostDigits)));
  return {shown.digits.substr(0, 1), shown.digits.substr(1), shown.exponent};
}

std::string exponent_text(int exponent) {
  std::string digits = std::to_string(std::abs(exponent));
  if (digits.size() < 2) digits.insert(0, 1, '0');
  return digits;
}

std::string sign_of(bool is_negative, bool is_signed) {
  return is_negative ? "-" : is_signed ? "+" : "";
}

std::string filled(std::size_t width, std::size_t used) {
  return std::string(width - std::min(width, used), ' ');
}

// Widths of a column of numbers, and the words with them. `is_signed`: a plus in front of what is
// not negative.
class Column {
 public:
  Column(const Floating& type, bool is_signed) : type_(type), is_signed_(is_signed) {}

  // Every `step`-th number, from the first on.
  std::vector<std::string> words(std::span<const std::byte> bytes, std::size_t step) {
    for (std::size_t at = 0; at < bytes.size(); at += step)
      values_.push_back(type_.read(&bytes[at]));
    choose_form();
    std::vector<Parts> parts(values_.size());
    for (std::size_t i = 0; i < values_.size(); ++i)
      if (std::isfinite(values_[i])) parts[i] = parts_of(&bytes[i * step], values_[i]);
    widen_for_what_is_not_finite();
    // All with as many digits as the longest needs: of shorter ones those of the exact value.
    for (std::size_t i = 0; has_exponent_ && i < values_.size(); ++i)
      if (std::isfinite(values_[i])) parts[i] = exactly(values_[i]);
    std::vector<std::string> words;
    words.reserve(values_.size());
    for (std::size_t i = 0; i < values_.size(); ++i)
      words.push_back(std::isfinite(values_[i]) ? word(parts[i]) : odd_word(values_[i]));
    return words;
  }

 private:
  void choose_form() {
    double most = 0;
    double least = std::numeric_limits<double>::infinity();
    for (const double value : values_) {
      if (!std::isfinite(value) || value == 0) continue;
      most = std::max(most, std::fabs(value));
      least = std::min(least, std::fabs(value));
    }
    has_exponent_ =
        most != 0 && (most >= type_.large() || least < type_.small() || type_.is_far(most, least));
  }

  Parts parts_of(const std::byte* element, double value) {
    const Shortest number = shortest(type_, element, value);
    Parts parts = has_exponent_ ? with_exponent(number, value) : positional(number, value);
    parts.whole.insert(0, sign_of(std::signbit(value), is_signed_));
    left_ = std::max(left_, parts.whole.size());
    right_ = std::max(right_, parts.fraction.size());
    power_ = std::max(power_, exponent_text(parts.exponent).size());
    has_finite_ = true;
    return parts;
  }

  Parts exactly(double value) const {
    const std::string text = scientific(std::fabs(value), static_cast<int>(right_));
    const std::size_t e = text.find('e');
    Parts parts;
    parts.whole = sign_of(std::signbit(value), is_signed_) + text.substr(0, 1);
    if (right_ != 0) parts.fraction = text.substr(2, e - 2);
    parts.exponent = parse_scientific(text).exponent;
    return parts;
  }

  // Behind the whole part, without the point.
  std::size_t width_of_rest() const {
    if (!has_finite_) return 0;
    return has_exponent_ ? right_ + power_ + 2 : right_;
  }

  void widen_for_what_is_not_finite() {
    bool has_odd = false;
    bool has_sign = is_signed_;
    for (const double value : values_) {
      has_odd = has_odd || !std::isfinite(value);
      has_sign = has_sign || (std::isinf(value) && value < 0);
    }
    if (!has_odd) return;
    const std::size_t width = std::string_view("nan").size() + (has_sign ? 1 : 0);
    left_ = std::max(left_, width - std::min(width, width_of_rest() + 1));
  }

  std::string word(const Parts& parts) const {
    std::string text = filled(left_, parts.whole.size()) + parts.whole + '.' + parts.fraction;
    if (!has_exponent_) return text + filled(right_, parts.fraction.size());
    const std::string power = exponent_text(parts.exponent);
    return text + (parts.exponent < 0 ? "e-" : "e+") + std::string(power_ - power.size(), '0') +
           power;
  }

  std::string odd_word(double value) const {
    std::string text = std::isnan(value) ? sign_of(false, is_signed_) + "nan"
                                         : sign_of(value < 0, is_signed_) + "inf";
    return filled(left_ + width_of_rest() + 1, text.size()) + text;
  }

  Floating type_;
  bool is_signed_;
  std::vector<double> values_;
  bool has_exponent_ = false;
  bool has_finite_ = false;
  std::size_t left_ = 0;
  std::size_t right_ = 0;
  std::size_t power_ = 0;
};

std::vector<std::string> complex_words(DType part, std::span<const std::byte> bytes) {
  const Floating type{part};
  std::vector<std::string> words = Column(type, false).words(bytes, 2 * type.size);
  const std::vector<std::string> imaginary =
      Column(type, true).words(bytes.subspan(std::min(type.size, bytes.size())), 2 * type.size);
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string word = imaginary[i];
    word.insert(word.find_last_not_of(' ') + 1, 1, 'j');
    words[i] += word;
  }
  return words;
}

template <class T>
std::vector<std::string> integer_words(std::span<const std::byte> bytes) {
  std::vector<std::string> words;
  std::size_t width = 0;
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(T)) {
    words.push_back(std::to_string(base::load_little<T>(&bytes[at])));
    width = std::max(width, words.back().size());
  }
  for (std::string& word : words) word.insert(0, width - word.size(), ' ');
  return words;
}

std::vector<std::string> truth_words(std::span<const std::byte> bytes, bool is_single) {
  std::vector<std::string> words;
  words.reserve(bytes.size());
  for (const std::byte byte : bytes)
    words.emplace_back(byte == std::byte{0} ? "False" : is_single ? "True" : " True");
  return words;
}

constexpr std::pair<DType, std::vector<std::string> (*)(std::span<const std::byte>)> kIntegers[] = {
    {DType::kUint8, integer_words<std::uint8_t>},   {DType::kUint16, integer_words<std::uint16_t>},
    {DType::kUint32, integer_words<std::uint32_t>}, {DType::kUint64, integer_words<std::uint64_t>},
    {DType::kInt8, integer_words<std::int8_t>},     {DType::kInt16, integer_words<std::int16_t>},
    {DType::kInt32, integer_words<std::int32_t>},   {DType::kInt64, integer_words<std::int64_t>},
};

}  // namespace

std::vector<std::string> number_words(DType dtype, std::span<const std::byte> bytes,
                                      bool is_single) {
  if (dtype == DType::kBool) return truth_words(bytes, is_single);
  for (const auto& [type, words] : kIntegers)
    if (type == dtype) return words(bytes);
  if (dtype == DType::kComplex32) return complex_words(DType::kFloat16, bytes);
  if (dtype == DType::kComplex64) return complex_words(DType::kFloat32, bytes);
  if (dtype == DType::kComplex128) return complex_words(DType::kFloat64, bytes);
  if (data::element_reader(dtype) == nullptr) return {};
  return Column(Floating{dtype}, false).words(bytes, size_of(dtype));
}

}  // namespace safe_load::report
