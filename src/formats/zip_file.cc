#include "formats/zip_file.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "base/try.h"
#include "container/head.h"
#include "deflate/inflate.h"
#include "torch/zip_layout.h"

namespace safe_load::formats {

using container::Container;
using container::Failure;
using container::Outcome;
using container::Slice;
using container::slice_of;

using archive::ZipDirectory;
using archive::ZipEntry;

Outcome<ZipFile> ZipFile::open(Slice slice, const Limits& limits) {
  auto directory = ZipDirectory::read(slice.part(), limits);
  if (!directory) return Failure(directory.error(), slice.name);
  directory->move_by(slice.offset);
  ZipFile file(std::move(slice), *std::move(directory));
  const auto checked = file.check_inflated_size();
  if (!checked) return checked.error();
  return file;
}

// Known from the directory, before the first byte is inflated.
Outcome<void> ZipFile::check_inflated_size() const {
  for (const ZipEntry& entry : directory_.entries()) {
    if (entry.method == 0) continue;
    if (!archive::is_plausible_size(entry.compressed_size, entry.size))
      return Failure(
          Error(ErrorCode::kCorrupt, "a size that deflated data cannot reach", entry.local_offset),
          shown(entry));
    const Status paid = slice_.inflation->take(entry.size);
    if (!paid) return Failure(paid.error().at(entry.local_offset), shown(entry));
  }
  return {};
}

std::string ZipFile::shown(const ZipEntry& entry) const {
  return slice_.inside(base::escaped(entry.name));
}

void ZipFile::will_read(std::span<const ZipEntry* const> entries) const {
  std::vector<ByteRange> ranges;
  for (const ZipEntry* const entry : entries)
    if (entry != nullptr) ranges.push_back(archive::record_range(*entry));
  slice_.whole->will_read(ranges);
}

void ZipFile::will_read_heads() const {
  std::vector<ByteRange> ranges;
  for (const ZipEntry& entry : directory_.entries()) {
    ByteRange range = archive::record_range(entry);
    const std::uint64_t header = range.size - std::min(range.size, entry.compressed_size);
    if (entry.method == 0)
      range.size = std::min(range.size, header + std::tuple_size_v<container::Head>);
    if (!entry.is_folder()) ranges.push_back(range);
  }
  slice_.whole->will_read(ranges);
}

Outcome<void> ZipFile::read(const ZipEntry& entry, std::span<std::byte> into) const {
  const auto member = archive::locate(*slice_.whole, entry);
  if (!member) return Failure(member.error(), shown(entry));
  const Status read = archive::read_member(*slice_.whole, *member, into);
  if (!read) return Failure(read.error(), shown(entry));
  return {};
}

std::size_t ZipFile::add_to(container::Pickles& pickles, const ZipEntry& entry) const {
  return pickles.add(shown(entry), entry.size,
                     [this, &entry](std::span<std::byte> into) { return read(entry, into); });
}

Outcome<std::string> ZipFile::read_small(const ZipEntry& entry) const {
  if (entry.size > kSmallRecord)
    return Failure(
        Error(ErrorCode::kLimit, "a record of more than 64 bytes where a word is expected",
              entry.local_offset),
        shown(entry));
  std::string content(static_cast<std::size_t>(entry.size), '\0');
  const auto done = read(entry, base::as_writable_bytes(content));
  if (!done) return done.error();
  return content;
}

Outcome<ByteOrder> ZipFile::read_byte_order(const ZipEntry* entry,
                                            const OpenOptions& options) const {
  if (entry == nullptr) return options.byte_order.value_or(ByteOrder::kLittle);
  const auto content = read_small(*entry);
  if (!content) return content.error();
  const auto is_big = torch::is_big_endian(*content);
  if (!is_big) return Failure(is_big.error(), shown(*entry));
  return *is_big ? ByteOrder::kBig : ByteOrder::kLittle;
}

Outcome<Slice> ZipFile::open_member(const ZipEntry& entry) const {
  const auto member = archive::locate(*slice_.whole, entry);
  if (!member) return Failure(member.error(), shown(entry));
  Slice slice;
  if (member->is_stored()) {
    slice = slice_;
    slice.offset = member->data_offset;
    slice.size = entry.size;
  } else {
    std::vector<std::byte> content(static_cast<std::size_t>(entry.size));
    const Status read = archive::read_member(*slice_.whole, *member, content);
    if (!read) return Failure(read.error(), shown(entry));
    slice = slice_of(std::move(content));
    slice.inflation = slice_.inflation;
  }
  slice.name = shown(entry);
  slice.depth = slice_.depth + 1;
  return slice;
}

void ZipFile::verify(const Container::Report& report) const {
  std::vector<std::byte> block;
  for (const ZipEntry& entry : directory_.entries()) {
    if (entry.is_folder()) continue;
    const Status checked = check_record(entry, block);
    if (!checked) report(Failure(checked.error(), shown(entry)), entry);
  }
}

Status ZipFile::check(const ZipEntry& entry) const {
  std::vector<std::byte> block;
  return check_record(entry, block);
}

// Stored records pass through one block, so that memory does not grow with the file.
Status ZipFile::check_record(const ZipEntry& entry, std::vector<std::byte>& block) const {
  const Source& source = *slice_.whole;
  SAFE_LOAD_TRY_ASSIGN(const archive::ZipMember member, archive::locate(source, entry));
  if (!member.is_stored()) {
    std::vector<std::byte> content(static_cast<std::size_t>(entry.size));
    SAFE_LOAD_TRY(archive::read_member(source, member, content));
    return archive::check_crc(entry, deflate::crc32(0, content));
  }
  constexpr std::uint64_t kBlock = std::uint64_t{256} << 10;
  block.resize(static_cast<std::size_t>(std::min(kBlock, entry.size)));
  std::uint32_t crc = 0;
  for (std::uint64_t done = 0; done < entry.size; done += kBlock) {
    const auto part =
        std::span(block).first(static_cast<std::size_t>(std::min(kBlock, entry.size - done)));
    SAFE_LOAD_TRY(source.read_at(member.data_offset + done, part));
    crc = deflate::crc32(crc, part);
  }
  return archive::check_crc(entry, crc);
}

}  // namespace safe_load::formats
