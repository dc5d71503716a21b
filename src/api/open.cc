// Opening a checkpoint: from bytes to members, tape, values and tensors, in this order.
#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "api/state.h"
#include "archive/sniff.h"
#include "base/checked.h"
#include "base/text.h"
#include "deflate/inflate.h"
#include "pickle/machine.h"

namespace safe_load::api {
namespace {

constexpr std::string_view kDownloadAgain = "download or save it again; part of it is missing";
constexpr std::string_view kDamaged = "the file is damaged or was made to mislead; get it again";

constexpr std::uint64_t kSmallRecord = 64;
constexpr Reason kNotSmall = "a record of more than 64 bytes where a word is expected";

// From this size on a pickle and its tape lie on huge pages; less fits into what the heap holds.
constexpr std::uint64_t kLargePickle = std::uint64_t{4} << 20;

std::string_view hint_for(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kTruncated:
      return kDownloadAgain;
    case ErrorCode::kCorrupt:
      return kDamaged;
    case ErrorCode::kAmbiguous:
      return "programs would disagree about what this file holds; get it from where it was made";
    case ErrorCode::kLimit:
      return "raise that limit if you expect a file of this kind";
    case ErrorCode::kIo:
      return "check the path and the permissions";
    case ErrorCode::kUnsupported:
    case ErrorCode::kMismatch:
      return "";
  }
  return "";
}

Issue as_issue(const Error& error, std::string member = "") {
  return describe(error, std::move(member), std::string(hint_for(error)));
}

// One opening. Each step returns the issue that stopped it, if any.
class Opening {
 public:
  Opening(std::shared_ptr<StorageBytes> bytes, const OpenOptions& options)
      : state_(std::make_unique<State>()) {
    state_->bytes = std::move(bytes);
    state_->options = options;
  }

  Result<std::unique_ptr<State>, Issue> run() {
    using Step = Result<void, Issue> (Opening::*)();
    for (const Step step : {&Opening::recognise, &Opening::read_directory, &Opening::read_records,
                            &Opening::run_pickle, &Opening::locate_storages, &Opening::verify}) {
      const auto done = (this->*step)();
      if (!done) return done.error();
    }
    return std::move(state_);
  }

 private:
  const base::Source& source() const { return state_->bytes->source(); }
  std::string shown(const archive::ZipEntry& entry) const { return base::escaped(entry.name); }

  Result<void, Issue> recognise() {
    std::array<std::byte, 512> buffer;
    const std::uint64_t size = source().size();
    const auto head = std::span(buffer).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(size, buffer.size())));
    const Status read = source().read_at(0, head);
    if (!read) return as_issue(read.error());
    state_->container.file_size = size;
    const archive::Sniffed sniffed = archive::sniff(head, size);
    if (sniffed.kind == archive::Sniffed::Kind::kZip) return {};
    Issue issue;
    issue.code = ErrorCode::kUnsupported;
    issue.message = "this is " + std::string(sniffed.what) + " (" + std::to_string(size) + " bytes";
    if (size != 0)
      issue.message +=
          ", first bytes " +
          base::quoted(base::as_text(head.first(std::min<std::size_t>(head.size(), 16))));
    issue.message += ")";
    issue.hint = sniffed.hint;
    return issue;
  }

  Result<void, Issue> read_directory() {
    auto directory = archive::ZipDirectory::read(source(), state_->options.limits);
    if (!directory) return as_issue(directory.error());
    state_->directory.emplace(*std::move(directory));
    auto layout = torch::find_layout(*state_->directory);
    if (!layout) return as_issue(layout.error());
    state_->layout = *std::move(layout);
    return check_inflated_size();
  }

  // Known from the directory, before the first byte is inflated.
  Result<void, Issue> check_inflated_size() {
    const Limits& limits = state_->options.limits;
    const std::uint64_t by_ratio = base::checked_mul(limits.max_inflated_ratio, source().size())
                                       .value_or(std::numeric_limits<std::uint64_t>::max());
    const std::uint64_t most = std::max(limits.max_inflated_bytes, by_ratio);
    std::uint64_t total = 0;
    for (const archive::ZipEntry& entry : state_->directory->entries()) {
      if (entry.method == 0) continue;
      if (!archive::is_plausible_size(entry.compressed_size, entry.size))
        return as_issue(Error(ErrorCode::kCorrupt, "a size that deflated data cannot reach",
                              entry.local_offset),
                        shown(entry));
      if (entry.size > most - total)
        return as_issue(
            Error(ErrorCode::kLimit, "the records inflate to more than Limits::max_inflated_bytes",
                  entry.local_offset),
            shown(entry));
      total += entry.size;
    }
    return {};
  }

  Result<void, Issue> read_into(const archive::ZipEntry& entry, std::span<std::byte> into) {
    const auto member = archive::locate(source(), entry);
    if (!member) return as_issue(member.error(), shown(entry));
    const Status read = archive::read_member(source(), *member, into);
    if (!read) return as_issue(read.error(), shown(entry));
    return {};
  }

  Result<std::string, Issue> read_small_record(const archive::ZipEntry& entry) {
    if (entry.size > kSmallRecord)
      return as_issue(Error(ErrorCode::kLimit, kNotSmall, entry.local_offset), shown(entry));
    std::string content(static_cast<std::size_t>(entry.size), '\0');
    const auto read = read_into(entry, base::as_writable_bytes(content));
    if (!read) return read.error();
    return content;
  }

  Result<void, Issue> read_pickle(const archive::ZipEntry& entry) {
    if (entry.size > state_->options.limits.max_pickle_bytes)
      return as_issue(Error(ErrorCode::kLimit, "a pickle larger than Limits::max_pickle_bytes",
                            entry.local_offset),
                      shown(entry));
    std::span<std::byte> into;
    if (entry.size >= kLargePickle) {
      auto memory = os::Memory::allocate(entry.size);
      if (!memory) return as_issue(memory.error(), shown(entry));
      state_->large_pickle = *std::move(memory);
      into = state_->large_pickle.bytes();
    } else {
      state_->small_pickle.resize(static_cast<std::size_t>(entry.size));
      into = state_->small_pickle;
    }
    state_->pickle = into;
    return read_into(entry, into);
  }

  Result<void, Issue> read_records() {
    const torch::ZipLayout& layout = state_->layout;
    ContainerInfo& container = state_->container;
    container.format = "zip";
    container.prefix = base::escaped(layout.prefix);
    container.record_count = state_->directory->entries().size();
    for (const std::string_view note : layout.notes) container.notes.emplace_back(note);
    if (layout.byte_order != nullptr) {
      const auto content = read_small_record(*layout.byte_order);
      if (!content) return content.error();
      const auto is_big = torch::is_big_endian(*content);
      if (!is_big) return as_issue(is_big.error(), shown(*layout.byte_order));
      container.byte_order = *is_big ? ByteOrder::kBig : ByteOrder::kLittle;
    } else if (state_->options.byte_order) {
      container.byte_order = *state_->options.byte_order;
    }
    if (layout.version != nullptr && layout.version->size <= kSmallRecord) {
      const auto content = read_small_record(*layout.version);
      if (!content) return content.error();
      std::string_view text = *content;
      if (text.ends_with('\n')) text.remove_suffix(1);
      container.version = base::escaped(text);
    }
    container.pickle_bytes = layout.pickle->size;
    return read_pickle(*layout.pickle);
  }

  Result<void, Issue> run_pickle() {
    const Limits& limits = state_->options.limits;
    const std::string member = state_->pickle_member();
    const base::Bytes bytes = state_->pickle;
    pickle::Tape& tape = state_->tape.emplace(
        bytes, limits, bytes.size() >= kLargePickle ? &state_->blocks : nullptr);
    const auto end = pickle::run(tape);
    if (!end) return as_issue(end.error(), member);
    const auto encoding = static_cast<types::Encoding>(state_->options.encoding);
    torch::TensorInterpreter& meaning =
        state_->meaning.emplace(tape, state_->layout, encoding, limits);
    const Status done = meaning.run();
    if (!done) return as_issue(done.error(), member);

    state_->container.protocol = tape.protocol();
    if (*end != bytes.size())
      state_->container.notes.push_back(std::to_string(bytes.size() - *end) +
                                        " bytes follow the pickle");
    for (const pickle::Note& note : tape.notes())
      state_->container.notes.push_back(std::string(note.text) + " (" + member + " at " +
                                        std::to_string(note.offset) + ")");
    state_->graph.emplace(tape, meaning, meaning.attributes());
    return describe_bad_parts(member);
  }

  Result<void, Issue> describe_bad_parts(const std::string& member) {
    pickle::Tape& tape = *state_->tape;
    if (state_->meaning->bad_parts().empty()) return {};
    // The ways to all values, and then each text.
    Status paid =
        tape.memory().take(tape.size() * (sizeof(types::Edge) + 3 * sizeof(pickle::NodeId)));
    if (!paid) return as_issue(paid.error(), member);
    for (const types::BadPart& part : state_->meaning->bad_parts()) {
      Issue issue = as_issue(part.error, member);
      issue.path = state_->graph->path(state_->edges(), part.node);
      paid = tape.memory().take(2 * sizeof(Issue) + issue.message.size() + issue.member.size() +
                                issue.path.size() + issue.hint.size());
      if (!paid) return as_issue(paid.error(), member);
      state_->issues.push_back(std::move(issue));
    }
    return {};
  }

  // Of the storages that have a record, in their order.
  Result<std::vector<archive::ZipMember>, Issue> locate_members() const {
    std::vector<const archive::ZipEntry*> entries;
    for (const torch::Storage& storage : state_->meaning->storages())
      if (storage.entry != nullptr) entries.push_back(storage.entry);
    const archive::ZipEntry* failed = nullptr;
    auto located = archive::locate_all(source(), entries, failed);
    if (!located) return as_issue(located.error(), shown(*failed));
    return *std::move(located);
  }

  Result<void, Issue> locate_storages() {
    const std::vector<torch::Storage>& storages = state_->meaning->storages();
    const auto located = locate_members();
    if (!located) return located.error();

    const bool may_map =
        state_->bytes->file() != nullptr && !located->empty() &&
        state_->options.access != Access::kCopied &&
        (state_->options.access == Access::kMapped || !state_->bytes->file()->is_on_network());
    if (may_map) {
      const Status mapped = state_->bytes->map();
      if (!mapped) return as_issue(mapped.error());
    }
    // What stands inside the pickle is little-endian in every file.
    constexpr bool kNativeIsBig = std::endian::native == std::endian::big;
    const bool is_foreign = (state_->container.byte_order == ByteOrder::kBig) != kNativeIsBig;
    state_->bytes->reserve(storages.size());
    auto next = located->begin();
    for (const torch::Storage& storage : storages) {
      if (storage.entry != nullptr) {
        state_->bytes->add({*next++, {}, is_foreign});
      } else {
        state_->bytes->add({{}, storage.nested_bytes(), kNativeIsBig});
      }
    }
    return {};
  }

  Result<void, Issue> verify() {
    if (!state_->options.verify) return {};
    for (const archive::ZipEntry& entry : state_->directory->entries()) {
      if (entry.is_folder()) continue;
      const Status checked = verify_record(entry);
      if (checked) continue;
      state_->issues.push_back(as_issue(checked.error(), shown(entry)));
      spoil_storages(entry, checked.error());
    }
    return {};
  }

  void spoil_storages(const archive::ZipEntry& entry, const Error& error) {
    const std::vector<torch::Storage>& storages = state_->meaning->storages();
    for (std::uint32_t id = 0; id < storages.size(); ++id)
      if (storages[id].entry == &entry) state_->bytes->spoil(id, error);
  }

  // Stored records pass through one block, so that memory does not grow with the file.
  Status verify_record(const archive::ZipEntry& entry) {
    const auto member = archive::locate(source(), entry);
    if (!member) return member.error();
    if (!member->is_stored()) {
      std::vector<std::byte> content(static_cast<std::size_t>(entry.size));
      const Status read = archive::read_member(source(), *member, content);
      if (!read) return read.error();
      return archive::check_crc(entry, deflate::crc32(0, content));
    }
    constexpr std::uint64_t kBlock = std::uint64_t{256} << 10;
    block_.resize(static_cast<std::size_t>(kBlock));
    std::uint32_t crc = 0;
    for (std::uint64_t done = 0; done < entry.size; done += kBlock) {
      const auto block =
          std::span(block_).first(static_cast<std::size_t>(std::min(kBlock, entry.size - done)));
      const Status read = source().read_at(member->data_offset + done, block);
      if (!read) return read.error();
      crc = deflate::crc32(crc, block);
    }
    return archive::check_crc(entry, crc);
  }

  std::unique_ptr<State> state_;
  std::vector<std::byte> block_;
};

}  // namespace

Result<std::unique_ptr<State>, Issue> open(std::shared_ptr<StorageBytes> bytes,
                                           const OpenOptions& options) {
  return Opening(std::move(bytes), options).run();
}

std::string State::pickle_member() const { return base::escaped(layout.pickle->name); }

const std::vector<types::Edge>& State::edges() const {
  std::call_once(edges_made_, [this] { edges_ = graph->shortest_edges(); });
  return edges_;
}

}  // namespace safe_load::api
