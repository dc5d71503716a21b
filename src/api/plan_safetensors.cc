// plan_safetensors(): which weights a file gets, under which names.
#include <algorithm>
#include <iterator>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "api/tensor_stream.h"
#include "api/written_file.h"
#include "base/bytes.h"
#include "base/text.h"
#include "base/try.h"
#include "container/failure.h"
#include "writing/safetensors_header.h"

namespace safe_load {
inline namespace v0 {

using container::describe;

namespace {

constexpr std::string_view kFormat = "format";  // what the metadata of every file have

Issue issue_of(const Error& error, std::string_view name, std::string hint) {
  Issue issue = describe(error, "", std::move(hint));
  if (!name.empty()) issue.path = base::escaped(name);
  return issue;
}

// The header, and the tensors behind it.
class SafetensorsFile final : public api::WrittenFile {
 public:
  SafetensorsFile(const api::State& state, std::string header, std::vector<TensorView> tensors,
                  std::uint64_t tensor_bytes)
      : state_(state),
        header_(std::move(header)),
        tensors_(std::move(tensors)),
        tensor_bytes_(tensor_bytes) {}

  std::uint64_t byte_count() const override { return header_.size() + tensor_bytes_; }

  Status write(Sink& sink, const api::Took& took) const override {
    SAFE_LOAD_TRY(sink.write(base::as_bytes(header_)));
    if (!took(header_.size())) return api::stopped();
    api::TensorStream stream(state_, tensors_, sink, took);
    for (const TensorView& tensor : tensors_) SAFE_LOAD_TRY(stream.write(tensor));
    return {};
  }

 private:
  const api::State& state_;
  std::string header_;
  std::vector<TensorView> tensors_;  // in the order of the file
  std::uint64_t tensor_bytes_;
};

// What is the same for all names of one tensor.
std::string identity_of(const TensorView& tensor) {
  std::string identity = std::to_string(tensor.storage().id());
  const auto add = [&](std::uint64_t number) { (identity += ' ') += std::to_string(number); };
  add(static_cast<std::uint64_t>(tensor.dtype()));
  add(tensor.storage_offset());
  add((tensor.is_conjugated() ? 1u : 0u) + (tensor.is_negated() ? 2u : 0u));
  for (const Dims& dims : {tensor.shape(), tensor.strides()}) {
    identity += ',';
    for (const std::int64_t size : dims) add(static_cast<std::uint64_t>(size));
  }
  return identity;
}

// Decides about one name after another.
class Planner {
 public:
  Planner(const Checkpoint& checkpoint, const SafetensorsOptions& options)
      : checkpoint_(checkpoint), options_(options) {}

  void add(std::string_view name, const TensorView& tensor) {
    chosen_.insert(tensor.id());
    writing::SafetensorsTensor row{name, tensor.dtype(), {}, tensor.byte_count()};
    const Dims sizes = tensor.shape();
    row.sizes.assign(sizes.begin(), sizes.end());
    if (tensor.is_quantized()) {
      refuse(Error(ErrorCode::kUnsupported, "a quantized tensor, which safetensors has not"), name,
             "dequantize it before it is saved");
      return;
    }
    if (tensor.is_meta()) {
      refuse(Error(ErrorCode::kUnsupported, "a tensor of the meta device, which has no data"), name,
             "choose other weights by a key");
      return;
    }
    if (const auto reason = why_not(row)) {
      const Error error = Error(ErrorCode::kUnsupported, *reason).about(safe_load::name(row.dtype));
      refuse(error, name, "choose other weights by a key, or save the tensor in another type");
      return;
    }
    if (const auto size = tensor.copy_size(); !size) {
      refuse(size.error(), name, "raise Limits::max_copied_bytes if it is meant to be that large");
      return;
    }
    const auto [kept, is_first] = names_.try_emplace(identity_of(tensor), name);
    if (!is_first && options_.aliases == Aliases::kRefuse) {
      const Error error =
          Error(ErrorCode::kMismatch, "it is the same tensor as").about(kept->second);
      refuse(error, name, "let the metadata name it, or write it twice");
    } else if (!is_first && options_.aliases == Aliases::kNote && name != kFormat) {
      aliases_.emplace_back(name, kept->second);
    } else {
      rows_.push_back(std::move(row));
      tensors_.push_back(tensor);
    }
  }

  void refuse(const Error& error, std::string_view name, std::string hint) {
    issues_.push_back(issue_of(error, name, std::move(hint)));
  }

  bool is_refused() const { return !issues_.empty(); }
  std::vector<Issue> issues() && { return std::move(issues_); }

  // REQUIRES: !is_refused().
  Status finish(const api::State& state, auto& parts) {
    std::vector<std::pair<std::string, std::string>> metadata = aliases_;
    std::ranges::sort(metadata);
    metadata.insert(metadata.begin(), {std::string(kFormat), "pt"});
    auto header = writing::safetensors_header(rows_, metadata);
    if (!header) return header.error();
    std::vector<TensorView> tensors;
    for (const std::size_t i : header->order) tensors.push_back(tensors_[i]);
    parts.state = &state;
    parts.tensor_count = tensors.size();
    parts.tensor_bytes = header->data_bytes;
    parts.file = std::make_unique<SafetensorsFile>(state, std::move(header->bytes),
                                                   std::move(tensors), header->data_bytes);
    parts.aliases = std::move(aliases_);
    for (const NamedTensor& other : checkpoint_.tensors()) {
      if (!chosen_.insert(other.tensor.id()).second) continue;
      ++parts.left_out_count;
      parts.left_out_bytes += other.tensor.byte_count();
    }
    return {};
  }

 private:
  const Checkpoint& checkpoint_;
  const SafetensorsOptions& options_;
  std::unordered_map<std::string, std::string_view> names_;  // the first of each tensor
  std::unordered_set<std::uint32_t> chosen_;
  std::vector<writing::SafetensorsTensor> rows_;
  std::vector<TensorView> tensors_;
  std::vector<std::pair<std::string, std::string>> aliases_;
  std::vector<Issue> issues_;
};

}  // namespace

Result<Plan, std::vector<Issue>> plan_safetensors(const Checkpoint& checkpoint,
                                                  const SafetensorsOptions& options) {
  const std::vector<std::string_view> keys(options.keys.begin(), options.keys.end());
  const auto weights = keys.empty()
                           ? checkpoint.state_dict()
                           : checkpoint.state_dict(std::span<const std::string_view>(keys));
  if (!weights) {
    const bool is_choice = weights.error().code() == ErrorCode::kAmbiguous;
    return std::vector<Issue>{
        issue_of(weights.error(), "", is_choice ? "say by a key which weights are meant" : "")};
  }
  Planner planner(checkpoint, options);
  for (const auto& [name, tensor] : *weights) planner.add(name, tensor);
  if (planner.is_refused()) return std::move(planner).issues();
  auto parts = std::make_unique<Plan::Parts>();
  const Status finished = planner.finish(*checkpoint.state_, *parts);
  if (!finished) return std::vector<Issue>{issue_of(finished.error(), "", "")};
  return Plan(std::move(parts));
}

}  // namespace v0
}  // namespace safe_load
