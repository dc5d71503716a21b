#include "records/iso_text.h"

#include <algorithm>

namespace safe_load::records {

std::string padded(std::int64_t number, std::size_t digits) {
  std::string text = std::to_string(number);
  text.insert(0, digits - std::min(digits, text.size()), '0');
  return text;
}

std::string iso_date(const Dims& fields) {
  return padded(fields[0], 4) + '-' + padded(fields[1], 2) + '-' + padded(fields[2], 2);
}

std::string iso_time(const Dims& fields, std::size_t first) {
  std::string text = padded(fields[first], 2) + ':' + padded(fields[first + 1], 2) + ':' +
                     padded(fields[first + 2], 2);
  if (fields[first + 3] != 0) (text += '.') += padded(fields[first + 3], 6);
  return text;
}

}  // namespace safe_load::records
