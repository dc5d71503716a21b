#include "archive/zip_salvage.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>

#include "archive/zip_directory.h"
#include "archive/zip_records.h"
#include "base/bytes.h"
#include "base/checked.h"
#include "base/try.h"
#include "deflate/inflate.h"

namespace safe_load::archive {
namespace {

constexpr std::uint64_t kBlock = std::uint64_t{1} << 20;
constexpr std::size_t kMostRecords = 100'000;
constexpr std::uint64_t kMostName = 4096;
constexpr std::uint64_t kMostDirectory = std::uint64_t{64} << 20;

template <class T>
T field(base::Bytes bytes, std::size_t offset) {
  return base::load_little<T>(bytes.data() + offset);
}

class Salvage {
 public:
  explicit Salvage(const Source& source) : source_(source) {}

  Salvaged run() {
    for (const std::uint64_t end : ends()) read_directory(end);
    find_local_headers();
    Salvaged found;
    for (auto& [offset, record] : records_) found.records.push_back(std::move(record));
    found.has_directory = has_directory_;
    found.is_whole = is_whole_;
    return found;
  }

  // Where end records could begin, the last first.
  std::vector<std::uint64_t> ends() const {
    const auto [tail_at, tail_size] = directory_tail(source_.size());
    const auto tail = base::read_up_to(source_, tail_at, tail_size);
    std::vector<std::uint64_t> places;
    if (tail.size() < kEndSize) return places;
    const std::string_view text = base::as_text(tail);
    constexpr std::size_t kMostEnds = 16;
    for (std::size_t at = text.rfind(kEndSignature, text.size() - kEndSize);
         at != std::string_view::npos && places.size() < kMostEnds;
         at = at == 0 ? std::string_view::npos : text.rfind(kEndSignature, at - 1))
      places.push_back(tail_at + at);
    return places;
  }

  struct Directory {
    std::uint64_t offset;
    std::uint64_t size;
    std::uint64_t shift;  // to be added to the offsets in it, modulo 2^64
  };

  // The directories that an end record could lead to: by its own numbers and by those of the zip64
  // records in front of it, which some readers believe first; in front of it, or where they say.
  std::vector<Directory> find_directories(std::uint64_t end) const {
    struct Stated {
      std::uint64_t size;
      std::uint64_t offset;
      std::uint64_t behind;  // where a directory in front would end
    };
    const auto record = base::read_up_to(source_, end, kEndSize);
    if (record.size() < kEndSize) return {};
    std::vector<Stated> stated = {
        {field<std::uint32_t>(record, 12), field<std::uint32_t>(record, 16), end}};
    const auto locator = base::read_up_to(source_, end - std::min(end, kLocatorSize), kLocatorSize);
    if (end >= kLocatorSize && base::as_text(locator).starts_with(kLocatorSignature)) {
      const std::uint64_t before = end - kLocatorSize;
      for (const std::uint64_t at :
           {before - std::min(before, kZip64EndSize), field<std::uint64_t>(locator, 8)}) {
        const auto wide = base::read_up_to(source_, at, kZip64EndSize);
        if (wide.size() == kZip64EndSize && base::as_text(wide).starts_with(kZip64EndSignature))
          stated.push_back({field<std::uint64_t>(wide, 40), field<std::uint64_t>(wide, 48), at});
      }
    }
    std::vector<Directory> found;
    for (const Stated& each : stated) {
      if (each.size <= each.behind && is_directory(each.behind - each.size))
        found.push_back(
            {each.behind - each.size, each.size, each.behind - each.size - each.offset});
      if (each.offset < source_.size() && is_directory(each.offset))
        found.push_back({each.offset, source_.size() - each.offset, 0});
    }
    return found;
  }

 private:
  void read_directory(std::uint64_t end) {
    for (const Directory& directory : find_directories(end)) read_entries(directory);
  }

  bool is_directory(std::uint64_t offset) const {
    return base::as_text(base::read_up_to(source_, offset, kEntrySignature.size())) ==
           kEntrySignature;
  }

  void read_entries(const Directory& directory) {
    has_directory_ = true;
    const auto bytes =
        base::read_up_to(source_, directory.offset, std::min(directory.size, kMostDirectory));
    std::size_t at = 0;
    while (bytes.size() - at >= kEntrySize && records_.size() < kMostRecords) {
      const base::Bytes entry = base::Bytes(bytes).subspan(at);
      if (!base::as_text(entry).starts_with(kEntrySignature)) break;
      const std::size_t name_size = field<std::uint16_t>(entry, 28);
      const std::size_t size = kEntrySize + name_size + field<std::uint16_t>(entry, 30) +
                               field<std::uint16_t>(entry, 32);
      if (size > entry.size()) break;
      for (const std::uint64_t shift : {directory.shift, std::uint64_t{0}}) {
        SalvagedRecord* const record = add(field<std::uint32_t>(entry, 42) + shift);
        if (record == nullptr) continue;
        record->is_in_directory = true;
        record->directory_name = base::as_text(entry.subspan(kEntrySize, name_size));
        record->flags |= field<std::uint16_t>(entry, 8);
        const std::uint64_t stored = field<std::uint32_t>(entry, 20);
        if (record->stored_size == 0 && stored != 0xFFFFFFFF)
          record->stored_size = std::min(stored, source_.size() - record->data_offset);
        break;
      }
      at += size;
    }
  }

  // The record whose local header stands there, or null.
  SalvagedRecord* add(std::uint64_t offset) {
    const auto known = records_.find(offset);
    if (known != records_.end()) return &known->second;
    if (records_.size() >= kMostRecords) {
      is_whole_ = false;
      return nullptr;
    }
    const auto header = base::read_up_to(source_, offset, kLocalSize + kMostName);
    if (header.size() < kLocalSize || !base::as_text(header).starts_with(kLocalSignature))
      return nullptr;
    SalvagedRecord record;
    const std::uint64_t name_size = field<std::uint16_t>(header, 26);
    record.local_offset = offset;
    record.data_offset = offset + kLocalSize + name_size + field<std::uint16_t>(header, 28);
    if (record.data_offset > source_.size()) return nullptr;
    record.name = base::as_text(base::Bytes(header).subspan(
        kLocalSize,
        static_cast<std::size_t>(std::min<std::uint64_t>(name_size, header.size() - kLocalSize))));
    record.flags = field<std::uint16_t>(header, 6);
    record.method = field<std::uint16_t>(header, 8);
    const std::uint64_t stored = field<std::uint32_t>(header, 18);
    if (stored != 0xFFFFFFFF)
      record.stored_size = std::min(stored, source_.size() - record.data_offset);
    return &records_.emplace(offset, std::move(record)).first->second;
  }

  void find_local_headers() {
    for (std::uint64_t at = 0; at < source_.size(); at += kBlock) {
      if (at >= kMostSearched) {
        is_whole_ = false;
        break;
      }
      const auto block = base::read_up_to(source_, at, kBlock + kLocalSignature.size() - 1);
      const std::string_view text = base::as_text(block);
      for (std::size_t found = text.find(kLocalSignature);
           found != std::string_view::npos && found < kBlock;
           found = text.find(kLocalSignature, found + 1))
        add(at + found);
    }
    // Of a record whose size nobody tells: up to the next one.
    for (auto record = records_.begin(); record != records_.end(); ++record) {
      if (record->second.stored_size != 0) continue;
      const bool is_open = (record->second.flags & kDescriptorFlag) != 0;
      const auto next = std::next(record);
      const std::uint64_t end = next == records_.end() ? source_.size() : next->first;
      if (is_open && end > record->second.data_offset)
        record->second.stored_size = end - record->second.data_offset;
    }
  }

  const Source& source_;
  std::map<std::uint64_t, SalvagedRecord> records_;
  bool has_directory_ = false;
  bool is_whole_ = true;
};

}  // namespace

bool SalvagedRecord::is_marked_encrypted() const { return (flags & kOpaqueFlags) != 0; }

Salvaged salvage_zip(const Source& source) { return Salvage(source).run(); }

Result<std::vector<std::byte>> read_salvaged(const Source& source, const SalvagedRecord& record,
                                             std::uint64_t most) {
  if (record.stored_size > most)
    return Error(ErrorCode::kLimit, "a record that is larger than may be looked at",
                 record.local_offset);
  std::vector<std::byte> stored(static_cast<std::size_t>(record.stored_size));
  SAFE_LOAD_TRY(source.read_at(record.data_offset, stored));
  if (record.method == static_cast<std::uint16_t>(Method::kStored)) return stored;
  if (record.method != static_cast<std::uint16_t>(Method::kDeflated))
    return Error(ErrorCode::kUnsupported, "compressed in a way that torch does not use",
                 record.local_offset);
  return deflate::inflate_some(stored, most);
}

bool ends_in_directory(const Source& source) {
  const Salvage salvage(source);
  const auto ends = salvage.ends();
  return std::any_of(ends.begin(), ends.end(),
                     [&](std::uint64_t end) { return !salvage.find_directories(end).empty(); });
}

}  // namespace safe_load::archive
