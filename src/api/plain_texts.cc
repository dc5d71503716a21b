// The plain form of dates, paths and what else a person would write as a text.
#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "api/plain_form.h"
#include "base/text.h"
#include "records/iso_text.h"

namespace safe_load::api {

using writing::PlainValues;

namespace {

using records::iso_date;
using records::iso_time;
using records::padded;

// "+05:30", as datetime.isoformat() ends; of a timedelta of less than a day.
std::string offset_text(const Dims& delta) {
  constexpr std::int64_t kDay = 86400;
  constexpr std::int64_t kSecond = 1'000'000;
  const std::int64_t all = (delta[0] * kDay + delta[1]) * kSecond + delta[2];
  std::string text(1, all < 0 ? '-' : '+');
  const std::int64_t seconds = std::abs(all) / kSecond;
  const std::int64_t microseconds = std::abs(all) % kSecond;
  text += padded(seconds / 3600, 2) + ':' + padded(seconds / 60 % 60, 2);
  if (seconds % 60 != 0 || microseconds != 0) (text += ':') += padded(seconds % 60, 2);
  if (microseconds != 0) (text += '.') += padded(microseconds, 6);
  return text;
}

std::string without_empty_names(std::string_view path, char separator) {
  std::string names;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(separator), path.size());
    const std::string_view name = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (name.empty() || name == ".") continue;
    if (!names.empty()) names += separator;
    names += name;
  }
  return names;
}

// As pathlib reads the parts of a pure POSIX path: an absolute one begins anew, and what says
// nothing goes.
std::string posix_path(const Values& parts) {
  std::string all;
  for (const ValueView& part : parts) {
    const std::string text = part.get_or<std::string>("");
    if (text.starts_with('/')) all.clear();
    if (!all.empty() && all.back() != '/') all += '/';
    all += text;
  }
  const bool has_two = all.starts_with("//") && !all.starts_with("///");
  const std::string root = has_two ? "//" : all.starts_with('/') ? "/" : "";
  const std::string names = without_empty_names(all, '/');
  return root.empty() && names.empty() ? "." : root + names;
}

// The same of a Windows path, of which only the first part may have a drive or a root; nothing for
// others.
std::optional<std::string> windows_path(const Values& parts) {
  std::string anchor;
  std::string all;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string text = parts[i].get_or<std::string>("");
    std::ranges::replace(text, '/', '\\');
    const bool has_drive = text.size() > 1 && text[1] == ':';
    const bool has_root = text.starts_with('\\');
    if ((i != 0 && (has_drive || has_root)) || text.starts_with("\\\\")) return std::nullopt;
    if (has_drive) {
      anchor = text.substr(0, 2);
      text.erase(0, 2);
    }
    if (i == 0 && text.starts_with('\\')) anchor += '\\';
    (all += '\\') += text;
  }
  const std::string names = without_empty_names(all, '\\');
  return anchor.empty() && names.empty() ? "." : anchor + names;
}

// An integer of 128 bits, big-endian.
std::array<unsigned, 16> number_bytes(const ValueView& number) {
  std::array<unsigned, 16> bytes = {};
  const auto small = number.get<std::uint64_t>();
  const auto raw = number.raw();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (small) bytes[15 - i] = i < 8 ? static_cast<unsigned>(*small >> (8 * i)) & 0xFF : 0;
    if (!small && i < raw.size()) bytes[15 - i] = std::to_integer<unsigned>(raw[i]);
  }
  return bytes;
}

std::string uuid_text(const std::array<unsigned, 16>& bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    base::append_hex(text, bytes[i], 2);
  }
  return text;
}

std::string ip4_text(const std::array<unsigned, 16>& bytes) {
  std::string text = std::to_string(bytes[12]);
  for (std::size_t i = 13; i < bytes.size(); ++i) (text += '.') += std::to_string(bytes[i]);
  return text;
}

// The first of the longest runs of zeros, of two groups at least, is "::".
std::string ip6_text(const std::array<unsigned, 16>& bytes) {
  std::array<unsigned, 8> groups = {};
  for (std::size_t i = 0; i < groups.size(); ++i) groups[i] = bytes[2 * i] << 8 | bytes[2 * i + 1];
  std::size_t begin = 0;
  std::size_t length = 1;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    std::size_t end = i;
    while (end < groups.size() && groups[end] == 0) ++end;
    if (end - i > length) {
      begin = i;
      length = end - i;
    }
  }
  std::string text;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (length > 1 && i == begin) {
      text += "::";
      i += length - 1;
      continue;
    }
    if (!text.empty() && text.back() != ':') text += ':';
    const unsigned group = groups[i];
    base::append_hex(text, group, group > 0xFFF ? 4 : group > 0xFF ? 3 : group > 0xF ? 2 : 1);
  }
  return text;
}

bool is_plain_text(const ValueView& value) { return value.kind() == ValueKind::kText; }

}  // namespace

// A number of seconds, whole if they are; a tuple where no double says it.
PlainForm::Id PlainForm::real_or_whole(const ValueView& value) {
  const Dims delta = value.fields();
  constexpr std::int64_t kDay = 86400;
  constexpr double kMicroseconds = 1e6;
  constexpr std::int64_t kMostDays = 100'000;  // then a double still tells microseconds apart
  const std::int64_t seconds = delta[0] * kDay + delta[1];
  if (delta[2] == 0) return values_.integer(seconds);
  if (std::abs(delta[0]) <= kMostDays)
    return values_.real(static_cast<double>(seconds * 1'000'000 + delta[2]) / kMicroseconds);
  return numbers(std::array{delta[0], delta[1], delta[2]});
}

// NOLINTNEXTLINE(misc-no-recursion): form() counts how deep it is
PlainForm::Id PlainForm::make_time(const ValueView& value) {
  const Values given = value.arguments();
  const ValueKind kind = value.kind();
  if (kind == ValueKind::kDate) return as_text(value, iso_date(value.fields()));
  if (kind == ValueKind::kDateTime || kind == ValueKind::kTime) {
    const bool has_date = kind == ValueKind::kDateTime;
    const Dims fields = value.fields();
    std::string text =
        has_date ? iso_date(fields) + 'T' + iso_time(fields, 3) : iso_time(fields, 0);
    const bool is_folded = fields[fields.size() - 1] != 0;
    const bool has_zone = given.size() == 2 && given[1].kind() != ValueKind::kNone;
    if (has_zone && given[1].kind() == ValueKind::kZoneInfo && !is_folded)
      return as(value, "dict {iso, zone}",
                dict_of({{"iso", values_.own_text(std::move(text))}, {"zone", form(given[1])}}));
    if (has_zone) {
      const Values zone = given[1].arguments();
      if (given[1].kind() != ValueKind::kTimezone || zone.empty() ||
          zone[0].kind() != ValueKind::kTimeDelta)
        return no_form(value);
      text += offset_text(zone[0].fields());
    }
    return is_folded
               ? changed(value, Change::Kind::kLossy, "text, which does not say which of two hours",
                         values_.own_text(std::move(text)))
               : as_text(value, std::move(text));
  }
  if (kind == ValueKind::kTimeDelta) return as(value, "seconds", real_or_whole(value));
  if (kind == ValueKind::kTimezone) {
    if (given.size() == 2 && is_plain_text(given[1]))
      return as(value, "text, its name", form(given[1]));
    if (given.empty() || given[0].kind() != ValueKind::kTimeDelta) return no_form(value);
    return as_text(value, offset_text(given[0].fields()));
  }
  if (kind == ValueKind::kStructTime) {
    constexpr std::size_t kShown = 9;
    const Dims fields = value.fields();
    if (fields.size() < kShown) return no_form(value);
    return changed(value, Change::Kind::kLossy, "tuple of 9 numbers",
                   numbers(std::span(fields.begin(), kShown)));
  }
  return PlainValues::kNothing;
}

// NOLINTNEXTLINE(misc-no-recursion): form() counts how deep it is
PlainForm::Id PlainForm::make_text_record(const ValueView& value) {
  const Values given = value.arguments();
  const ValueKind kind = value.kind();
  if (kind == ValueKind::kPosixPath) return as_text(value, posix_path(given));
  if (kind == ValueKind::kWindowsPath) {
    auto path = windows_path(given);
    return path ? as_text(value, *std::move(path)) : no_form(value);
  }
  if (kind == ValueKind::kDecimal || kind == ValueKind::kZoneInfo ||
      kind == ValueKind::kTorchVersion) {
    if (given.empty() || !is_plain_text(given[0])) return no_form(value);
    return as(value, "text", form(given[0]));
  }
  if (kind == ValueKind::kIpAddress) {
    if (given.size() != 1) return no_form(value);
    if (is_plain_text(given[0])) return as(value, "text", form(given[0]));
    if (value.name() == "IPv4Address") return as_text(value, ip4_text(number_bytes(given[0])));
    if (value.name() == "IPv6Address") return as_text(value, ip6_text(number_bytes(given[0])));
    return no_form(value);
  }
  if (kind == ValueKind::kFraction) {
    if (given.size() == 1 && is_plain_text(given[0])) return as(value, "text", form(given[0]));
    if (given.size() != 2) return no_form(value);
    const auto over = given[0].get<std::int64_t>();
    const auto under = given[1].get<std::int64_t>();
    if (!over || !under) return no_form(value);
    return as_text(value, *under == 1 ? std::to_string(*over)
                                      : std::to_string(*over) + '/' + std::to_string(*under));
  }
  if (kind == ValueKind::kUuid && has_others(value, {"int", "is_safe"})) return no_form(value);
  if (kind == ValueKind::kUuid)
    return as_text(value, uuid_text(number_bytes(value.attribute("int"))));
  if (kind == ValueKind::kPattern) {
    constexpr std::int64_t kUnicode = 32;
    const std::int64_t flags = given.size() == 2 ? given[1].get_or(std::int64_t{0}) : 0;
    if (flags == (is_plain_text(given[0]) ? kUnicode : 0)) return as(value, "text", form(given[0]));
    return as(value, "dict {pattern, flags}",
              dict_of({{"pattern", form(given[0])}, {"flags", values_.integer(flags)}}));
  }
  if (kind == ValueKind::kArrayDtype) {
    if (value.array()->field_count() != 0 || value.array()->base() || value.array()->is_text())
      return no_form(value);
    return as_text(value, value.array()->dtype());
  }
  if (kind == ValueKind::kTypeOf || kind == ValueKind::kTypeExpression)
    return changed(value, Change::Kind::kLossy, "its name", values_.own_text(value.class_name()));
  return PlainValues::kNothing;
}

}  // namespace safe_load::api
