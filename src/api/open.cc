// Opening a checkpoint: from bytes to a container, its pickles, tape, values and tensors.
#include <algorithm>
#include <unordered_map>

#include "api/state.h"
#include "archive/sniff.h"
#include "base/text.h"
#include "container/head.h"
#include "formats/recognise.h"
#include "formats/wrapper.h"
#include "pickle/machine.h"
#include "sets/recognise_set.h"

namespace safe_load::api {
namespace {

using archive::ZipEntry;
using container::Container;
using container::describe;
using container::Failure;
using container::Slice;
using pickle::NodeId;

using Step = Result<void, Issue>;

class Opening {
 public:
  Opening(Input input, const OpenOptions& options)
      : options_(options),
        state_(std::make_unique<State>(std::move(input), options)),
        file_size_(state_->input.file_size()) {}

  Result<std::unique_ptr<State>, Issue> run() {
    const Step built = build();
    if (!built) return built.error();
    for (const auto step : {&Opening::describe_damaged_values, &Opening::place_storages,
                            &Opening::report_damage, &Opening::verify}) {
      const Step done = (this->*step)();
      if (!done) return done.error();
    }
    return std::move(state_);
  }

 private:
  const Input& input() const { return state_->input; }
  pickle::Tape& tape() const { return *state_->opened.tape; }
  Container& source() const { return *state_->opened.source; }

  Slice whole_file() const {
    Slice slice;
    slice.whole = input().source;
    slice.size = input().source->size();
    slice.name = inside_;
    slice.depth = depth_;
    slice.inflation =
        container::inflation_budget(input().set ? slice.size : file_size_, options_.limits);
    (void)slice.inflation->take(unpacked_).ok();  // which was within it
    return slice;
  }

  std::vector<Slice> files_of_set() const {
    const Slice whole = whole_file();  // they share what may be inflated
    std::vector<Slice> slices;
    for (std::size_t i = 0; i < input().names.size(); ++i) {
      Slice slice = whole;
      slice.offset = input().set->parts()[i].offset;
      slice.size = input().set->parts()[i].size;
      slice.name = base::escaped(input().names[i]);
      slices.push_back(std::move(slice));
    }
    return slices;
  }

  Step build() {
    const auto recognise = [&](std::uint64_t reach) {
      return input().set ? sets::recognise_set(files_of_set(), options_, reach)
                         : formats::recognise(whole_file(), options_, reach);
    };
    for (;;) {
      const auto opened = container::open(state_->opened, recognise, options_,
                                          container::Manner::kStrict, input().source->first_step());
      if (opened) break;
      const Step unpacked = unpack(opened.error());
      if (!unpacked) return unpacked.error();
    }
    ContainerInfo& info = source().info();
    info.file_size = file_size_;
    // What is compressed as a whole is read to its end.
    if (info.end == 0 || !packing_.empty()) info.end = info.file_size;
    for (const pickle::Note& note : tape().notes()) {
      const container::Section* const section = state_->opened.section_of(note.place);
      const std::string member = section == nullptr ? "" : section->member;
      const std::uint64_t offset = note.offset + (section == nullptr ? 0 : section->shift);
      info.notes.push_back(std::string(words(note.oddity).text) + " (" + member +
                           (member.empty() ? "at " : " at ") + std::to_string(offset) + ")");
    }
    for (const std::string& note : {input().note, packing_})
      if (!note.empty()) info.notes.push_back(note);
    return {};
  }

  // Goes on with what is in a file that is compressed as a whole; any other is not opened for
  // `reason`. Asked only then, so that it costs the others nothing.
  Step unpack(const Failure& reason) {
    const bool is_foreign =
        reason.error.code() == ErrorCode::kUnsupported && state_->opened.source == nullptr;
    if (!is_foreign || input().set) return describe(reason);
    const Slice packed = whole_file();
    container::Head buffer;
    const auto head = container::read_head(packed, buffer);
    if (!head) return describe(head.error());
    auto inner =
        formats::unwrap(packed, archive::sniff(*head, packed.size), options_.limits, state_->host);
    if (!inner) return describe(reason);
    if (inner->failure) return describe(*inner->failure);
    note_packing(*inner);
    unpacked_ += inner->content.size;
    inside_ = inner->content.name;
    depth_ = inner->content.depth;
    std::string note = std::move(state_->input.note);
    state_->input = input_of_memory(std::move(inner->bytes));
    state_->input.note = std::move(note);
    return {};
  }

  void note_packing(const formats::Unwrapped& inner) {
    if (!packing_.empty()) packing_ += "; ";
    packing_ += "unpacked from " + std::string(to_text(inner.coding)) + " data, " +
                std::to_string(inner.content.size) + " bytes";
    if (inner.streams > 1)
      packing_ += ", from " + std::to_string(inner.streams) + " parts, one behind the other";
    if (inner.rest.size != 0)
      packing_ += "; " + std::to_string(inner.rest.size) + " bytes follow, which were not read";
  }

  Step describe_damaged_values() {
    if (state_->meaning().damaged_values().empty()) return {};
    // The ways to all values, and then each text.
    Status paid =
        tape().memory().take(tape().size() * (sizeof(types::Edge) + 3 * sizeof(pickle::NodeId)));
    if (!paid) return describe(Failure(paid.error()));
    for (const types::DamagedValue& part : state_->meaning().damaged_values()) {
      Issue issue = state_->describe_at(part.node, part.error);
      issue.hint = container::hint_for(issue.code);
      issue.path = state_->graph().path(state_->edges(), part.node);
      paid = tape().memory().take(2 * sizeof(Issue) + issue.message.size() + issue.member.size() +
                                  issue.path.size() + issue.hint.size());
      if (!paid) return describe(Failure(paid.error()));
      state_->issues.push_back(std::move(issue));
    }
    return {};
  }

  Step place_storages() {
    data::StorageMap& storages = state_->opened.meaning->storages();
    const ZipEntry* failed = nullptr;
    const Status located = storages.locate(*input().source, failed);
    if (!located) return describe(Failure(located.error(), base::escaped(failed->name)));
    note_last_record();

    const auto is_in_file = [](const data::Storage& storage) {
      return storage.entry() != nullptr || storage.offset_in_file();
    };
    const bool may_map = input().map && options_.access != Access::kCopied &&
                         (options_.access == Access::kMapped || !input().is_on_network) &&
                         std::any_of(storages.all().begin(), storages.all().end(), is_in_file);
    data::WholeFile whole = input().whole;
    if (may_map) {
      auto mapped = input().map();
      if (!mapped) return describe(Failure(mapped.error()));
      whole.owned = *std::move(mapped);
    }
    const Status paid = tape().memory().take(storages.size() * data::StorageReader::kCost);
    if (!paid) return describe(Failure(paid.error()));
    state_->bytes = std::make_unique<data::StorageReader>(*input().source, storages, state_->host,
                                                          std::move(whole));
    return {};
  }

  // torch reads records in the order in which the pickle names them, which is that of storages.
  void note_last_record() {
    ContainerInfo& info = source().info();
    if (info.format != Format::kZip && info.format != Format::kTorchScript) return;
    for (const data::Storage& storage : state_->opened.meaning->storages().all())
      if (const auto* record = std::get_if<data::Record>(&storage.place))
        info.end = record->data_offset + record->entry->compressed_size;
  }

  Step report_damage() {
    if (source().damage().empty()) return {};
    Status paid =
        tape().memory().take(tape().size() * (sizeof(types::Edge) + 3 * sizeof(pickle::NodeId)));
    if (!paid) return describe(Failure(paid.error()));
    constexpr std::uint64_t kTreeNode = 64;  // that StorageReader keeps of each
    paid = tape().memory().take(source().damage().size() * (sizeof(Error) + kTreeNode));
    if (!paid) return describe(Failure(paid.error()));
    const std::vector<NodeId> first = first_uses();
    for (const Container::Damage& damage : source().damage()) {
      state_->bytes->spoil(damage.storage, damage.failure.error);
      if (first[damage.storage] == pickle::kNoNode)
        continue;  // only its views are used, or nothing
      Issue issue = describe(damage.failure);
      issue.path = state_->graph().path(state_->edges(), first[damage.storage]);
      paid = tape().memory().take(2 * sizeof(Issue) + issue.message.size() + issue.member.size() +
                                  issue.path.size() + issue.hint.size());
      if (!paid) return describe(Failure(paid.error()));
      state_->issues.push_back(std::move(issue));
    }
    return {};
  }

  // For each storage the first tensor on it, or the storage itself, that is part of the result;
  // kNoNode if none is.
  std::vector<NodeId> first_uses() const {
    const pickle::Tape& tape = state_->tape();
    std::vector<NodeId> first(state_->storages().size(), pickle::kNoNode);
    const auto& edges = state_->edges();
    for (NodeId id = 0; id < tape.size(); ++id) {
      const pickle::Node& node = tape[id];
      if (edges[id].parent == pickle::kNoNode && id != tape.root()) continue;
      auto number = static_cast<std::size_t>(node.payload);
      if (node.kind == pickle::Kind::kTensor) {
        number = state_->meaning().tensors()[number].storage;
      } else if (node.kind != pickle::Kind::kStorage) {
        continue;
      }
      if (first[number] == pickle::kNoNode) first[number] = id;
    }
    return first;
  }

  Step verify() {
    if (!options_.verify) return {};
    std::unordered_multimap<const ZipEntry*, std::uint32_t> places;
    const std::vector<data::Storage>& storages = state_->storages().all();
    for (std::uint32_t id = 0; id < storages.size(); ++id)
      if (storages[id].entry() != nullptr) places.emplace(storages[id].entry(), id);
    source().verify([&](const Failure& failure, const ZipEntry& entry) {
      state_->issues.push_back(describe(failure));
      const auto [first, last] = places.equal_range(&entry);
      for (auto place = first; place != last; ++place)
        state_->bytes->spoil(place->second, failure.error);
    });
    return {};
  }

  OpenOptions options_;
  std::unique_ptr<State> state_;
  std::uint64_t file_size_;
  // Of a file that is compressed as a whole, perhaps several times.
  std::string inside_;
  std::string packing_;
  std::uint64_t unpacked_ = 0;
  int depth_ = 0;
};

}  // namespace

Result<std::unique_ptr<State>, Issue> open(Input input, const OpenOptions& options) {
  return Opening(std::move(input), options).run();
}

Issue State::describe_at(NodeId node, const Error& error) const {
  const container::Section* const section = opened.section_of(node);
  if (section == nullptr) return describe(error);
  return describe(error.at(error.offset() + section->shift), section->member);
}

const std::vector<types::Edge>& State::edges() const {
  edges_made_.call([this] { edges_ = graph().shortest_edges(); });
  return edges_;
}

}  // namespace safe_load::api
