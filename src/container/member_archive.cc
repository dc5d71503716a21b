#include "container/member_archive.h"

#include <algorithm>

#include "base/text.h"
#include "base/try.h"
#include "container/recognise.h"
#include "pickle/tape_writer.h"

namespace safe_load::container {

using archive::ZipEntry;
using pickle::NodeId;

namespace {

constexpr std::string_view kArraySuffix = ".npy";

}  // namespace

Outcome<std::unique_ptr<MemberArchive>> MemberArchive::open(ZipFile file,
                                                            const OpenOptions& options,
                                                            std::uint64_t reach) {
  std::unique_ptr<MemberArchive> archive(new MemberArchive(std::move(file), options));
  bool only_arrays = true;
  for (const ZipEntry& entry : archive->file_.directory().entries()) {
    if (entry.is_folder()) continue;
    const auto slice = archive->file_.open_member(entry);
    if (!slice) return slice.error();
    auto container = recognise(*slice, options, reach);
    if (!container) {
      if (container.error().error.code() != ErrorCode::kUnsupported) return container.error();
      archive->info_.notes.push_back("no checkpoint: " + archive->file_.shown(entry));
      continue;
    }
    std::string_view key = entry.name;
    const bool is_array = key.ends_with(kArraySuffix) && (*container)->info().format == "npy";
    if (is_array) key.remove_suffix(kArraySuffix.size());
    only_arrays = only_arrays && is_array;
    archive->members_.push_back(
        {base::is_utf8(key, false) ? std::string(key) : base::escaped(key, key.size() * 4),
         *std::move(container)});
  }
  if (archive->members_.empty()) return std::unique_ptr<MemberArchive>();
  archive->info_.format = only_arrays ? "npz" : "zip of checkpoints";
  archive->info_.record_count = archive->file_.directory().entries().size();
  return archive;
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

// The records of the zip file itself, and then those of the zip files in it.
void MemberArchive::verify(const Report& report) const {
  file_.verify(report);
  for (const Member& member : members_) member.container->verify(report);
}

bool MemberArchive::wants_more() const {
  return std::any_of(members_.begin(), members_.end(),
                     [](const Member& member) { return member.container->wants_more(); });
}

}  // namespace safe_load::container
