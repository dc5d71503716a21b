// Where the directory of a zip file is, and what it says.
//
// The end record is searched backwards in the last 65,557 bytes. Its place is a guess that several
// readers make differently, so another end record that also leads to a directory is refused, unless
// it lies inside the data of an entry (a stored archive in the archive). The zip64 record may add
// to the end record, never contradict it. After that nothing is searched: every entry is where the
// directory says, and the directory must fill its declared bytes exactly.
#include "archive/zip_directory.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "archive/zip_records.h"
#include "base/byte_reader.h"
#include "base/checked.h"
#include "base/try.h"

namespace safe_load::archive {
namespace {

constexpr std::uint16_t kZip64Extra = 1;
constexpr std::uint16_t kUnicodePathExtra = 0x7075;  // APPNOTE 4.6.9
constexpr std::uint16_t kAllOnes16 = 0xFFFF;
constexpr std::uint32_t kAllOnes32 = 0xFFFFFFFF;

// What the end records say together.
struct End {
  std::uint64_t position;  // of the first end record: nothing of the archive lies behind
  std::uint64_t directory_offset;
  std::uint64_t directory_size;
  std::uint64_t entries;
  std::uint64_t behind;  // offset after the comment
};

Error at(Reason reason, std::uint64_t offset) { return Error(ErrorCode::kCorrupt, reason, offset); }

// The zip64 record, if a locator precedes the end record at `end`.
Result<std::optional<End>> read_zip64(const Source& source, std::uint64_t end) {
  if (end < kLocatorSize) return std::optional<End>();
  std::array<std::byte, kLocatorSize> locator_bytes;
  SAFE_LOAD_TRY(source.read_at(end - kLocatorSize, locator_bytes));
  base::ByteReader locator(locator_bytes);
  SAFE_LOAD_TRY_ASSIGN(const auto signature, locator.read_little<std::uint32_t>());
  if (signature != as_number(kLocatorSignature)) return std::optional<End>();
  SAFE_LOAD_TRY_ASSIGN(const auto disk, locator.read_little<std::uint32_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto position, locator.read_little<std::uint64_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto disks, locator.read_little<std::uint32_t>());
  const std::uint64_t locator_at = end - kLocatorSize;
  if (disk != 0 || disks > 1) return at("the archive is spread over several disks", locator_at);
  if (!base::fits(position, kZip64EndSize, locator_at))
    return at("the zip64 end record lies outside the file", locator_at);

  std::array<std::byte, kZip64EndSize> record_bytes;
  SAFE_LOAD_TRY(source.read_at(position, record_bytes));
  base::ByteReader record(record_bytes);
  SAFE_LOAD_TRY_ASSIGN(const auto record_signature, record.read_little<std::uint32_t>());
  if (record_signature != as_number(kZip64EndSignature))
    return at("the zip64 locator does not lead to a zip64 end record", locator_at);
  SAFE_LOAD_TRY_ASSIGN(const auto rest, record.read_little<std::uint64_t>());
  const auto record_size = base::checked_add(rest, 12);
  if (!record_size || *record_size < kZip64EndSize ||
      !base::fits(position, *record_size, locator_at))
    return at("the zip64 end record has an impossible size", position);
  // Python looks for a record of the least size right in front of the locator.
  if (position + kZip64EndSize != locator_at)
    return Error(ErrorCode::kAmbiguous,
                 "there are bytes between the zip64 end record and its locator", position);
  SAFE_LOAD_TRY(record.skip(4));  // versions
  SAFE_LOAD_TRY_ASSIGN(const auto this_disk, record.read_little<std::uint32_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto start_disk, record.read_little<std::uint32_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto entries_here, record.read_little<std::uint64_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto entries, record.read_little<std::uint64_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto size, record.read_little<std::uint64_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto offset, record.read_little<std::uint64_t>());
  if (this_disk != 0 || start_disk != 0 || entries_here != entries)
    return at("the archive is spread over several disks", position);
  return std::optional<End>(End{position, offset, size, entries, 0});
}

// Everything that the end record at `position` leads to, checked against each other.
Result<End> read_end(const Source& source, base::Bytes record, std::uint64_t position) {
  base::ByteReader reader(record);
  SAFE_LOAD_TRY(reader.skip(4));
  SAFE_LOAD_TRY_ASSIGN(const auto disk, reader.read_little<std::uint16_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto start_disk, reader.read_little<std::uint16_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto entries_here, reader.read_little<std::uint16_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto entries, reader.read_little<std::uint16_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto size, reader.read_little<std::uint32_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto offset, reader.read_little<std::uint32_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto comment, reader.read_little<std::uint16_t>());
  if (disk != 0 || start_disk != 0 || entries_here != entries)
    return at("the archive is spread over several disks", position);

  End end{position, offset, size, entries, position + kEndSize + comment};
  SAFE_LOAD_TRY_ASSIGN(const auto zip64, read_zip64(source, position));
  if (zip64) {
    const bool agree = (entries == kAllOnes16 || entries == zip64->entries) &&
                       (size == kAllOnes32 || size == zip64->directory_size) &&
                       (offset == kAllOnes32 || offset == zip64->directory_offset);
    if (!agree)
      return Error(ErrorCode::kAmbiguous, "the zip64 end record contradicts the end record",
                   zip64->position);
    end = End{zip64->position, zip64->directory_offset, zip64->directory_size, zip64->entries,
              end.behind};
  }
  if (!base::fits(end.directory_offset, end.directory_size, end.position))
    return at("the central directory lies outside the file; bytes were lost or inserted", position);
  if (end.entries > end.directory_size / kEntrySize)
    return at("the end record counts more entries than its directory can hold", position);
  return end;
}

struct Found {
  End end;
  std::vector<std::uint64_t> rivals;  // earlier end records that also lead to a directory
};

Result<bool> leads_to_entries(const Source& source, const End& end) {
  if (end.entries == 0) return end.directory_size == 0;
  std::array<std::byte, 4> signature;
  SAFE_LOAD_TRY(source.read_at(end.directory_offset, signature));
  return base::as_text(signature) == kEntrySignature;
}

// Where a whole end record could begin, from the last to the first.
std::vector<std::uint64_t> end_signatures(base::Bytes tail) {
  const std::string_view text = base::as_text(
      tail.first(tail.size() < kEndSize
                     ? 0
                     : tail.size() - static_cast<std::size_t>(kEndSize) + kEndSignature.size()));
  std::vector<std::uint64_t> places;
  for (std::size_t at = text.find(kEndSignature); at != std::string_view::npos;
       at = text.find(kEndSignature, at + 1))
    places.push_back(at);
  std::reverse(places.begin(), places.end());
  return places;
}

Result<Found> find_end(const Source& source) {
  const std::uint64_t size = source.size();
  const auto [tail_at, tail_size] = directory_tail(size);
  std::vector<std::byte> tail(static_cast<std::size_t>(tail_size));
  SAFE_LOAD_TRY(source.read_at(tail_at, tail));

  std::optional<Found> found;
  std::uint64_t candidates = 0;
  for (const std::uint64_t i : end_signatures(tail)) {
    if (size - (tail_at + i) > kEndSize + kMostBehind) break;
    // More signatures than this are no accident, and each costs a look at the file.
    if (++candidates > 64)
      return Error(ErrorCode::kAmbiguous, "too many zip end records", tail_at + i);
    const auto end = read_end(source, base::Bytes(tail).subspan(i, kEndSize), tail_at + i);
    if (!found) {
      if (!end) return end.error();
      found = Found{*end, {}};
    } else if (end && tail_at + i < found->end.position) {
      SAFE_LOAD_TRY_ASSIGN(const bool real, leads_to_entries(source, *end));
      if (real) found->rivals.push_back(tail_at + i);
    }
  }
  if (!found)
    return Error(ErrorCode::kTruncated, "the zip file is cut off: it has no central directory",
                 size);
  return *found;
}

// Whether an Info-ZIP Unicode Path field (version, CRC-32 of the name, name) says `name`, too.
bool is_name(base::Bytes field, std::string_view name) {
  constexpr std::size_t kNameAt = 5;
  return field.size() >= kNameAt && base::as_text(field.subspan(kNameAt)) == name;
}

// Reads the zip64 extra field: exactly the values whose 32-bit fields are all ones, in this order.
Status read_extra(base::Bytes extra, std::uint64_t offset, ZipEntry& entry, bool wide_size,
                  bool wide_compressed, bool wide_offset) {
  base::ByteReader reader(extra);
  bool seen = false;
  while (reader.remaining() >= 4) {
    const std::uint64_t field_at = offset + reader.offset();
    SAFE_LOAD_TRY_ASSIGN(const auto id, reader.read_little<std::uint16_t>());
    SAFE_LOAD_TRY_ASSIGN(const auto size, reader.read_little<std::uint16_t>());
    auto body = reader.read_bytes(size);
    if (!body) return at("an extra field reaches past its entry", field_at);
    if (id == kUnicodePathExtra && !is_name(*body, entry.name))
      return Error(ErrorCode::kAmbiguous, "an entry with two names", field_at).about(entry.name);
    if (id != kZip64Extra) continue;
    if (seen) return at("an entry has two zip64 fields", field_at);
    seen = true;
    const std::uint64_t needed =
        8u * (std::uint64_t{wide_size} + std::uint64_t{wide_compressed} + wide_offset);
    if (body->size() != needed) return at("a zip64 field has the wrong size", field_at);
    base::ByteReader wide(*body);
    for (const auto& [is_wide, value] :
         {std::pair(wide_size, &entry.size), std::pair(wide_compressed, &entry.compressed_size),
          std::pair(wide_offset, &entry.local_offset)}) {
      if (!is_wide) continue;
      SAFE_LOAD_TRY_ASSIGN(*value, wide.read_little<std::uint64_t>());
    }
  }
  if (!seen && (wide_size || wide_compressed || wide_offset))
    return at("an entry needs a zip64 field and has none", offset);
  return {};
}

Result<ZipEntry> read_entry(base::ByteReader& reader, std::uint64_t directory_offset) {
  const std::uint64_t entry_at = directory_offset + reader.offset();
  SAFE_LOAD_TRY_ASSIGN(const auto signature, reader.read_little<std::uint32_t>());
  if (signature != as_number(kEntrySignature)) return at("not a directory entry", entry_at);
  ZipEntry entry;
  SAFE_LOAD_TRY(reader.skip(4));  // versions
  SAFE_LOAD_TRY_ASSIGN(entry.flags, reader.read_little<std::uint16_t>());
  SAFE_LOAD_TRY_ASSIGN(entry.method, reader.read_little<std::uint16_t>());
  SAFE_LOAD_TRY(reader.skip(4));  // time and date
  SAFE_LOAD_TRY_ASSIGN(entry.crc, reader.read_little<std::uint32_t>());
  SAFE_LOAD_TRY_ASSIGN(entry.compressed_size, reader.read_little<std::uint32_t>());
  SAFE_LOAD_TRY_ASSIGN(entry.size, reader.read_little<std::uint32_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto name_size, reader.read_little<std::uint16_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto extra_size, reader.read_little<std::uint16_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto comment_size, reader.read_little<std::uint16_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto disk, reader.read_little<std::uint16_t>());
  SAFE_LOAD_TRY(reader.skip(2));  // internal attributes
  SAFE_LOAD_TRY_ASSIGN(const auto attributes, reader.read_little<std::uint32_t>());
  SAFE_LOAD_TRY_ASSIGN(entry.local_offset, reader.read_little<std::uint32_t>());
  SAFE_LOAD_TRY_ASSIGN(entry.name, reader.read_text(name_size));
  const std::uint64_t extra_at = directory_offset + reader.offset();
  SAFE_LOAD_TRY_ASSIGN(const auto extra, reader.read_bytes(extra_size));
  SAFE_LOAD_TRY(reader.skip(comment_size));
  if (disk != 0) return at("an entry lies on another disk", entry_at).about(entry.name);
  if (entry.name.empty() || entry.name.find('\0') != std::string_view::npos)
    return at("an entry has an empty name or a NUL byte in it", entry_at).about(entry.name);
  // miniz, which torch uses, reads nothing of it then, and says that it did.
  constexpr std::uint32_t kFolderOfDos = 0x10;
  if ((attributes & kFolderOfDos) != 0 && !entry.name.ends_with('/'))
    return Error(ErrorCode::kAmbiguous,
                 "an entry that is a folder by its attributes and a file by its name", entry_at)
        .about(entry.name);
  SAFE_LOAD_TRY(read_extra(extra, extra_at, entry, entry.size == kAllOnes32,
                           entry.compressed_size == kAllOnes32, entry.local_offset == kAllOnes32));
  const bool stored = entry.method == static_cast<std::uint16_t>(Method::kStored);
  if (stored && entry.compressed_size != entry.size)
    return at("a stored entry has two sizes", entry_at).about(entry.name);
  if (entry.compressed_size == 0 && entry.size != 0)
    return at("an entry has a size and no data", entry_at).about(entry.name);
  return entry;
}

bool has_capital(std::string_view name) {
  return std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

std::string folded(std::string_view name) {
  std::string lower(name);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

}  // namespace

ByteRange directory_tail(std::uint64_t file_size) {
  const std::uint64_t size = std::min(file_size, kTail);
  return {file_size - size, size};
}

Result<ZipDirectory> ZipDirectory::read(const Source& source, const Limits& limits) {
  SAFE_LOAD_TRY_ASSIGN(const Found found, find_end(source));
  const End& end = found.end;
  if (end.entries > limits.max_zip_entries)
    return Error(ErrorCode::kLimit, "more zip entries than Limits::max_zip_entries", end.position);

  ZipDirectory directory;
  directory.trailing_bytes_ = source.size() - std::min(source.size(), end.behind);
  directory.bytes_.resize(static_cast<std::size_t>(end.directory_size));
  SAFE_LOAD_TRY(source.read_at(end.directory_offset, directory.bytes_));
  SAFE_LOAD_TRY(directory.read_entries(end.directory_offset, end.entries));
  SAFE_LOAD_TRY(directory.index_names());
  SAFE_LOAD_TRY(directory.check_overlap(end.directory_offset));
  for (const std::uint64_t rival : found.rivals) {
    SAFE_LOAD_TRY_ASSIGN(const bool inside, directory.is_inside_data(source, rival));
    if (!inside) return Error(ErrorCode::kAmbiguous, "the file has two zip directories", rival);
  }
  // Some readers look for the directory in front of the end record, others where that says.
  if (end.directory_offset + end.directory_size != end.position)
    return Error(ErrorCode::kAmbiguous,
                 "there are bytes between the zip directory and its end record", end.position);
  return directory;
}

Status ZipDirectory::read_entries(std::uint64_t directory_offset, std::uint64_t count) {
  base::ByteReader reader(bytes_);
  entries_.reserve(static_cast<std::size_t>(count));
  for (std::uint64_t i = 0; i < count; ++i) {
    auto entry = read_entry(reader, directory_offset);
    if (!entry) {
      if (entry.error().code() != ErrorCode::kTruncated) return entry.error();
      return at("a directory entry reaches past the directory", directory_offset + reader.offset());
    }
    entries_.push_back(*entry);
  }
  if (!reader.at_end())
    return at("the directory is larger than its entries", directory_offset + reader.offset());
  return {};
}

Status ZipDirectory::index_names() {
  const auto name_of = [&](std::uint32_t number) { return entries_[number].name; };
  by_name_.reserve(entries_.size());
  for (std::uint32_t i = 0; i < entries_.size(); ++i) {
    const ZipEntry& entry = entries_[i];
    if (by_name_.add(entry.name, i, name_of) != i)
      return Error(ErrorCode::kAmbiguous, "two entries have one name", entry.local_offset)
          .about(entry.name);
    if (has_capital(entry.name)) folded_.emplace_back(folded(entry.name), i);
  }
  std::sort(folded_.begin(), folded_.end());
  for (std::size_t i = 0; i < folded_.size(); ++i) {
    const auto& [lower, number] = folded_[i];
    const ZipEntry& entry = entries_[number];
    if (find(lower) != nullptr || (i != 0 && lower == folded_[i - 1].first))
      return Error(ErrorCode::kAmbiguous, "two names differ in case only", entry.local_offset)
          .about(entry.name);
  }
  return {};
}

// Ranges are compared with the least size an entry can have; the local header adds to it later.
Status ZipDirectory::check_overlap(std::uint64_t directory_offset) {
  std::vector<std::size_t> order(entries_.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto by_offset = [&](std::size_t a, std::size_t b) {
    return entries_[a].local_offset < entries_[b].local_offset;
  };
  if (!std::is_sorted(order.begin(), order.end(), by_offset))
    std::sort(order.begin(), order.end(), by_offset);
  std::uint64_t next = directory_offset;
  for (auto it = order.rbegin(); it != order.rend(); ++it) {
    ZipEntry& entry = entries_[*it];
    const auto least = base::checked_add(entry.compressed_size, kLocalSize + entry.name.size());
    if (!least || !base::fits(entry.local_offset, *least, next))
      return at("an entry overlaps its neighbour or the directory", entry.local_offset)
          .about(entry.name);
    entry.limit = next;
    next = entry.local_offset;
  }
  return {};
}

// The data begins where the local header says; a gap behind it belongs to nobody.
Result<bool> ZipDirectory::is_inside_data(const Source& source, std::uint64_t position) const {
  for (const ZipEntry& entry : entries_) {
    if (position < entry.local_offset || position >= entry.limit) continue;
    std::array<std::byte, kLocalSize> header;
    SAFE_LOAD_TRY(source.read_at(entry.local_offset, header));
    const std::uint64_t data_offset = entry.local_offset + kLocalSize +
                                      base::load_little<std::uint16_t>(header.data() + 26) +
                                      base::load_little<std::uint16_t>(header.data() + 28);
    return data_offset <= position && position - data_offset < entry.compressed_size;
  }
  return false;
}

const ZipEntry* ZipDirectory::find(std::string_view name) const {
  const std::uint32_t found =
      by_name_.find(name, [&](std::uint32_t number) { return entries_[number].name; });
  return found == base::TextIndex::kNone ? nullptr : &entries_[found];
}

Result<const ZipEntry*> ZipDirectory::find_record(std::string_view name) const {
  if (const ZipEntry* const exact = find(name)) return exact;
  const std::string lower = folded(name);
  const ZipEntry* other = find(lower);
  const auto found = std::lower_bound(folded_.begin(), folded_.end(), std::pair(lower, 0u));
  if (found != folded_.end() && found->first == lower) other = &entries_[found->second];
  if (other == nullptr) return static_cast<const ZipEntry*>(nullptr);
  return Error(ErrorCode::kAmbiguous,
               "a record that torch finds, under another name than it writes", other->local_offset)
      .about(other->name);
}

void ZipDirectory::move_by(std::uint64_t offset) {
  for (ZipEntry& entry : entries_) {
    entry.local_offset += offset;
    entry.limit += offset;
  }
}

}  // namespace safe_load::archive
