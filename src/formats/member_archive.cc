#include "formats/member_archive.h"

#include <algorithm>
#include <unordered_set>

#include "archive/tar_directory.h"
#include "base/hash.h"
#include "base/text.h"
#include "base/try.h"
#include "container/head.h"
#include "formats/recognise.h"
#include "pickle/tape_writer.h"

namespace safe_load::formats {

using container::Failure;
using container::Outcome;
using container::Pickles;
using container::Slice;

using archive::ZipEntry;
using pickle::NodeId;

namespace {

constexpr std::string_view kArraySuffix = ".npy";
// Members that together are one checkpoint of torch 0.1.
constexpr std::string_view kParts[] = {"sys_info", "pickle", "storages", "tensors"};

std::string_view without_here(std::string_view name) {
  constexpr std::string_view kHere = "./";  // before the names in many tar files
  return name.starts_with(kHere) ? name.substr(kHere.size()) : name;
}

}  // namespace

Outcome<std::unique_ptr<MemberArchive>> MemberArchive::open(ZipFile file,
                                                            const OpenOptions& options,
                                                            std::uint64_t reach) {
  const Slice whole = file.slice();
  std::unique_ptr<MemberArchive> archive(
      new MemberArchive(whole, std::make_unique<ZipFile>(std::move(file)), options));
  const std::vector<ZipEntry>& entries = archive->file_->directory().entries();
  archive->file_->will_read_heads();
  for (const ZipEntry& entry : entries) {
    if (entry.is_folder()) continue;
    const auto slice = archive->file_->open_member(entry);
    if (!slice) return slice.error();
    const auto added = archive->add(entry.name, *slice, reach);
    if (!added) return added.error();
  }
  if (archive->members_.empty()) return std::unique_ptr<MemberArchive>();
  const bool only_arrays = std::all_of(archive->members_.begin(), archive->members_.end(),
                                       [](const Member& member) { return member.is_array; });
  archive->info_.format = only_arrays ? Format::kNpz : Format::kZipOfCheckpoints;
  archive->info_.record_count = entries.size();
  return archive;
}

Outcome<std::unique_ptr<MemberArchive>> MemberArchive::open_tar(const Slice& slice,
                                                                const OpenOptions& options,
                                                                std::uint64_t reach) {
  const auto members = archive::read_tar(slice.part());
  if (!members) return Failure(members.error(), slice.name);
  std::unique_ptr<MemberArchive> archive(new MemberArchive(slice, nullptr, options));
  if (members->empty()) return std::unique_ptr<MemberArchive>();
  const archive::TarMember& last = members->back();
  std::vector<Slice> parts;
  std::unordered_set<std::string_view, base::TextHash> names;
  for (const archive::TarMember& member : *members) {
    const std::string_view name = without_here(member.name);
    const bool is_part = std::find(std::begin(kParts), std::end(kParts), name) != std::end(kParts);
    if (is_part) return std::unique_ptr<MemberArchive>();
    if (!names.insert(name).second)
      return Failure(
          Error(ErrorCode::kAmbiguous, "two members of one name", member.data_offset).about(name),
          slice.name);
    Slice& part = parts.emplace_back(slice);
    part.offset += member.data_offset;
    part.size = member.size;
    part.name = slice.inside(base::escaped(name));
    ++part.depth;
  }
  container::tell_heads(parts);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto added = archive->add(without_here((*members)[i].name), parts[i], reach);
    if (!added) return added.error();
  }
  if (archive->members_.empty()) return std::unique_ptr<MemberArchive>();
  // Without the mark of its end nobody knows how many members are missing.
  if (slice.size - last.data_offset - last.size < archive::kTarBlock)
    return Failure(Error(ErrorCode::kTruncated, "a tar archive without its end", slice.size),
                   slice.name);
  archive->info_.format = Format::kTarOfCheckpoints;
  archive->info_.record_count = members->size();
  return archive;
}

Outcome<std::unique_ptr<MemberArchive>> MemberArchive::open_files(const std::vector<Slice>& files,
                                                                  const OpenOptions& options,
                                                                  std::uint64_t reach) {
  Slice whole = files.front();
  whole.name.clear();
  std::unique_ptr<MemberArchive> archive(new MemberArchive(whole, nullptr, options));
  for (const Slice& file : files) {
    auto container = recognise(file, options, reach);
    if (!container) return container.error();
    archive->members_.push_back({file.name, *std::move(container)});
  }
  archive->info_.format = Format::kRankFiles;
  archive->info_.record_count = files.size();
  return archive;
}

Outcome<void> MemberArchive::add(std::string_view name, const Slice& slice, std::uint64_t reach) {
  auto container = recognise(slice, options(), reach);
  if (!container) {
    if (container.error().error.code() != ErrorCode::kUnsupported) return container.error();
    info_.notes.push_back("no checkpoint: " + slice.name);
    return {};
  }
  const bool is_array = name.ends_with(kArraySuffix) && (*container)->info().format == Format::kNpy;
  if (is_array) name.remove_suffix(kArraySuffix.size());
  members_.push_back(
      {base::is_utf8(name, false) ? std::string(name) : base::escaped(name, name.size() * 4),
       *std::move(container), is_array});
  return {};
}

Outcome<void> MemberArchive::read(Pickles& pickles) {
  for (Member& member : members_) {
    const auto done = member.container->read(pickles);
    if (!done) return done.error();
  }
  return {};
}

Outcome<NodeId> MemberArchive::build(torch::TensorInterpreter& interpreter,
                                     const Pickles& pickles) {
  pickle::TapeWriter writer(interpreter.tape());
  std::vector<NodeId> items;
  for (Member& member : members_) {
    const auto value = member.container->build(interpreter, pickles);
    if (!value) return value.error();
    take_facts(*member.container);
    sections_.push_back({interpreter.tape().size(), slice_.name, 0});
    const auto key = writer.text(member.key);
    if (!key) return Failure(key.error(), slice_.name);
    items.push_back(*key);
    items.push_back(*value);
  }
  const auto root = writer.dict(items);
  if (!root) return Failure(root.error(), slice_.name);
  return NodeId{*root};
}

// The records of a zip file itself, and then those of the zip files in it.
void MemberArchive::verify(const Report& report) const {
  if (file_ != nullptr) file_->verify(report);
  for (const Member& member : members_) member.container->verify(report);
}

bool MemberArchive::wants_more() const {
  return std::any_of(members_.begin(), members_.end(),
                     [](const Member& member) { return member.container->wants_more(); });
}

}  // namespace safe_load::formats
