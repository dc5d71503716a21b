#include "formats/torch_package.h"

#include <array>

#include "archive/sniff.h"
#include "base/text.h"
#include "base/try.h"
#include "pickle/tape_writer.h"
#include "torch/readers.h"

namespace safe_load::formats {

using container::Failure;
using container::Outcome;
using container::Pickles;

using archive::ZipEntry;
using pickle::NodeId;

namespace {

constexpr std::string_view kOwnFolder = ".data/";
constexpr std::string_view kScripts = ".data/ts_code/";

}  // namespace

bool TorchPackage::is_one(const archive::ZipDirectory& directory) {
  return torch::find_mark(directory, torch::Layout::kPackage) != nullptr;
}

Outcome<void> TorchPackage::read(Pickles& pickles) {
  const archive::ZipDirectory& directory = file_.directory();
  const ZipEntry* const mark = torch::find_mark(directory, torch::Layout::kPackage);
  prefix_ = mark->name.substr(0, mark->name.find('/') + 1);
  info_.format = Format::kTorchPackage;
  info_.prefix = base::escaped(prefix_);
  info_.record_count = directory.entries().size();
  const auto record = directory.find_record(prefix_ + "byteorder");
  if (!record) return Failure(record.error(), file_.slice().name);
  const auto byte_order = file_.read_byte_order(*record, options());
  if (!byte_order) return byte_order.error();
  info_.byte_order = *byte_order;
  for (const ZipEntry& entry : directory.entries()) {
    const auto found = is_pickle(entry);
    if (!found) return found.error();
    if (!*found) continue;
    info_.pickle_bytes += entry.size;
    resources_.push_back({&entry, file_.add_to(pickles, entry)});
  }
  if (resources_.empty())
    return Failure(Error(ErrorCode::kUnsupported, "a torch.package archive without a pickle"),
                   slice_.name);
  note_rest_of_package();
  return {};
}

// A resource may have any name: what begins like a pickle is one.
Outcome<bool> TorchPackage::is_pickle(const ZipEntry& entry) const {
  const bool is_resource = entry.name.starts_with(prefix_) && !entry.is_folder() &&
                           !entry.name.substr(prefix_.size()).starts_with(kOwnFolder);
  if (!is_resource) return false;
  if (entry.name.ends_with(".pkl")) return true;
  const auto slice = file_.open_member(entry);
  if (!slice) return slice.error();
  std::array<std::byte, 2> head;
  if (slice->size < head.size()) return false;
  const Status read = slice->part().read_at(0, head);
  if (!read) return Failure(read.error(), slice->name);
  return archive::sniff(head, slice->size).kind == archive::Sniffed::Kind::kPickle;
}

void TorchPackage::note_rest_of_package() {
  std::size_t sources = 0;
  std::size_t scripts = 0;
  for (const ZipEntry& entry : file_.directory().entries()) {
    if (!entry.name.starts_with(prefix_)) continue;
    const std::string_view name = entry.name.substr(prefix_.size());
    if (name.starts_with(kScripts)) {
      scripts += name.ends_with("/data.pkl") ? 1u : 0u;
    } else {
      sources += name.ends_with(".py") ? 1u : 0u;
    }
  }
  const auto note = [&](std::size_t count, std::string_view what) {
    if (count != 0) info_.notes.push_back(std::string(what) + ": " + std::to_string(count));
  };
  note(sources, "Python sources, which are not read");
  note(scripts, "TorchScript programs, which are not read");
}

Outcome<NodeId> TorchPackage::build(torch::TensorInterpreter& interpreter, const Pickles& pickles) {
  ids_.emplace(file_.directory(), prefix_, info_.byte_order == ByteOrder::kBig);
  pickle::TapeWriter writer(interpreter.tape());
  std::vector<NodeId> items;
  for (const Resource& resource : resources_) {
    const pickle::Program program = pickles.program(resource.pickle);
    const std::string member = file_.shown(*resource.entry);
    const auto built = run(interpreter, program, *ids_, member, 0);
    if (!built) return built.error();
    note_rest(rest_of(program, built->end, member), member);
    if (resources_.size() == 1) return NodeId{built->root};
    sections_.push_back({interpreter.tape().size(), slice_.name, 0});
    const auto key = writer.text(base::escaped(resource.entry->name.substr(prefix_.size())));
    if (!key) return Failure(key.error(), slice_.name);
    items.push_back(*key);
    items.push_back(built->root);
  }
  const auto root = writer.dict(items);
  if (!root) return Failure(root.error(), slice_.name);
  return NodeId{*root};
}

}  // namespace safe_load::formats
