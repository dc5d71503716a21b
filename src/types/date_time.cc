#include "types/date_time.h"

namespace safe_load::types {
namespace {

int byte_at(std::string_view packed, std::size_t i) { return static_cast<std::uint8_t>(packed[i]); }

int days_in_month(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return kDays[month - 1] + (month == 2 && leap ? 1 : 0);
}

bool read_date_part(std::string_view packed, DateTime& into) {
  into.year = byte_at(packed, 0) << 8 | byte_at(packed, 1);
  into.fold = byte_at(packed, 2) >> 7;
  into.month = byte_at(packed, 2) & 0x7F;
  into.day = byte_at(packed, 3);
  return into.year >= 1 && into.year <= 9999 && into.month >= 1 && into.month <= 12 &&
         into.day >= 1 && into.day <= days_in_month(into.year, into.month);
}

bool read_time_part(std::string_view packed, DateTime& into) {
  into.hour = byte_at(packed, 0) & 0x7F;
  into.minute = byte_at(packed, 1);
  into.second = byte_at(packed, 2);
  into.microsecond = byte_at(packed, 3) << 16 | byte_at(packed, 4) << 8 | byte_at(packed, 5);
  return into.hour < 24 && into.minute < 60 && into.second < 60 && into.microsecond < 1'000'000;
}

}  // namespace

std::optional<DateTime> read_date_time(std::string_view packed) {
  DateTime result;
  const bool ok = packed.size() == 10 && read_date_part(packed, result) &&
                  byte_at(packed, 4) < 24 && read_time_part(packed.substr(4), result);
  return ok ? std::optional(result) : std::nullopt;
}

std::optional<DateTime> read_date(std::string_view packed) {
  DateTime result;
  const bool ok = packed.size() == 4 && read_date_part(packed, result) && result.fold == 0;
  return ok ? std::optional(result) : std::nullopt;
}

std::optional<DateTime> read_time(std::string_view packed) {
  DateTime result;
  if (packed.size() != 6 || !read_time_part(packed, result)) return std::nullopt;
  result.fold = byte_at(packed, 0) >> 7;
  return result;
}

bool is_time_delta(std::int64_t days, std::int64_t seconds, std::int64_t microseconds) {
  return days >= -999'999'999 && days <= 999'999'999 && seconds >= 0 && seconds < 86'400 &&
         microseconds >= 0 && microseconds < 1'000'000;
}

}  // namespace safe_load::types
