// Dates and times as ISO 8601 writes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "safe_load/tensor.h"

namespace safe_load::records {

std::string padded(std::int64_t number, std::size_t digits);

// "2026-01-31", of ValueView::fields() of a date or a datetime.
std::string iso_date(const Dims& fields);

// "12:34:56", with ".000001" if there are microseconds, of the fields from `first` on.
std::string iso_time(const Dims& fields, std::size_t first);

}  // namespace safe_load::records
