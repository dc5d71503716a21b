#include "formats/zip_checkpoint.h"

#include "base/text.h"
#include "base/try.h"
#include "torch/script_constants.h"

namespace safe_load::formats {

using container::Failure;
using container::Outcome;
using container::Pickles;

using archive::ZipEntry;
using pickle::NodeId;

ZipCheckpoint::ZipCheckpoint(ZipFile file, const OpenOptions& options)
    : Container(file.slice(), options), file_(std::move(file)) {}

Outcome<void> ZipCheckpoint::read(Pickles& pickles) {
  auto layout = torch::find_layout(file_.directory());
  if (!layout) return Failure(layout.error(), slice_.name);
  layout_ = *std::move(layout);
  info_.format = layout_.is_script() ? Format::kTorchScript : Format::kZip;
  info_.prefix = base::escaped(layout_.prefix);
  info_.record_count = file_.directory().entries().size();
  for (const std::string_view note : layout_.notes) info_.notes.emplace_back(note);
  const ZipEntry* const wanted[] = {layout_.byte_order, small_version(), layout_.pickle,
                                    layout_.constants};
  file_.will_read(wanted);
  const auto byte_order = file_.read_byte_order(layout_.byte_order, options());
  if (!byte_order) return byte_order.error();
  info_.byte_order = *byte_order;
  const auto version = read_version();
  if (!version) return version.error();
  info_.pickle_bytes = layout_.pickle->size;
  pickle_ = file_.add_to(pickles, *layout_.pickle);
  if (layout_.is_script()) {
    info_.pickle_bytes += layout_.constants->size;
    constants_ = file_.add_to(pickles, *layout_.constants);
  }
  return {};
}

const ZipEntry* ZipCheckpoint::small_version() const {
  const ZipEntry* const version = layout_.version;
  return version != nullptr && version->size <= ZipFile::kSmallRecord ? version : nullptr;
}

Outcome<void> ZipCheckpoint::read_version() {
  if (small_version() == nullptr) return {};
  const auto content = file_.read_small(*small_version());
  if (!content) return content.error();
  std::string_view text = *content;
  if (text.ends_with('\n')) text.remove_suffix(1);
  info_.version = base::escaped(text);
  return {};
}

Outcome<NodeId> ZipCheckpoint::build(torch::TensorInterpreter& interpreter,
                                     const Pickles& pickles) {
  const std::uint32_t first = interpreter.storages().size();
  interpreter.reserve(first + file_.directory().entries().size());
  auto root = run_pickle(interpreter, pickles.program(pickle_), *layout_.pickle);
  if (!root) return root.error();
  if (layout_.is_script()) {
    root = add_constants(interpreter, pickles, *root);
    if (!root) return root.error();
  }
  // Where the last record that is needed ends, as torch leaves the file.
  if (interpreter.storages().size() == first && slice_.memory == nullptr) {
    const auto pickle = archive::locate(*slice_.whole, *layout_.pickle);
    if (pickle) info_.end = pickle->data_offset + layout_.pickle->compressed_size;
  }
  if (slice_.memory != nullptr) {
    const Status done = bring_into_memory(interpreter.storages(), first);
    if (!done) return Failure(done.error(), slice_.name);
  }
  return NodeId{*root};
}

Outcome<NodeId> ZipCheckpoint::add_constants(torch::TensorInterpreter& interpreter,
                                             const Pickles& pickles, NodeId module) {
  const std::string member = file_.shown(*layout_.constants);
  const auto built = run_pickle(interpreter, pickles.program(constants_), *layout_.constants);
  if (!built) return built.error();
  const auto constants = torch::read_constants(interpreter.tape(), *built);
  if (!constants) return Failure(constants.error(), member);
  if (!constants->empty())
    info_.notes.push_back("constants of the program, under CONSTANTS: " +
                          std::to_string(constants->size()));
  sections_.push_back({interpreter.tape().size(), member, 0});
  const auto whole = torch::with_constants(interpreter.tape(), module, *constants);
  if (!whole) return Failure(whole.error(), member);
  return NodeId{*whole};
}

Outcome<NodeId> ZipCheckpoint::run_pickle(torch::TensorInterpreter& interpreter,
                                          const pickle::Program& program, const ZipEntry& entry) {
  const std::string member = file_.shown(entry);
  torch::ZipStorages& ids = ids_.emplace_back(layout_, entry, info_.byte_order == ByteOrder::kBig);
  interpreter.set_script(layout_.is_script());
  const auto built = run(interpreter, program, ids, member, 0);
  interpreter.set_script(false);
  if (!built) return built.error();
  note_rest(rest_of(program, built->end, member),
            &entry == layout_.pickle ? "the pickle" : "the constants");
  return NodeId{built->root};
}

// Of an archive that had to be inflated: its records lie in memory, or are inflated once more.
Status ZipCheckpoint::bring_into_memory(data::StorageMap& storages, std::uint32_t first) {
  for (std::uint32_t id = first; id < storages.size(); ++id) {
    const ZipEntry* const entry = storages[id].entry();
    if (entry == nullptr) continue;
    SAFE_LOAD_TRY_ASSIGN(const archive::ZipMember member, archive::locate(*slice_.whole, *entry));
    if (member.is_stored()) {
      storages[id].place = slice_.memory + member.data_offset;
      continue;
    }
    std::vector<std::byte>& content = inflated_.emplace_back(static_cast<std::size_t>(entry->size));
    SAFE_LOAD_TRY(archive::read_member(*slice_.whole, member, content));
    storages[id].place = content.data();
  }
  return {};
}

}  // namespace safe_load::formats
