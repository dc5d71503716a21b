// Scanning a file: opened once, read by position, never mapped, and compared with itself at the
// end.
#include "safe_load/scan.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "api/input.h"
#include "base/source.h"
#include "base/try.h"
#include "container/failure.h"
#include "digest/sha256.h"
#include "os/file.h"
#include "os/host.h"
#include "safe_load/version.h"
#include "scan/findings.h"
#include "scan/package_classes.h"
#include "scan/scanner.h"
#include "types/known.h"

namespace safe_load {
inline namespace v0 {
namespace {

// Counts what is read.
class CountedSource final : public Source {
 public:
  explicit CountedSource(const Source& source) : source_(source) {}

  std::uint64_t size() const override { return source_.size(); }
  Status read_at(std::uint64_t offset, std::span<std::byte> into) const override {
    read_ += into.size();
    return source_.read_at(offset, into);
  }
  void will_read(std::span<const ByteRange> ranges) const override { source_.will_read(ranges); }
  std::uint64_t first_step() const override { return source_.first_step(); }
  std::uint64_t read() const { return read_; }

 private:
  const Source& source_;
  mutable std::atomic<std::uint64_t> read_ = 0;
};

FileReport scan_source(const Source& source, const ScanOptions& options) {
  os::SystemHost host;
  const auto counted = std::make_shared<CountedSource>(source);
  container::Slice whole;
  whole.whole = counted;
  whole.size = source.size();
  whole.inflation = container::inflation_budget(whole.size, options.limits);
  FileReport report = scanner::scan_file(whole, options, host);
  report.coverage.bytes_read = counted->read();
  return report;
}

// To read a small file at once costs less than to look at it piece by piece.
Result<std::optional<std::vector<std::byte>>> read_small(const os::File& file) {
  if (file.size() > api::kSmallFile) return std::optional<std::vector<std::byte>>();
  std::vector<std::byte> bytes(static_cast<std::size_t>(file.size()));
  SAFE_LOAD_TRY(file.read_at(0, bytes));
  return std::optional(std::move(bytes));
}

Result<FileReport, Issue> scan_opened(const Result<os::File>& file, const ScanOptions& options) {
  if (!file) return container::describe(file.error(), "", "check the path and the permissions");
  const auto before = file->identity();
  if (!before) return container::describe(before.error());
  const auto content = read_small(*file);
  if (!content) return container::describe(content.error());
  FileReport report =
      *content ? scan_source(base::MemorySource(**content), options) : scan_source(*file, options);
  if (*content) report.coverage.bytes_read = file->size();
  const auto after = file->identity();
  if (after && *after == *before) return report;
  Finding finding = scanner::make_finding(scanner::Rule::kH03);
  report.verdict = std::max(report.verdict, Verdict::kIncomplete);
  report.coverage.complete = false;
  report.findings.push_back(std::move(finding));
  return report;
}

}  // namespace

ScanPolicy scan_policy(const ScanOptions& options) {
  ScanPolicy policy;
  std::string table;
  for (const types::Known& row : types::known_names())
    for (const std::string_view text : {row.module, row.name, row.call.text(), row.state.text()})
      table += std::string(text) + '\n';
  table += scanner::package_class_table();
  policy.table_version = digest::sha256(table);
  policy.strict = options.strict;
  policy.limits = options.limits;
  const Limits& limits = options.limits;
  std::string facts = std::string(kVersion) + '\n' + policy.table_version + '\n' +
                      (options.strict ? "strict" : "") + '\n';
  for (const std::uint64_t limit :
       {limits.max_zip_entries, limits.max_inflated_bytes, limits.max_inflated_ratio,
        limits.max_pickle_bytes, limits.memory_base, limits.memory_per_byte, limits.work_per_byte,
        limits.max_dims, limits.max_key_depth})
    facts += std::to_string(limit) + '\n';
  policy.id = digest::sha256(facts);
  return policy;
}

Result<FileReport, Issue> scan(std::string_view path, const ScanOptions& options) {
  return scan_opened(os::File::open(path), options);
}

Result<FileReport, Issue> scan_descriptor(int descriptor, const ScanOptions& options) {
  return scan_opened(os::File::from_descriptor(descriptor, 0), options);
}

FileReport scan(const Source& source, const ScanOptions& options) {
  return scan_source(source, options);
}

Result<FileReport, Issue> scan(std::span<const std::byte> bytes, const ScanOptions& options) {
  return scan_source(base::MemorySource(bytes), options);
}

}  // namespace v0
}  // namespace safe_load
