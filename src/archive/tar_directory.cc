#include "archive/tar_directory.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/checked.h"
#include "base/text.h"
#include "base/try.h"

namespace safe_load::archive {
namespace {

// Source: POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".

constexpr std::size_t kNameSize = 100;
constexpr std::size_t kSizeAt = 124;
constexpr std::size_t kNumberSize = 12;
constexpr std::size_t kChecksumAt = 148;
constexpr std::size_t kChecksumSize = 8;
constexpr std::size_t kTypeAt = 156;
constexpr std::size_t kMagicAt = 257;
constexpr std::size_t kPrefixAt = 345;
constexpr std::size_t kPrefixSize = 155;
constexpr std::uint64_t kMostExtension = std::uint64_t{1}
                                         << 16;  // bytes of a name or of pax records

std::string_view field(base::Bytes block, std::size_t at, std::size_t size) {
  return base::as_text(block.subspan(at, size));
}

// Up to the first NUL.
std::string_view trimmed(std::string_view text) { return text.substr(0, text.find('\0')); }

std::optional<std::uint64_t> read_octal(std::string_view text) {
  text = trimmed(text);
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  std::uint64_t value = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '7') return std::nullopt;
    value = value * 8 + static_cast<std::uint64_t>(digit - '0');
  }
  return value;
}

// Octal digits, or after a byte with its highest bit set a number of eleven bytes.
std::optional<std::uint64_t> read_size(std::string_view text) {
  if ((static_cast<std::uint8_t>(text[0]) & 0x80) == 0) return read_octal(text);
  std::uint64_t value = static_cast<std::uint8_t>(text[0]) & 0x7F;
  for (const char byte : text.substr(1)) {
    if (value >> 56 != 0) return std::nullopt;
    value = value << 8 | static_cast<std::uint8_t>(byte);
  }
  return value;
}

// What pax records ("25 path=some/name\n") say of the next member.
struct Extension {
  std::optional<std::string> name;
  std::optional<std::uint64_t> size;
  bool is_sparse = false;
};

// Programs differ on which of two names or sizes counts.
template <class T>
Status set_once(std::optional<T>& place, T value) {
  if (place)
    return Error(ErrorCode::kAmbiguous, "two tar headers that say different things of one member");
  place = std::move(value);
  return {};
}

Status read_pax(std::string_view records, Extension& next) {
  while (!records.empty()) {
    const std::size_t space = records.find(' ');
    const auto length = base::parse_uint64(records.substr(0, space));
    if (space == std::string_view::npos || !length || *length > records.size() ||
        *length < space + 3 || records[static_cast<std::size_t>(*length) - 1] != '\n')
      return Error(ErrorCode::kCorrupt, "a pax record in no known form");
    std::string_view record = records.substr(0, static_cast<std::size_t>(*length) - 1);
    records.remove_prefix(static_cast<std::size_t>(*length));
    record.remove_prefix(space + 1);
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0)  // Python stops at a record without a key
      return Error(ErrorCode::kCorrupt, "a pax record in no known form");
    const std::string_view value = record.substr(equals + 1);
    const std::string_view key = record.substr(0, equals);
    next.is_sparse = next.is_sparse || key.starts_with("GNU.sparse.");
    if (key == "path") {  // Python's tarfile takes slashes off its end
      const std::size_t last = value.find_last_not_of('/');
      SAFE_LOAD_TRY(set_once(next.name, std::string(value.substr(0, last + 1))));  // npos + 1 is 0
    }
    if (key == "size") {
      const auto size = base::parse_uint64(value);
      if (!size) return Error(ErrorCode::kCorrupt, "a pax size that is not a number");
      SAFE_LOAD_TRY(set_once(next.size, std::uint64_t{*size}));
    }
  }
  return {};
}

std::string name_of(base::Bytes header) {
  std::string name(trimmed(field(header, 0, kNameSize)));
  const bool has_prefix = field(header, kMagicAt, 6) == std::string_view("ustar\0", 6);
  const std::string_view prefix =
      has_prefix ? trimmed(field(header, kPrefixAt, kPrefixSize)) : std::string_view();
  return prefix.empty() ? name : std::string(prefix) + "/" + name;
}

// Python's tarfile puts the prefix in front whatever the magic is; in headers of GNU tar and older
// ones other programs have other fields there.
bool has_one_name(base::Bytes header) {
  return field(header, kMagicAt, 6) == std::string_view("ustar\0", 6) ||
         trimmed(field(header, kPrefixAt, kPrefixSize)).empty();
}

// Python's tarfile reads an extension to the end of its last block, past its size.
Status check_padding(const Source& source, std::uint64_t end) {
  const std::uint64_t padding = (kTarBlock - end % kTarBlock) % kTarBlock;
  std::array<std::byte, kTarBlock> bytes = {};
  const auto rest =
      std::span(bytes).first(static_cast<std::size_t>(std::min(padding, source.size() - end)));
  SAFE_LOAD_TRY(source.read_at(end, rest));
  if (std::all_of(rest.begin(), rest.end(), [](std::byte b) { return b == std::byte{0}; }))
    return {};
  return Error(ErrorCode::kAmbiguous,
               "bytes behind the end of a tar extension, which some programs read", end);
}

// Whether Python may take a field for this number: as int(text, 8) does, which passes over blanks,
// signs and underscores, or in base 256, where 0xFF at the beginning makes it negative.
bool could_state(std::string_view text, std::int64_t number) {
  const auto first = static_cast<std::uint8_t>(text.front());
  std::uint64_t value = 0;
  if (first == 0x80 || first == 0xFF) {
    for (const char c : text.substr(1)) value = value << 8 | static_cast<std::uint8_t>(c);
    const std::int64_t whole = first == 0x80 ? 0 : std::int64_t{1} << (8 * (kChecksumSize - 1));
    return static_cast<std::int64_t>(value) - whole == number;
  }
  for (const char c : trimmed(text)) {
    const bool is_blank = c == ' ' || (c >= '\t' && c <= '\r') || (c >= '\x1c' && c <= '\x1f');
    if (is_blank || c == '_' || c == '+' || c == '-') continue;
    if (c == 'o' || c == 'O') {
      value = 0;
      continue;
    }
    if (c < '0' || c > '7') return false;
    value = value << 3 | static_cast<std::uint64_t>(c - '0');
  }
  const auto found = static_cast<std::int64_t>(value);
  return found == number || -found == number;
}

}  // namespace

bool could_be_tar_header(base::Bytes block) {
  if (block.size() < kTarBlock) return false;
  std::int64_t with_signs = 0;
  std::int64_t without = 0;
  for (std::size_t i = 0; i < kTarBlock; ++i) {
    const bool is_checksum = i >= kChecksumAt && i < kChecksumAt + kChecksumSize;
    const auto byte = is_checksum ? std::uint8_t{' '} : std::to_integer<std::uint8_t>(block[i]);
    without += byte;
    with_signs += static_cast<std::int8_t>(byte);
  }
  const std::string_view stated = field(block, kChecksumAt, kChecksumSize);
  return could_state(stated, without) || could_state(stated, with_signs);
}

bool is_tar_header(base::Bytes block) {
  if (block.size() < kTarBlock || block[0] == std::byte{0}) return false;
  const auto stated = read_octal(field(block, kChecksumAt, kChecksumSize));
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kTarBlock; ++i) {
    const bool is_checksum = i >= kChecksumAt && i < kChecksumAt + kChecksumSize;
    sum += is_checksum ? std::uint64_t{' '} : std::to_integer<std::uint64_t>(block[i]);
  }
  return stated == sum;
}

Result<TarContent> read_tar_content(const Source& source) {
  TarContent content;
  std::array<std::byte, kTarBlock> header;
  Extension next;
  for (std::uint64_t at = 0; at < source.size();) {
    const auto fail = [&](ErrorCode code, Reason reason) { return Error(code, reason, at); };
    if (source.size() - at < kTarBlock)
      return fail(ErrorCode::kTruncated, "the file ends in the middle of a tar header");
    SAFE_LOAD_TRY(source.read_at(at, header));
    if (std::all_of(header.begin(), header.end(), [](std::byte b) { return b == std::byte{0}; }))
      break;
    if (!is_tar_header(header))
      return fail(ErrorCode::kCorrupt, "a tar header whose checksum does not hold");
    const char type = static_cast<char>(header[kTypeAt]);
    const bool is_extension =
        type == 'x' || type == 'X' || type == 'g' || type == 'L' || type == 'K';
    auto size = read_size(field(header, kSizeAt, kNumberSize));
    if (!is_extension && next.size) size = next.size;
    if (!size) return fail(ErrorCode::kCorrupt, "a tar member whose size is not a number");
    const std::uint64_t data = at + kTarBlock;
    if (!base::fits(data, *size, source.size()))
      return fail(ErrorCode::kTruncated, "the file ends before the end of a tar member")
          .about(next.name.value_or(name_of(header)));

    // An old header of a folder is that of a file whose name ends in a slash.
    const bool is_folder = type == '\0' && name_of(header).ends_with('/');
    // Python's tarfile takes no data to follow these, others take it as it is said.
    if (((type >= '1' && type <= '6') || is_folder) && *size != 0)
      return fail(ErrorCode::kAmbiguous, "a link, folder or device with bytes of its own");
    if (is_extension) {
      SAFE_LOAD_TRY(check_padding(source, data + *size));
    }
    if (!has_one_name(header))
      return fail(ErrorCode::kAmbiguous, "a tar member with a prefix that not all programs read");
    if (type == 'x' || type == 'X' || type == 'L' || type == 'g') {
      if (*size > kMostExtension) return fail(ErrorCode::kLimit, "a tar extension over 64 KiB");
      std::string text(static_cast<std::size_t>(*size), '\0');
      SAFE_LOAD_TRY(source.read_at(data, base::as_writable_bytes(text)));
      Extension of_all;
      const Status read = type == 'L' ? set_once(next.name, std::string(trimmed(text)))
                                      : read_pax(text, type == 'g' ? of_all : next);
      if (!read) return read.error().at(data);
      if (of_all.name || of_all.size || of_all.is_sparse)
        return fail(ErrorCode::kAmbiguous, "a name or size for all members of an archive");
    } else if (!is_extension) {
      // What no program knows counts as a file for Python's tarfile.
      const bool is_known = is_folder || (type >= '1' && type <= '6');
      const bool has_holes = type == 'S' || next.is_sparse;
      if (has_holes || is_known) {
        const bool is_any_folder = is_folder || type == '5';
        content.has_others |= has_holes || !is_any_folder;
      } else {
        content.members.push_back({next.name.value_or(name_of(header)), data, *size});
      }
      next = {};
    }
    // The rounded size may pass the end of a file without padding; it cannot overflow 64 bits.
    at = data + (*size + kTarBlock - 1) / kTarBlock * kTarBlock;
    content.end = std::min(at, source.size());
  }
  return content;
}

Result<std::vector<TarMember>> read_tar(const Source& source) {
  SAFE_LOAD_TRY_ASSIGN(auto content, read_tar_content(source));
  return std::move(content.members);
}

}  // namespace safe_load::archive
