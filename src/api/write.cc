// write(): a plan becomes a file, whatever its format.
#include "safe_load/write.h"

#include <algorithm>

#include "api/written_file.h"
#include "container/failure.h"
#include "safe_load/atomic_file.h"

namespace safe_load {
inline namespace v0 {

using container::describe;

namespace {

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

std::uint64_t Plan::byte_count() const { return parts_->file->byte_count(); }
std::size_t Plan::tensor_count() const { return parts_->tensor_count; }
std::uint64_t Plan::tensor_bytes() const { return parts_->tensor_bytes; }
const std::vector<std::pair<std::string, std::string>>& Plan::aliases() const& {
  return parts_->aliases;
}
const std::vector<Change>& Plan::changes() const& { return parts_->changes; }
std::size_t Plan::left_out_count() const { return parts_->left_out_count; }
std::uint64_t Plan::left_out_bytes() const { return parts_->left_out_bytes; }

Result<void, Issue> write(const Plan& plan, Sink& sink, const WriteProgress& report) {
  const Plan::Parts& parts = *plan.parts_;
  const std::uint64_t total = plan.byte_count();
  std::uint64_t done = 0;
  const api::Took took = [&](std::uint64_t bytes) {
    done += bytes;
    return !report || report(done, total);
  };
  Status status = parts.file->write(sink, took);
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
