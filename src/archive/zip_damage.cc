#include "archive/zip_damage.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "archive/zip_directory.h"
#include "archive/zip_records.h"
#include "base/bytes.h"
#include "base/checked.h"

namespace safe_load::archive {
namespace {

constexpr std::uint64_t kBlock = std::uint64_t{1} << 20;
constexpr std::uint64_t kMostSearch = std::uint64_t{256} << 20;

// Where the record ends whose data begins at `data` and whose size only its descriptor tells.
std::optional<std::uint64_t> end_by_descriptor(const Source& source, std::uint64_t data,
                                               std::uint64_t& searched) {
  constexpr std::uint64_t kLongDescriptor = 24;
  for (std::uint64_t at = data; at < source.size() && searched < kMostSearch; at += kBlock) {
    const auto block = base::read_up_to(source, at, kBlock + kLongDescriptor);
    searched += kBlock;
    const std::string_view text = base::as_text(block);
    for (std::size_t found = text.find(kDescriptorSignature);
         found != std::string_view::npos && found < kBlock;
         found = text.find(kDescriptorSignature, found + 1)) {
      const std::uint64_t size = at + found - data;
      const auto is_followed = [&](std::uint64_t length) {
        const auto next = base::read_up_to(source, at + found + length, 4);
        return at + found + length == source.size() || base::as_text(next) == kLocalSignature ||
               base::as_text(next) == kEntrySignature;
      };
      if (text.size() - found >= 16 && size <= 0xFFFFFFFF &&
          base::load_little<std::uint32_t>(block.data() + found + 8) == size && is_followed(16))
        return at + found + 16;
      if (text.size() - found >= kLongDescriptor &&
          base::load_little<std::uint64_t>(block.data() + found + 8) == size &&
          is_followed(kLongDescriptor))
        return at + found + kLongDescriptor;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<LastRecord> last_whole_record(const Source& source) {
  std::optional<LastRecord> last;
  std::uint64_t searched = 0;
  for (std::uint64_t at = 0; at < source.size();) {
    const auto header = base::read_up_to(source, at, kLocalSize);
    if (header.size() < kLocalSize || !base::as_text(header).starts_with(kLocalSignature)) break;
    const auto flags = base::load_little<std::uint16_t>(header.data() + 6);
    const std::uint64_t size = base::load_little<std::uint32_t>(header.data() + 18);
    const std::uint64_t name_size = base::load_little<std::uint16_t>(header.data() + 26);
    const std::uint64_t data =
        at + kLocalSize + name_size + base::load_little<std::uint16_t>(header.data() + 28);
    const auto name = base::read_up_to(source, at + kLocalSize, name_size);
    std::optional<std::uint64_t> end;
    if ((flags & kDescriptorFlag) != 0) {
      end = end_by_descriptor(source, data, searched);
    } else if (base::fits(data, size, source.size())) {
      end = data + size;
    }
    if (!end) break;
    last = LastRecord{std::string(base::as_text(name)), *end};
    at = *end;
  }
  return last;
}

bool is_seam(const Source& source, std::uint64_t offset) {
  if (offset < kEndSize) return false;
  const auto bytes = base::read_up_to(source, offset - kEndSize, kEndSize + 4);
  const std::string_view text = base::as_text(bytes);
  return text.starts_with(kEndSignature) && text.ends_with(kLocalSignature);
}

bool is_inside_another(const Source& source, std::uint64_t offset) {
  return base::as_text(base::read_up_to(source, 0, 4)) == kLocalSignature &&
         base::as_text(base::read_up_to(source, offset, 4)) == kLocalSignature;
}

std::optional<std::int64_t> directory_shift(const Source& source) {
  const auto [tail_at, tail_size] = directory_tail(source.size());
  const auto tail = base::read_up_to(source, tail_at, tail_size);
  if (tail.size() < kEndSize) return std::nullopt;
  const std::size_t found =
      base::as_text(tail).rfind(kEndSignature, tail.size() - kEndSize);  // a whole one
  if (found == std::string_view::npos) return std::nullopt;
  const std::uint64_t size = base::load_little<std::uint32_t>(tail.data() + found + 12);
  const std::uint64_t stated = base::load_little<std::uint32_t>(tail.data() + found + 16);
  // The directory ends at the end record, or at the zip64 records before it.
  constexpr std::uint64_t kZip64Records = kZip64EndSize + kLocatorSize;
  for (const std::uint64_t between : {std::uint64_t{0}, kZip64Records}) {
    const std::uint64_t behind = tail_at + found;
    if (size + between > behind) continue;
    const std::uint64_t real = behind - between - size;
    const auto entry = base::read_up_to(source, real, 4);
    if (base::as_text(entry) == kEntrySignature && real != stated)
      return static_cast<std::int64_t>(real) - static_cast<std::int64_t>(stated);
  }
  return std::nullopt;
}

}  // namespace safe_load::archive
