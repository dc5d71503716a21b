// A safetensors file from the weights of a checkpoint: plan, then write.
#include "safe_load/write.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "api/state.h"
#include "api/tensor_stream.h"
#include "base/bytes.h"
#include "base/text.h"
#include "container/failure.h"
#include "safe_load/atomic_file.h"
#include "writing/safetensors_header.h"

namespace safe_load {
inline namespace v0 {

using container::describe;

struct Plan::Parts {
  const api::State* state = nullptr;
  std::string header;
  std::vector<TensorView> tensors;  // in the order of the file
  std::uint64_t tensor_bytes = 0;
  std::vector<std::pair<std::string, std::string>> aliases;
  std::size_t left_out_count = 0;
  std::uint64_t left_out_bytes = 0;
};

namespace {

constexpr std::string_view kFormat = "format";  // what the metadata of every file have

Issue issue_of(const Error& error, std::string_view name, std::string hint) {
  Issue issue = describe(error, "", std::move(hint));
  if (!name.empty()) issue.path = base::escaped(name);
  return issue;
}

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
    parts.state = &state;
    parts.header = std::move(header->bytes);
    parts.tensor_bytes = header->data_bytes;
    for (const std::size_t i : header->order) parts.tensors.push_back(tensors_[i]);
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

// The same source as when it was opened.
Status check_unchanged(const api::Input& input) {
  if (!input.identify) return {};
  const auto now = input.identify();
  if (!now) return now.error();
  if (*now == input.files) return {};
  return Error(ErrorCode::kIo, "the checkpoint was changed while it was read");
}

bool is_of_checkpoint(const api::Input& input, std::string_view path) {
  const auto target = os::identity_of(path);
  return target && std::ranges::any_of(input.files, [&](const os::FileIdentity& file) {
           return file.device == target->device && file.number == target->number;
         });
}

Existing may_stand_at(const WriteOptions& options) {
  return options.overwrite ? Existing::kFile : Existing::kNothing;
}

Issue issue_of_target(const Error& error) {
  const bool is_there = error.code() == ErrorCode::kMismatch;
  return describe(error, "",
                  is_there ? "choose another name, or say that it is to be overwritten"
                           : "choose another place");
}

}  // namespace

Plan::Plan(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;
Plan::~Plan() = default;

std::uint64_t Plan::byte_count() const { return parts_->header.size() + parts_->tensor_bytes; }
std::size_t Plan::tensor_count() const { return parts_->tensors.size(); }
std::uint64_t Plan::tensor_bytes() const { return parts_->tensor_bytes; }
const std::vector<std::pair<std::string, std::string>>& Plan::aliases() const& {
  return parts_->aliases;
}
std::size_t Plan::left_out_count() const { return parts_->left_out_count; }
std::uint64_t Plan::left_out_bytes() const { return parts_->left_out_bytes; }

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

Result<void, Issue> write(const Plan& plan, Sink& sink, const WriteProgress& report) {
  const Plan::Parts& parts = *plan.parts_;
  const std::uint64_t total = plan.byte_count();
  std::uint64_t done = 0;
  const std::function<bool(std::uint64_t)> took = [&](std::uint64_t bytes) {
    done += bytes;
    return !report || report(done, total);
  };
  Status status = sink.write(base::as_bytes(parts.header));
  if (status && !took(parts.header.size())) status = Error(ErrorCode::kStopped, "stopped");
  api::TensorStream stream(*parts.state, parts.tensors, sink, took);
  for (const TensorView& tensor : parts.tensors) {
    if (!status) break;
    status = stream.write(tensor);
  }
  if (status) status = check_unchanged(parts.state->input);
  if (status) return {};
  return describe(status.error());
}

Result<void, Issue> check_target(const Plan& plan, std::string_view path,
                                 const WriteOptions& options) {
  if (is_of_checkpoint(plan.parts_->state->input, path))
    return describe(Error(ErrorCode::kMismatch, "it would take the place of the checkpoint itself"),
                    "", "choose another name");
  const Status allowed = AtomicFile::check(path, may_stand_at(options));
  if (!allowed) return issue_of_target(allowed.error());
  return {};
}

Result<void, Issue> write(const Plan& plan, std::string_view path, const WriteOptions& options) {
  const auto allowed = check_target(plan, path, options);
  if (!allowed) return allowed.error();
  auto file = AtomicFile::create(path, may_stand_at(options));
  if (!file) return issue_of_target(file.error());
  const Status reserved = file->reserve(plan.byte_count());
  if (!reserved) return describe(reserved.error(), "", "make room, or choose another disk");
  const auto written = write(plan, *file, options.report);
  if (!written) return written.error();
  const Status committed = file->commit();
  if (!committed) return issue_of_target(committed.error());
  return {};
}

}  // namespace v0
}  // namespace safe_load
