// Dates and times in the packed form of Python's datetime module.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace safe_load::types {

struct DateTime {
  int year = 0, month = 0, day = 0;
  int hour = 0, minute = 0, second = 0, microsecond = 0;
  int fold = 0;  // 1: the second of two times that a clock shows when it is set back
};

// Source: CPython Lib/_pydatetime.py, __reduce__ and __setstate__: 10, 4 and 6 bytes. Nothing if a
// field is out of range.
std::optional<DateTime> read_date_time(std::string_view packed);
std::optional<DateTime> read_date(std::string_view packed);
std::optional<DateTime> read_time(std::string_view packed);

// Whether these are the normalised parts of a datetime.timedelta.
bool is_time_delta(std::int64_t days, std::int64_t seconds, std::int64_t microseconds);

}  // namespace safe_load::types
