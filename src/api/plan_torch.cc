// plan_torch(): the whole object of a checkpoint, as torch.save would write its plain form.
#include <algorithm>
#include <bit>
#include <deque>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/plain_form.h"
#include "api/written_file.h"
#include "base/bytes.h"
#include "base/try.h"
#include "container/failure.h"
#include "deflate/inflate.h"
#include "writing/plain_pickle.h"
#include "writing/torch_zip.h"

namespace safe_load {
inline namespace v0 {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;  // bytes, which stay in the cache
constexpr std::string_view kRoot = "archive/";        // torch takes any name

// Bytes that pass, with their checksum.
class Passing {
 public:
  Passing(Sink& sink, const api::Took& took) : sink_(sink), took_(took) {}

  Status plain(const std::string& bytes) { return pass(base::as_bytes(bytes)); }

  // `unit`: bytes that are reversed together.
  Status content(base::Bytes bytes, std::size_t unit) {
    for (; !bytes.empty(); bytes = bytes.subspan(std::min(bytes.size(), kBlock)))
      SAFE_LOAD_TRY(block(bytes.first(std::min(bytes.size(), kBlock)), unit));
    return {};
  }

  std::uint32_t take_crc() { return std::exchange(crc_, 0); }

 private:
  Status block(base::Bytes bytes, std::size_t unit) {
    if (unit > 1) {
      turned_.assign(bytes.begin(), bytes.end());
      base::reverse_units(turned_, unit);
      bytes = turned_;
    }
    crc_ = deflate::crc32(crc_, bytes);
    return pass(bytes);
  }

  Status pass(base::Bytes bytes) {
    SAFE_LOAD_TRY(sink_.write(bytes));
    return took_(bytes.size()) ? Status() : api::stopped();
  }

  Sink& sink_;
  const api::Took& took_;
  std::uint32_t crc_ = 0;
  std::vector<std::byte> turned_;
};

class TorchFile final : public api::WrittenFile {
 public:
  TorchFile(const api::State& state, std::string pickle, std::vector<api::PlainStorage> storages,
            std::deque<std::vector<std::byte>> contents)
      : state_(state),
        pickle_(std::move(pickle)),
        storages_(std::move(storages)),
        contents_(std::move(contents)) {
    writing::TorchZip zip;
    const auto add = [&](const std::string& name, std::uint64_t size, const auto&) {
      zip.begin(name, size);
      zip.end(0);
      return Status();  // nothing is written, so nothing fails
    };
    static_cast<void>(for_each_record(add).ok());
    zip.begin(id_name(), kIdSize);
    zip.end(0);
    byte_count_ = zip.offset() + zip.directory().size();
  }

  std::uint64_t byte_count() const override { return byte_count_; }

  Status write(Sink& sink, const api::Took& took) const override {
    writing::TorchZip zip;
    Passing passing(sink, took);
    const auto write_record = [&](const std::string& name, std::uint64_t size,
                                  const auto& write_content) -> Status {
      SAFE_LOAD_TRY(passing.plain(zip.begin(name, size)));
      SAFE_LOAD_TRY(write_content(passing));
      return passing.plain(zip.end(passing.take_crc()));
    };
    SAFE_LOAD_TRY(for_each_record(write_record));
    const std::string id = zip.serialization_id();
    SAFE_LOAD_TRY(write_record(id_name(), id.size(),
                               [&](Passing& into) { return into.content(base::as_bytes(id), 1); }));
    return passing.plain(zip.directory());
  }

 private:
  static constexpr std::uint64_t kIdSize = 40;

  static std::string id_name() { return std::string(kRoot).append(".data/serialization_id"); }

  // In the order of the file, but for the last one, which says what the others were.
  template <class Visit>
  Status for_each_record(Visit&& visit) const {
    const auto text = [&](std::string_view name, std::string_view content) -> Status {
      return visit(std::string(kRoot).append(name), content.size(),
                   [content](Passing& into) { return into.content(base::as_bytes(content), 1); });
    };
    SAFE_LOAD_TRY(text("data.pkl", pickle_));
    SAFE_LOAD_TRY(text(".format_version", "1"));
    SAFE_LOAD_TRY(text(".storage_alignment", "64"));
    SAFE_LOAD_TRY(text("byteorder", "little"));
    for (std::size_t i = 0; i < storages_.size(); ++i) {
      const api::PlainStorage& storage = storages_[i];
      const std::string name = std::string(kRoot).append("data/").append(std::to_string(i));
      SAFE_LOAD_TRY(visit(name, storage.end - storage.begin,
                          [&](Passing& into) { return write_storage(storage, into); }));
    }
    return text("version", "3\n");
  }

  Status write_storage(const api::PlainStorage& storage, Passing& into) const {
    const bool is_native = std::endian::native == std::endian::little;
    if (storage.content.data() != nullptr) {
      const std::uint64_t size = storage.end - storage.begin;
      return into.content(storage.content.subspan(static_cast<std::size_t>(storage.begin),
                                                  static_cast<std::size_t>(size)),
                          storage.unit);
    }
    std::vector<std::byte> buffer;
    for (std::uint64_t at = storage.begin; at < storage.end;) {
      SAFE_LOAD_TRY_ASSIGN(const data::StorageReader::Piece piece,
                           state_.bytes->piece(storage.storage, storage.unit, at, kBlock, buffer));
      const auto size =
          static_cast<std::size_t>(std::min<std::uint64_t>(storage.end - at, piece.bytes.size()));
      if (size == 0) return Error(ErrorCode::kCorrupt, "a storage is shorter than it says");
      SAFE_LOAD_TRY(into.content(piece.bytes.first(size), is_native ? 1 : storage.unit));
      at += size;
    }
    return {};
  }

  const api::State& state_;
  std::string pickle_;
  std::vector<api::PlainStorage> storages_;  // in the order of their keys
  std::deque<std::vector<std::byte>> contents_;
  std::uint64_t byte_count_ = 0;
};

}  // namespace

Result<Plan, std::vector<Issue>> plan_torch(const Checkpoint& checkpoint,
                                            const TorchOptions& options) {
  const api::State& state = *checkpoint.state_;
  api::PlainForm form(checkpoint, state, options);
  const auto root = form.build(checkpoint.root());
  std::vector<Issue> refusals = std::move(form.refusals());
  for (Issue& issue : checkpoint.check_elements(checkpoint.root()))
    refusals.push_back(std::move(issue));
  if (!refusals.empty()) return refusals;
  std::unordered_map<writing::PlainValues::Id, std::size_t> numbers;
  for (std::size_t i = 0; i < form.storages().size(); ++i)
    numbers.emplace(form.storages()[i].value, i);
  std::vector<api::PlainStorage> storages;
  auto pickle = writing::plain_pickle(form.values(), root, [&](writing::PlainValues::Id id) {
    const auto found = numbers.find(id);
    if (found == numbers.end()) return;  // it has its key
    form.values().set_text(form.values().parts(id)[2], std::to_string(storages.size()));
    storages.push_back(form.storages()[found->second]);
    numbers.erase(found);
  });
  if (!pickle) return std::vector<Issue>{container::describe(pickle.error())};
  auto parts = std::make_unique<Plan::Parts>();
  parts->state = &state;
  parts->tensor_count = form.tensor_count();
  for (const api::PlainStorage& storage : storages)
    parts->tensor_bytes += storage.end - storage.begin;
  parts->changes = std::move(form.changes());
  parts->file = std::make_unique<TorchFile>(state, *std::move(pickle), std::move(storages),
                                            form.take_contents());
  return Plan(std::move(parts));
}

}  // namespace v0
}  // namespace safe_load
