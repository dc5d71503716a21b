#include "archive/zip_member.h"

#include <algorithm>
#include <array>

#include "archive/zip_records.h"
#include "base/byte_reader.h"
#include "base/checked.h"
#include "base/try.h"
#include "deflate/inflate.h"

namespace safe_load::archive {
namespace {

constexpr std::uint32_t kAllOnes32 = 0xFFFFFFFF;
constexpr std::uint64_t kWindow = std::uint64_t{1} << 15;
constexpr std::uint64_t kMergeGap = std::uint64_t{1} << 12;  // more costs more than to go there

// torch fills the extra field of a header up to the next multiple of 64 bytes.
constexpr std::uint64_t kUsualExtra = 96;

// Whether the extra field is a whole sequence of (id, length, bytes). Its length decides where the
// data begins, so a length that these do not add up to would be believed by nothing else.
bool is_whole_sequence(base::Bytes extra) {
  while (!extra.empty()) {
    if (extra.size() < 4) return false;
    const std::size_t size = base::load_little<std::uint16_t>(extra.data() + 2);
    if (size > extra.size() - 4) return false;
    extra = extra.subspan(4 + size);
  }
  return true;
}

// `header` holds the local header, the name behind it, and its extra field, unless that is a very
// long one, which is read.
Result<ZipMember> check_local(const Source& source, const ZipEntry& entry, base::Bytes header) {
  const auto fail = [&](Reason reason) {
    return Error(ErrorCode::kCorrupt, reason, entry.local_offset).about(entry.name);
  };
  const auto disagree = [&](Reason reason) {
    return Error(ErrorCode::kAmbiguous, reason, entry.local_offset).about(entry.name);
  };
  base::ByteReader reader(header);
  SAFE_LOAD_TRY_ASSIGN(const auto signature, reader.read_little<std::uint32_t>());
  if (signature != as_number(kLocalSignature))
    return fail("no local header where the directory says");
  SAFE_LOAD_TRY(reader.skip(2));  // version
  SAFE_LOAD_TRY_ASSIGN(const auto flags, reader.read_little<std::uint16_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto method, reader.read_little<std::uint16_t>());
  SAFE_LOAD_TRY(reader.skip(8));  // time, date, CRC
  SAFE_LOAD_TRY_ASSIGN(const auto compressed, reader.read_little<std::uint32_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto size, reader.read_little<std::uint32_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto name_size, reader.read_little<std::uint16_t>());
  SAFE_LOAD_TRY_ASSIGN(const auto extra_size, reader.read_little<std::uint16_t>());
  if (name_size != entry.name.size()) return disagree("local header and directory name differ");
  SAFE_LOAD_TRY_ASSIGN(const auto name, reader.read_text(name_size));
  if (name != entry.name) return disagree("local header and directory name differ");
  if (method != entry.method) return disagree("local header and directory method differ");
  if (((flags ^ entry.flags) & kOpaqueFlags) != 0)
    return disagree("local header and directory encryption flags differ");
  if ((flags & kDescriptorFlag) == 0) {
    // All ones: the size is in a zip64 field, which the directory has already told.
    if (compressed != entry.compressed_size && compressed != kAllOnes32)
      return disagree("local header and directory size differ");
    if (size != entry.size && size != kAllOnes32)
      return disagree("local header and directory size differ");
  }
  const std::uint64_t data_offset = entry.local_offset + kLocalSize + name_size + extra_size;
  if (!base::fits(data_offset, entry.compressed_size, entry.limit))
    return fail("the data of an entry reaches into its neighbour");
  bool is_whole = false;
  if (extra_size <= reader.remaining()) {
    is_whole = is_whole_sequence(header.subspan(reader.offset(), extra_size));
  } else {
    std::vector<std::byte> extra(extra_size);
    SAFE_LOAD_TRY(source.read_at(data_offset - extra_size, extra));
    is_whole = is_whole_sequence(extra);
  }
  if (!is_whole)
    return disagree("the extra field of a local header has another length than its parts");
  return ZipMember{&entry, data_offset};
}

}  // namespace

Status check_readable(const ZipEntry& entry) {
  const auto unsupported = [&](Reason reason) {
    return Error(ErrorCode::kUnsupported, reason, entry.local_offset).about(entry.name);
  };
  const bool known = entry.method == static_cast<std::uint16_t>(Method::kStored) ||
                     entry.method == static_cast<std::uint16_t>(Method::kDeflated);
  if (!known) return unsupported("compressed in a way that torch does not use");
  if ((entry.flags & kOpaqueFlags) != 0) return unsupported("encrypted or patched");
  return {};
}

Result<ZipMember> locate(const Source& source, const ZipEntry& entry) {
  const ZipEntry* const one[] = {&entry};
  const ZipEntry* failed = nullptr;
  SAFE_LOAD_TRY_ASSIGN(const auto members, locate_all(source, one, failed));
  return members.front();
}

namespace {

// `window`: bytes of the source from `start` on, which nearly always hold it.
Result<DataHead> head_of(const Source& source, const ZipMember& member, base::Bytes window,
                         std::uint64_t start) {
  DataHead head{};
  const std::uint64_t size = std::min<std::uint64_t>(member.entry->compressed_size, head.size());
  const auto into = std::span(head).first(static_cast<std::size_t>(size));
  const std::uint64_t at = member.data_offset - start;
  if (base::fits(at, size, window.size())) {
    std::copy_n(window.begin() + static_cast<std::ptrdiff_t>(at), size, head.begin());
  } else {
    SAFE_LOAD_TRY(source.read_at(member.data_offset, into));
  }
  return DataHead(head);
}

// `heads`: null if nobody asks for them.
Result<std::vector<ZipMember>> locate_members(const Source& source,
                                              std::span<const ZipEntry* const> entries,
                                              const ZipEntry*& failed,
                                              std::vector<DataHead>* heads) {
  std::vector<std::uint32_t> order(entries.size());
  for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto by_offset = [&](std::uint32_t a, std::uint32_t b) {
    return entries[a]->local_offset < entries[b]->local_offset;
  };
  if (!std::is_sorted(order.begin(), order.end(), by_offset))
    std::sort(order.begin(), order.end(), by_offset);

  // The directory proved local_offset + 30 + name + data <= limit, so these sums cannot overflow.
  const auto header_end = [&](std::size_t i) {
    return entries[i]->local_offset + kLocalSize + entries[i]->name.size();
  };
  const auto end_of = [&](std::size_t i, std::uint64_t more) {
    return std::min(header_end(i) + more, std::max(header_end(i), entries[i]->limit));
  };
  const auto read_end = [&](std::size_t i) {
    return end_of(i, kUsualExtra + (heads == nullptr ? 0 : sizeof(DataHead)));
  };
  struct Window {
    std::size_t begin;  // in `order`
    std::size_t end;
    ByteRange range;
  };
  std::vector<Window> windows;
  for (std::size_t begin = 0; begin < order.size();) {
    const std::uint64_t start = entries[order[begin]]->local_offset;
    std::size_t end = begin + 1;
    std::uint64_t stop = read_end(order[begin]);
    while (end < order.size() && entries[order[end]]->local_offset - stop < kMergeGap &&
           header_end(order[end]) - start < kWindow)
      stop = read_end(order[end++]);
    windows.push_back({begin, end, {start, stop - start}});
    begin = end;
  }
  if (windows.size() > 1) {
    std::vector<ByteRange> ranges;
    ranges.reserve(windows.size());
    for (const Window& window : windows) ranges.push_back(window.range);
    source.will_read(ranges);
  }
  std::vector<ZipMember> members(entries.size());
  std::vector<std::byte> bytes;
  for (const Window& window : windows) {
    const std::uint64_t start = window.range.offset;
    bytes.resize(static_cast<std::size_t>(window.range.size));
    failed = entries[order[window.begin]];
    SAFE_LOAD_TRY(source.read_at(start, bytes));
    for (std::size_t next = window.begin; next < window.end; ++next) {
      const std::size_t i = order[next];
      failed = entries[i];
      SAFE_LOAD_TRY(check_readable(*entries[i]));
      const auto header = base::Bytes(bytes).subspan(
          static_cast<std::size_t>(entries[i]->local_offset - start),
          static_cast<std::size_t>(end_of(i, kUsualExtra) - entries[i]->local_offset));
      SAFE_LOAD_TRY_ASSIGN(members[i], check_local(source, *entries[i], header));
      if (heads == nullptr) continue;
      SAFE_LOAD_TRY_ASSIGN((*heads)[i], head_of(source, members[i], bytes, start));
    }
  }
  failed = nullptr;
  return members;
}

}  // namespace

Result<std::vector<ZipMember>> locate_all(const Source& source,
                                          std::span<const ZipEntry* const> entries,
                                          const ZipEntry*& failed) {
  return locate_members(source, entries, failed, nullptr);
}

Result<std::vector<ZipMember>> locate_all_with_heads(const Source& source,
                                                     std::span<const ZipEntry* const> entries,
                                                     const ZipEntry*& failed,
                                                     std::vector<DataHead>& heads) {
  heads.assign(entries.size(), {});
  return locate_members(source, entries, failed, &heads);
}

ByteRange record_range(const ZipEntry& entry) {
  const std::uint64_t size = kLocalSize + entry.name.size() + kUsualExtra + entry.compressed_size;
  return {entry.local_offset, std::min(size, entry.limit - entry.local_offset)};
}

Status read_member(const Source& source, const ZipMember& member, std::span<std::byte> into) {
  if (member.is_stored()) return source.read_at(member.data_offset, into);
  std::vector<std::byte> compressed(static_cast<std::size_t>(member.entry->compressed_size));
  SAFE_LOAD_TRY(source.read_at(member.data_offset, compressed));
  const Status inflated = deflate::inflate(compressed, into);
  if (!inflated) {
    const Error& error = inflated.error();
    return error.about(member.entry->name);
  }
  return {};
}

bool is_plausible_size(std::uint64_t compressed, std::uint64_t size) {
  // Deflate cannot do better than 1032 to 1.
  const auto most = base::checked_mul(compressed, 1032);
  return !most || size <= *most || size - *most <= 64;
}

// Source: APPNOTE 4.3.9: with or without a signature, with sizes of 32 or 64 bits.
bool is_descriptor_size(const ZipEntry& entry, std::uint64_t size) {
  return (entry.flags & kDescriptorFlag) != 0 &&
         (size == 12 || size == 16 || size == 20 || size == 24);
}

Status check_crc(const ZipEntry& entry, std::uint32_t crc) {
  if (entry.crc == 0 || entry.crc == crc) return {};
  return Error(ErrorCode::kCorrupt, "the CRC-32 differs from the directory's", entry.local_offset)
      .about(entry.name);
}

}  // namespace safe_load::archive
