// The plain form of dates, paths, configs and the like: what a person would write instead.
#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/plain_form.h"
#include "base/text.h"
#include "pickle/tape.h"

namespace safe_load::api {

using writing::PlainValues;

namespace {

std::string padded(std::int64_t number, std::size_t digits) {
  const std::string text = std::to_string(number);
  return text.size() >= digits ? text : std::string(digits - text.size(), '0') + text;
}

std::string date_text(const Dims& fields) {
  return padded(fields[0], 4) + '-' + padded(fields[1], 2) + '-' + padded(fields[2], 2);
}

std::string time_text(const Dims& fields, std::size_t first) {
  std::string text = padded(fields[first], 2) + ':' + padded(fields[first + 1], 2) + ':' +
                     padded(fields[first + 2], 2);
  if (fields[first + 3] != 0) (text += '.') += padded(fields[first + 3], 6);
  return text;
}

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

constexpr std::string_view kDigits = "0123456789abcdef";

std::string uuid_text(const std::array<unsigned, 16>& bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    (text += kDigits[bytes[i] >> 4]) += kDigits[bytes[i] & 15];
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
    const std::size_t first = text.size();
    for (int shift = 12; shift >= 0; shift -= 4)
      if (text.size() != first || (groups[i] >> shift & 15) != 0 || shift == 0)
        text += kDigits[groups[i] >> shift & 15];
  }
  return text;
}

// Whether an object has attributes beside these.
bool has_others(const ValueView& value, std::initializer_list<std::string_view> names) {
  for (const ValueView& state : value.states()) {
    if (!state.is_dict()) return state.kind() != ValueKind::kNone;
    const Values items = state.items();
    for (std::size_t i = 0; i < items.size(); i += 2)
      if (std::ranges::find(names, items[i].get_or<std::string>("")) == names.end()) return true;
  }
  return false;
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

PlainForm::Id PlainForm::dict_of(std::initializer_list<std::pair<std::string_view, Id>> pairs) {
  std::vector<Id> parts;
  for (const auto& [name, id] : pairs) parts.insert(parts.end(), {values_.constant(name), id});
  const Id dict = values_.container(Kind::kDict);
  values_.set_parts(dict, parts);
  return dict;
}

// NOLINTNEXTLINE(misc-no-recursion): form() of what stands in it
PlainForm::Id PlainForm::make_record(const ValueView& value) {
  const Values given = value.arguments();
  const ValueKind kind = value.kind();
  const auto text_of = [&](std::size_t i) { return given[i].get_or<std::string>(""); };
  const auto as_text = [&](std::string text) {
    return changed(value, Change::Kind::kPlain, "text", values_.own_text(std::move(text)));
  };
  const auto as = [&](std::string to, Id id) {
    return changed(value, Change::Kind::kPlain, std::move(to), id);
  };
  if (kind == ValueKind::kSize) {
    return values_.call(values_.global("torch", "Size"), {numbers(value.fields())});
  }
  if (kind == ValueKind::kDevice) {
    return given.size() == 2
               ? values_.call(values_.global("torch", "device"), {form(given[0]), form(given[1])})
               : values_.call(values_.global("torch", "device"), {form(given[0])});
  }
  if (kind == ValueKind::kLayout) {
    return values_.call(values_.global("torch.serialization", "_get_layout"), {form(given[0])});
  }
  if (kind == ValueKind::kSymbol) {
    if (value.module() == "torch" &&
        (dtype_from_name(value.name()) || value.name().starts_with("per_tensor_") ||
         value.name().starts_with("per_channel_")))
      return values_.global("torch", value.name());
    std::string_view format = value.name();
    if (format.starts_with("torch.")) format.remove_prefix(6);
    if (format == "channels_last" || format == "channels_last_3d" ||
        format == "contiguous_format" || format == "preserve_format")
      return as_text("torch." + std::string(format));
    return changed(value, Change::Kind::kLossy, "its name",
                   values_.own_text(std::string(value.module()) + '.' + std::string(value.name())));
  }
  if (kind == ValueKind::kRange) {
    if (value.fields().empty() && given.size() == 3)
      return as("tuple (start, stop, step)",
                values_.tuple({form(given[0]), form(given[1]), form(given[2])}));
    if (value.fields().empty()) return no_form(value);
    return as("tuple (start, stop, step)", numbers(value.fields()));
  }
  if (kind == ValueKind::kSlice) {
    if (given.size() != 3) return no_form(value);
    return as("tuple (start, stop, step)",
              values_.tuple({form(given[0]), form(given[1]), form(given[2])}));
  }
  if (kind == ValueKind::kDate) return as_text(date_text(value.fields()));
  if (kind == ValueKind::kDateTime || kind == ValueKind::kTime) {
    const bool has_date = kind == ValueKind::kDateTime;
    const Dims fields = value.fields();
    std::string text =
        has_date ? date_text(fields) + 'T' + time_text(fields, 3) : time_text(fields, 0);
    const bool is_folded = fields[fields.size() - 1] != 0;
    const bool has_zone = given.size() == 2 && given[1].kind() != ValueKind::kNone;
    if (has_zone && given[1].kind() == ValueKind::kZoneInfo && !is_folded)
      return as("dict {iso, zone}",
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
               : as_text(std::move(text));
  }
  if (kind == ValueKind::kTimeDelta) return as("seconds", real_or_whole(value));
  if (kind == ValueKind::kTimezone) {
    if (given.size() == 2 && is_plain_text(given[1])) return as("text, its name", form(given[1]));
    if (given.empty() || given[0].kind() != ValueKind::kTimeDelta) return no_form(value);
    return as_text(offset_text(given[0].fields()));
  }
  if (kind == ValueKind::kPosixPath) return as_text(posix_path(given));
  if (kind == ValueKind::kWindowsPath) {
    auto path = windows_path(given);
    return path ? as_text(*std::move(path)) : no_form(value);
  }
  if (kind == ValueKind::kDecimal || kind == ValueKind::kZoneInfo ||
      kind == ValueKind::kTorchVersion) {
    if (given.empty() || !is_plain_text(given[0])) return no_form(value);
    return as("text", form(given[0]));
  }
  if (kind == ValueKind::kIpAddress) {
    if (given.size() != 1) return no_form(value);
    if (is_plain_text(given[0])) return as("text", form(given[0]));
    if (value.name() == "IPv4Address") return as_text(ip4_text(number_bytes(given[0])));
    if (value.name() == "IPv6Address") return as_text(ip6_text(number_bytes(given[0])));
    return no_form(value);
  }
  if (kind == ValueKind::kFraction) {
    if (given.size() == 1 && is_plain_text(given[0])) return as("text", form(given[0]));
    if (given.size() != 2) return no_form(value);
    const auto over = given[0].get<std::int64_t>();
    const auto under = given[1].get<std::int64_t>();
    if (!over || !under) return no_form(value);
    return as_text(*under == 1 ? std::to_string(*over)
                               : std::to_string(*over) + '/' + std::to_string(*under));
  }
  if (kind == ValueKind::kNumberArray) return make_number_array(value);
  if (kind == ValueKind::kMemoryFormat) return as_text("torch." + text_of(1));
  if (kind == ValueKind::kUuid && has_others(value, {"int", "is_safe"})) return no_form(value);
  if (kind == ValueKind::kUuid) return as_text(uuid_text(number_bytes(value.attribute("int"))));
  if (kind == ValueKind::kPattern) {
    constexpr std::int64_t kUnicode = 32;
    const std::int64_t flags = given.size() == 2 ? given[1].get_or(std::int64_t{0}) : 0;
    if (flags == (is_plain_text(given[0]) ? kUnicode : 0)) return as("text", form(given[0]));
    return as("dict {pattern, flags}",
              dict_of({{"pattern", form(given[0])}, {"flags", values_.integer(flags)}}));
  }
  if (kind == ValueKind::kNamespace || kind == ValueKind::kSimpleNamespace) {
    if (value.states().size() > 1) return no_form(value);
    if (value.states().empty()) {
      const Id dict = values_.container(Kind::kDict);
      return as("dict", dict);
    }
    const ValueView attributes = value.states()[0];
    if (!attributes.is_dict()) return no_form(value);
    return as("dict", open(attributes, Kind::kDict));
  }
  if (kind == ValueKind::kChainMap || kind == ValueKind::kUserDict ||
      kind == ValueKind::kUserList || kind == ValueKind::kUserString) {
    const ValueView held = value.attribute(kind == ValueKind::kChainMap ? "maps" : "data");
    const bool is_lossy = has_others(value, {"maps", "data"});
    return changed(
        value, is_lossy ? Change::Kind::kLossy : Change::Kind::kPlain,
        std::string(to_text(held.kind())) + (is_lossy ? ", without other attributes" : ""),
        form(held));
  }
  if (kind == ValueKind::kBytesStream || kind == ValueKind::kTextStream) {
    if (value.states().size() != 1 || value.states()[0].size() < 2) return no_form(value);
    const Values parts = value.states()[0].items();
    if (parts[parts.size() - 1].kind() == ValueKind::kDict)
      return changed(value, Change::Kind::kLossy, "its content, without attributes",
                     form(parts[0]));
    return as(kind == ValueKind::kBytesStream ? "bytes" : "text",
              form(value.states()[0].items()[0]));
  }
  if (kind == ValueKind::kPythonRandom) {
    if (value.states().size() != 1) return no_form(value);
    return as("tuple of random.getstate()", form(value.states()[0]));
  }
  if (kind == ValueKind::kGenerator) {
    if (value.states().size() != 1 || value.states()[0].size() != 3) return no_form(value);
    return as("tensor of get_state()", form(value.states()[0].items()[2]));
  }
  if (kind == ValueKind::kRandomGenerator) {
    if (given.size() != 1 || given[0].kind() != ValueKind::kBitGenerator) return no_form(value);
    return as("dict, as bit_generator.state", form(given[0]));
  }
  if (kind == ValueKind::kBitGenerator || kind == ValueKind::kRandomState) {
    if (value.states().size() != 1) return no_form(value);
    ValueView state = value.states()[0];  // with a seed sequence behind it, since NumPy 1.25
    if (state.kind() == ValueKind::kTuple && state.size() == 2) state = state.items()[0];
    if (!state.is_dict()) return no_form(value);
    return as("dict, as its state", form(state));
  }
  if (kind == ValueKind::kSeedSequence) {
    if (value.states().size() != 1 || value.states()[0].size() != 5) return no_form(value);
    const Values parts = value.states()[0].items();
    return as("dict of its parts", dict_of({{"entropy", form(parts[0])},
                                            {"spawn_key", form(parts[4])},
                                            {"pool_size", form(parts[3])},
                                            {"n_children_spawned", form(parts[1])},
                                            {"pool", form(parts[2])}}));
  }
  if (kind == ValueKind::kStructTime) {
    constexpr std::size_t kShown = 9;
    const Dims fields = value.fields();
    if (fields.size() < kShown) return no_form(value);
    return changed(value, Change::Kind::kLossy, "tuple of 9 numbers",
                   numbers(std::span(fields.begin(), kShown)));
  }
  if (kind == ValueKind::kArrayDtype) {
    if (value.array()->field_count() != 0 || value.array()->base() || value.array()->is_text())
      return no_form(value);
    return as_text(value.array()->dtype());
  }
  if (kind == ValueKind::kMaskedConstant) return as("None", values_.none());
  if (kind == ValueKind::kSparseTensor) {
    return values_.call(values_.global("torch._utils", "_rebuild_sparse_tensor"),
                        {form(given[0]), form(given[1])});
  }
  if (kind == ValueKind::kNestedTensor) {
    if (given.size() != 4) return no_form(value);
    return values_.call(values_.global("torch._utils", "_rebuild_nested_tensor"),
                        {form(given[0]), form(given[1]), form(given[2]), form(given[3])});
  }
  if (kind == ValueKind::kJaggedTensor) {
    if (given.empty() || !given[0].is_dict()) return no_form(value);
    const auto part = [&](std::string_view key) {
      const ValueView found = given[0][key];
      return found.is_missing() ? values_.none() : form(found);
    };
    return as("dict of its parts", dict_of({{"values", part("values")},
                                            {"offsets", part("offsets")},
                                            {"lengths", part("lengths")},
                                            {"ragged_idx", part("_ragged_idx")}}));
  }
  if (kind == ValueKind::kParameter) {
    if (given.empty()) return no_form(value);
    return values_.call(
        values_.global("torch._utils", "_rebuild_parameter"),
        {form(given[0]), values_.boolean(given.size() > 1 && given[1].get_or(false)), no_hooks()});
  }
  if (kind == ValueKind::kTypeOf || kind == ValueKind::kTypeExpression)
    return changed(value, Change::Kind::kLossy, "its name", values_.own_text(value.class_name()));
  if (kind == ValueKind::kOpaque || kind == ValueKind::kPartial || kind == ValueKind::kOwnRecord ||
      kind == ValueKind::kAttributeOf)
    return make_unknown(value);
  if (kind == ValueKind::kDamaged) {
    if (damaged_.empty())
      for (const Issue& issue : state_.issues) damaged_.emplace(issue.path, &issue);
    const auto found = damaged_.find(state_.graph().path(state_.edges(), value.id()));
    if (found != damaged_.end()) {
      refusals_.push_back(*found->second);
      return values_.none();
    }
    return refuse(value, Error(ErrorCode::kCorrupt, "a value that cannot be read"), "");
  }
  return no_form(value);
}

PlainForm::Id PlainForm::no_form(const ValueView& value) {
  return refuse(value,
                Error(ErrorCode::kUnsupported, "a value that has no plain form here")
                    .about(value.class_name()),
                "take it out of the checkpoint");
}

}  // namespace safe_load::api
