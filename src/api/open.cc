// Opening a checkpoint: from bytes to a container, its pickles, tape, values and tensors.
#include <algorithm>
#include <bit>
#include <unordered_map>

#include "api/state.h"
#include "base/budget.h"
#include "base/checked.h"
#include "base/text.h"
#include "container/recognise.h"
#include "pickle/machine.h"

namespace safe_load::api {
namespace {

using archive::ZipEntry;
using container::Container;
using container::Failure;
using pickle::NodeId;

std::string_view hint_for(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTruncated:
      return "download or save it again; part of it is missing";
    case ErrorCode::kCorrupt:
      return "the file is damaged or was made to mislead; get it again";
    case ErrorCode::kAmbiguous:
      return "programs would disagree about what this file holds; get it from where it was made";
    case ErrorCode::kLimit:
      return "raise that limit if you expect a file of this kind";
    case ErrorCode::kIo:
      return "check the path and the permissions";
    case ErrorCode::kUnsupported:
    case ErrorCode::kMismatch:
    case ErrorCode::kStopped:
      return "";
  }
  return "";
}

Issue as_issue(const Failure& failure) {
  Issue issue =
      describe(failure.error, failure.member,
               failure.hint.empty() ? std::string(hint_for(failure.error.code())) : failure.hint);
  if (!failure.message.empty()) issue.message = failure.message;
  return issue;
}

using Step = Result<void, Issue>;

class Opening {
 public:
  Opening(std::shared_ptr<StorageBytes> bytes, const OpenOptions& options)
      : bytes_(std::move(bytes)), options_(options) {}

  Result<std::unique_ptr<State>, Issue> run() {
    state_->bytes = bytes_;
    state_->options = options_;
    const Step built = build();
    if (!built) return built.error();
    for (const auto step : {&Opening::describe_bad_parts, &Opening::place_storages,
                            &Opening::report_damage, &Opening::verify}) {
      const Step done = (this->*step)();
      if (!done) return done.error();
    }
    return std::move(state_);
  }

 private:
  container::Slice whole_file() const {
    container::Slice slice;
    slice.whole = std::shared_ptr<const base::Source>(bytes_, &bytes_->source());
    slice.size = bytes_->source().size();
    const std::uint64_t by_ratio =
        base::checked_mul(options_.limits.max_inflated_ratio, slice.size).value_or(UINT64_MAX);
    constexpr Reason kExhausted = "the records inflate to more than Limits::max_inflated_bytes";
    slice.inflation = std::make_shared<base::Budget>(
        std::max(options_.limits.max_inflated_bytes, by_ratio), kExhausted);
    return slice;
  }

  std::vector<container::Slice> files_of_set() const {
    const container::Slice whole = whole_file();  // they share what may be inflated
    std::vector<container::Slice> slices;
    for (const os::FileSet::Part& part : bytes_->files()->parts()) {
      container::Slice slice = whole;
      slice.offset = part.offset;
      slice.size = part.size;
      slice.name = base::escaped(part.name);
      slices.push_back(std::move(slice));
    }
    return slices;
  }

  Step build() {
    const bool is_set = bytes_->files() != nullptr && !bytes_->files()->is_one_file();
    const auto opened = container::open(
        *state_,
        [&](std::uint64_t reach) {
          return is_set ? container::recognise_set(files_of_set(), options_, reach)
                        : container::recognise(whole_file(), options_, reach);
        },
        options_);
    if (!opened) return as_issue(opened.error());
    Container& source = *state_->source;
    source.info().file_size = is_set ? bytes_->files()->byte_count() : bytes_->source().size();
    for (const pickle::Note& note : state_->tape->notes()) {
      const container::Section* const section = state_->section_of(note.place);
      const std::string member = section == nullptr ? "" : section->member;
      const std::uint64_t offset = note.offset + (section == nullptr ? 0 : section->shift);
      source.info().notes.push_back(std::string(words(note.oddity).text) + " (" + member +
                                    (member.empty() ? "at " : " at ") + std::to_string(offset) +
                                    ")");
    }
    return {};
  }

  Step describe_bad_parts() {
    pickle::Tape& tape = *state_->tape;
    if (state_->meaning->bad_parts().empty()) return {};
    // The ways to all values, and then each text.
    Status paid =
        tape.memory().take(tape.size() * (sizeof(types::Edge) + 3 * sizeof(pickle::NodeId)));
    if (!paid) return as_issue(Failure(paid.error()));
    for (const types::BadPart& part : state_->meaning->bad_parts()) {
      Issue issue = state_->describe_at(part.node, part.error);
      issue.hint = hint_for(issue.code);
      issue.path = state_->graph->path(state_->edges(), part.node);
      paid = tape.memory().take(2 * sizeof(Issue) + issue.message.size() + issue.member.size() +
                                issue.path.size() + issue.hint.size());
      if (!paid) return as_issue(Failure(paid.error()));
      state_->issues.push_back(std::move(issue));
    }
    return {};
  }

  // Of the storages that have a record, in their order.
  Result<std::vector<archive::ZipMember>, Issue> locate_members() const {
    std::vector<const ZipEntry*> entries;
    for (const torch::Storage& storage : state_->meaning->storages().all())
      if (storage.entry() != nullptr) entries.push_back(storage.entry());
    const ZipEntry* failed = nullptr;
    auto located = archive::locate_all(bytes_->source(), entries, failed);
    if (!located) return as_issue(Failure(located.error(), base::escaped(failed->name)));
    return *std::move(located);
  }

  Step place_storages() {
    const std::vector<torch::Storage>& storages = state_->meaning->storages().all();
    const auto located = locate_members();
    if (!located) return located.error();

    const auto is_in_file = [](const torch::Storage& storage) {
      return storage.entry() != nullptr || std::holds_alternative<std::uint64_t>(storage.place);
    };
    const os::FileSet* const files = bytes_->files();
    const bool may_map = files != nullptr &&
                         std::any_of(storages.begin(), storages.end(), is_in_file) &&
                         options_.access != Access::kCopied &&
                         (options_.access == Access::kMapped || !files->is_on_network());
    if (may_map) {
      const Status mapped = bytes_->map();
      if (!mapped) return as_issue(Failure(mapped.error()));
    }
    constexpr bool kNativeIsBig = std::endian::native == std::endian::big;
    const Status paid = state_->tape->memory().take(storages.size() * StorageBytes::kRecordSize);
    if (!paid) return as_issue(Failure(paid.error()));
    bytes_->begin(storages.size());
    auto next = located->begin();
    for (std::uint32_t id = 0; id < storages.size(); ++id) {
      const torch::Storage& storage = storages[id];
      StorageBytes::Origin origin;
      origin.whole = state_->meaning->storages().whole_of(id);
      origin.is_foreign = storage.is_big_endian != kNativeIsBig;
      origin.size = storage.byte_count;
      if (storage.entry() != nullptr) {
        origin.offset = next->data_offset;
        if (!next->is_stored()) origin.place = next->entry;
        ++next;
      } else if (const auto* memory = std::get_if<const std::byte*>(&storage.place)) {
        origin.place = *memory;
      } else if (const auto* offset = std::get_if<std::uint64_t>(&storage.place)) {
        origin.offset = *offset;
      } else if (const auto* assembly = std::get_if<const torch::Assembly*>(&storage.place)) {
        origin.place = *assembly;
        origin.is_foreign = false;
      } else {
        origin.size = 0;
      }
      bytes_->add(origin);
    }
    return {};
  }

  Step report_damage() {
    if (state_->source->damage().empty()) return {};
    pickle::Tape& tape = *state_->tape;
    Status paid =
        tape.memory().take(tape.size() * (sizeof(types::Edge) + 3 * sizeof(pickle::NodeId)));
    if (!paid) return as_issue(Failure(paid.error()));
    constexpr std::uint64_t kTreeNode = 64;  // that StorageBytes keeps of each
    paid = tape.memory().take(state_->source->damage().size() * (sizeof(Error) + kTreeNode));
    if (!paid) return as_issue(Failure(paid.error()));
    const std::vector<NodeId> first = first_uses();
    for (const Container::Damage& damage : state_->source->damage()) {
      bytes_->spoil(damage.storage, damage.failure.error);
      if (first[damage.storage] == pickle::kNoNode)
        continue;  // only its views are used, or nothing
      Issue issue = as_issue(damage.failure);
      issue.path = state_->graph->path(state_->edges(), first[damage.storage]);
      paid = tape.memory().take(2 * sizeof(Issue) + issue.message.size() + issue.member.size() +
                                issue.path.size() + issue.hint.size());
      if (!paid) return as_issue(Failure(paid.error()));
      state_->issues.push_back(std::move(issue));
    }
    return {};
  }

  // For each storage the first tensor on it, or the storage itself, that is part of the result;
  // kNoNode if none is.
  std::vector<NodeId> first_uses() const {
    const pickle::Tape& tape = *state_->tape;
    std::vector<NodeId> first(state_->meaning->storages().size(), pickle::kNoNode);
    const auto& edges = state_->edges();
    for (NodeId id = 0; id < tape.size(); ++id) {
      const pickle::Node& node = tape[id];
      if (edges[id].parent == pickle::kNoNode && id != tape.root()) continue;
      auto number = static_cast<std::size_t>(node.payload);
      if (node.kind == pickle::Kind::kTensor) {
        number = state_->meaning->tensors()[number].storage;
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
    const std::vector<torch::Storage>& storages = state_->meaning->storages().all();
    for (std::uint32_t id = 0; id < storages.size(); ++id)
      if (storages[id].entry() != nullptr) places.emplace(storages[id].entry(), id);
    state_->source->verify([&](const Failure& failure, const ZipEntry& entry) {
      state_->issues.push_back(as_issue(failure));
      const auto [first, last] = places.equal_range(&entry);
      for (auto place = first; place != last; ++place) bytes_->spoil(place->second, failure.error);
    });
    return {};
  }

  std::shared_ptr<StorageBytes> bytes_;
  OpenOptions options_;
  std::unique_ptr<State> state_ = std::make_unique<State>();
};

}  // namespace

Result<std::unique_ptr<State>, Issue> open(std::shared_ptr<StorageBytes> bytes,
                                           const OpenOptions& options) {
  return Opening(std::move(bytes), options).run();
}

Issue State::describe_at(NodeId node, const Error& error) const {
  const container::Section* const section = section_of(node);
  if (section == nullptr) return describe(error, "", "");
  return describe(error.at(error.offset() + section->shift), section->member, "");
}

const std::vector<types::Edge>& State::edges() const {
  std::call_once(edges_made_, [this] { edges_ = graph->shortest_edges(); });
  return edges_;
}

}  // namespace safe_load::api
