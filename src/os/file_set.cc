#include "os/file_set.h"

#include <algorithm>

#include "base/checked.h"
#include "base/try.h"

namespace safe_load::os {

void FileSet::add(std::string name, File file) {
  const std::uint64_t page = page_size();
  const std::uint64_t offset = (size() + page - 1) / page * page;
  parts_.push_back({std::move(name), offset, file.size()});
  files_.push_back(std::move(file));
}

std::uint64_t FileSet::byte_count() const {
  std::uint64_t count = 0;
  for (const Part& part : parts_) count += part.size;
  return count;
}

bool FileSet::is_on_network() const {
  return std::any_of(files_.begin(), files_.end(),
                     [](const File& file) { return file.is_on_network(); });
}

std::uint64_t FileSet::size() const {
  return parts_.empty() ? 0 : parts_.back().offset + parts_.back().size;
}

Status FileSet::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  if (!base::fits(offset, into.size(), size()))
    return Error(ErrorCode::kTruncated, "the file ends before the bytes that were asked for",
                 offset);
  const auto behind =
      std::upper_bound(parts_.begin(), parts_.end(), offset,
                       [](std::uint64_t at, const Part& part) { return at < part.offset; });
  auto next = static_cast<std::size_t>(behind - parts_.begin());
  while (!into.empty()) {
    const Part& part = parts_[next - 1];
    const std::uint64_t inside = offset - part.offset;
    const std::uint64_t end = next < parts_.size() ? parts_[next].offset - part.offset : part.size;
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), end - inside));
    const auto own = static_cast<std::size_t>(
        std::min<std::uint64_t>(count, part.size - std::min(part.size, inside)));
    if (own != 0) {
      SAFE_LOAD_TRY(files_[next - 1].read_at(inside, into.first(own)));
    }
    std::fill_n(into.begin() + static_cast<std::ptrdiff_t>(own), count - own, std::byte{0});
    into = into.subspan(count);
    offset += count;
    ++next;
  }
  return {};
}

Result<Memory> FileSet::map() const {
  if (is_one_file()) return Memory::map(files_[0]);
  SAFE_LOAD_TRY_ASSIGN(Memory block, Memory::reserve(size()));
  for (std::size_t i = 0; i < files_.size(); ++i)
    SAFE_LOAD_TRY(block.map_at(parts_[i].offset, files_[i]));
  return block;
}

}  // namespace safe_load::os
