#include "scan/file_scan.h"

#include <algorithm>

#include "archive/claims.h"
#include "base/checked.h"
#include "base/text.h"
#include "container/head.h"
#include "formats/recognise.h"
#include "scan/nested_pickles.h"
#include "scan/packed_text.h"
#include "scan/scanner.h"
#include "scan/stream_arrays.h"

namespace safe_load::scanner {
namespace {

// What may be read and inflated of zip files whose parts do not agree, in the whole file.
constexpr std::uint64_t kMostSalvaged = std::uint64_t{64} << 20;
constexpr std::uint64_t kSalvageRatio = 16;  // times the size of the file
// Bytes of program that may be run, those of containers in each other and of what was inflated
// counted each time.
constexpr std::uint64_t kWork = std::uint64_t{8} << 20;
constexpr std::uint64_t kWorkRatio = 64;  // times the size of the file

std::string text_of(const Failure& failure) {
  if (!failure.message.empty()) return failure.message;
  std::string text(failure.error.reason());
  if (!failure.error.subject().empty()) text += ": " + std::string(failure.error.subject());
  return text;
}

}  // namespace

// NOLINTBEGIN(misc-no-recursion): containers in each other, eight at most
void FileScan::run(const Slice& file) {
  report_.size = report_.coverage.bytes_total = file.size;
  work_left_ = kWork + base::checked_mul(kWorkRatio, file.size).value_or(UINT64_MAX - kWork);
  salvage_left_ = kMostSalvaged + kSalvageRatio * std::min(file.size, kMostSalvaged);
  container::tell_ends(*file.whole);
  const Seen seen = scan(file, "", true);
  report_.format = seen.what;
  finish();
}

void FileScan::add(Finding finding, const std::string& chain, std::uint64_t offset) {
  if (finding.member.empty()) finding.member = chain;
  if (finding.offset == 0) finding.offset = offset;
  if (finding.severity == Severity::kIncomplete) report_.coverage.complete = false;
  findings_.add(std::move(finding));
}

void FileScan::leave(std::uint64_t bytes) {
  report_.coverage.complete = false;
  uncovered_ += bytes;
}

void FileScan::finish() {
  Coverage& coverage = report_.coverage;
  coverage.bytes_covered = coverage.bytes_total - std::min(uncovered_, coverage.bytes_total);
  const Severity worst = findings_.worst();
  report_.verdict = worst == Severity::kDanger       ? Verdict::kDangerous
                    : worst == Severity::kIncomplete ? Verdict::kIncomplete
                    : !coverage.complete             ? Verdict::kIncomplete
                    : worst == Severity::kUnknown    ? Verdict::kUnknown
                                                     : Verdict::kSafe;
  std::move(findings_).move_to(report_);
}

bool FileScan::spend(std::uint64_t bytes) {
  const bool is_enough = bytes <= work_left_;
  work_left_ -= std::min(bytes, work_left_);
  return is_enough;
}

OpenOptions FileScan::options_for(const Sniffed& sniffed) const {
  OpenOptions options = open_options_;
  if (sniffed.kind != Sniffed::Kind::kArray)  // whose numbers are no program
    options.limits.max_pickle_bytes = std::min(options.limits.max_pickle_bytes, work_left_);
  return options;
}

FileScan::Seen FileScan::scan(const Slice& slice, const std::string& chain, bool is_file) {
  if (slice.depth > container::kDeepest) {
    leave(slice.size);
    add(make_finding(Rule::kC11), chain);
    return {true, false, "nested"};
  }
  const std::vector<std::byte> head = read_some(slice, kHead);
  if (head.size() < std::min(slice.size, kHead)) {
    leave(slice.size);
    add(make_finding(Rule::kH03, Severity::kIncomplete, "the file could not be read to its end"),
        chain);
    return {true, false, "unreadable"};
  }
  if (!spend(kHead)) {
    leave(slice.size);
    add(make_finding(Rule::kR06, Severity::kIncomplete,
                     "the containers in this file add up to far more than the file"),
        chain);
    return {true, false, "nested"};
  }
  const Sniffed sniffed = archive::sniff(head, slice.size);
  const std::string_view text = base::as_text(head);
  const std::vector<std::string_view> claims = archive::claims(head, slice.size);
  check_claims(claims, chain);
  const base::Bytes block = base::Bytes(head).first(std::min(head.size(), archive::kTarBlock));
  if (sniffed.kind != Sniffed::Kind::kTar && archive::could_be_tar_header(block) &&
      sniffed.kind != Sniffed::Kind::kZeros) {
    if (claims.size() < 2)
      add(make_finding(Rule::kC06, Severity::kUnknown,
                       "a tar archive begins at the first byte of a file that is something else"),
          chain);
    scan_tar_members(slice, chain, false);
  }
  if (text.starts_with("PK")) return scan_zip(slice, chain, sniffed, is_file);
  Seen seen = scan_plain(slice, chain, sniffed, is_file);
  if (archive::ends_in_directory(slice.part())) {
    // What Python's zipfile opens, whatever stands in front.
    add(make_finding(Rule::kC06, Severity::kUnknown,
                     "a zip file at the end of a file of another kind"),
        chain);
    salvage(slice, chain);
    seen.is_container = true;
  }
  return seen;
}

void FileScan::check_claims(std::span<const std::string_view> claims, const std::string& chain) {
  if (claims.size() < 2) return;
  std::string words(claims[0]);
  for (std::size_t i = 1; i < claims.size(); ++i) words.append(", ").append(claims[i]);
  add(make_finding(Rule::kC06, Severity::kUnknown,
                   "programs take it for one thing or another: " + words),
      chain);
}

FileScan::Seen FileScan::scan_plain(const Slice& slice, const std::string& chain,
                                    const Sniffed& sniffed, bool is_file) {
  Opened opened(host_);
  const OpenOptions options = options_for(sniffed);
  const auto done = container::open(
      opened, [&](std::uint64_t reach) { return formats::recognise(slice, options, reach); },
      options, Manner::kLenient, slice.whole->first_step());
  if (sniffed.kind != Sniffed::Kind::kArray) spend(opened.pickles.bytes().size());
  if (sniffed.may_be_pickle)  // it was tried before it was opened
    spend(std::min(slice.size, options.limits.max_pickle_bytes));
  if (opened.source == nullptr) {
    if (sniffed.kind == Sniffed::Kind::kTar) scan_tar_members(slice, chain, false);
    return scan_foreign(slice, chain, sniffed, done.error(), is_file);
  }
  Seen seen;
  seen.is_container = true;
  const Format format = opened.source->info().format;
  seen.what = to_text(format);
  const bool is_pickle = sniffed.kind == Sniffed::Kind::kPickle ||
                         sniffed.kind == Sniffed::Kind::kLegacy || sniffed.may_be_pickle;
  seen.has_pickle = is_pickle || sniffed.kind == Sniffed::Kind::kTar;
  examine(opened, done, slice, chain);
  if (format == Format::kPickle && !opened.source->stream_arrays().objects.empty())
    scan_beside_arrays(slice, chain);
  // A reader that takes the first byte for an opcode, whatever the rest is.
  if (!is_pickle) scan_as_pickles(slice, chain, Text::kNo);
  if (sniffed.kind == Sniffed::Kind::kTar)
    scan_tar_members(slice, chain, done.ok() && format == Format::kTar);
  return seen;
}

void FileScan::examine(const Opened& opened, const Outcome<void>& done, const Slice& slice,
                       const std::string& chain, const ScriptProgram* script) {
  if (opened.tape) {
    count(scan_program(opened, slice, chain, script));
    note_storages_elsewhere(opened, chain);
    if (opened.meaning) scan_nested_checkpoints(opened, slice, chain);
  }
  if (!done) {
    leave(slice.size);
    const bool is_array = opened.source != nullptr && opened.source->info().format == Format::kNpy;
    const Rule rule = rule_of(done.error(), opened.tape.has_value());
    add_failure(done.error(), chain, is_array && rule == Rule::kC13 ? Rule::kC15 : rule);
    return;
  }
  for (const Slice& rest : opened.source->rests()) scan_rest(rest, chain, opened);
  if (opened.source->info().has_source_text)
    add(make_finding(Rule::kT07, Severity::kUnknown,
                     "persistent ids carry the source text of classes"),
        chain);
}

Asked FileScan::scan_program(const Opened& opened, const Slice& around, const std::string& chain,
                             const ScriptProgram* script) {
  const Asked asked = scan_tape(opened, chain, findings_, script);
  if (names_stream_arrays(*opened.tape))
    add(make_finding(Rule::kC06, Severity::kUnknown,
                     "joblib.load and other programs read on in two ways where an array stands"),
        chain, opened.source->stream_arrays().first_at);
  for (const std::string_view bytes : nested_pickles(*opened.tape)) {
    const std::string where = join_members(chain, "pickle in bytes");
    if (const auto nested = nested_slice(bytes, around, where)) {
      check_rebuilt(*nested, where);
      scan_as_pickles(*nested, where, Text::kNo);
    }
  }
  return asked;
}

std::optional<Slice> FileScan::nested_slice(std::string_view bytes, const Slice& around,
                                            const std::string& chain) {
  if (around.depth >= container::kDeepest || !spend(bytes.size())) {
    report_.coverage.complete = false;
    add(make_finding(Rule::kC11), chain);
    return std::nullopt;
  }
  const base::Bytes content = base::as_bytes(bytes);
  Slice nested = container::slice_of({content.begin(), content.end()});
  nested.inflation = around.inflation;
  nested.depth = around.depth + 1;
  add(make_finding(Rule::kG13, Severity::kNote, "a pickle lies in the bytes or the text of this"),
      chain);
  return nested;
}

void FileScan::check_rebuilt(const Slice& nested, const std::string& chain) {
  Opened opened(host_);
  const auto done = open_pickle(opened, nested);
  if (!opened.tape || opened.tape->root() == pickle::kNoNode) return;
  const pickle::Tape& tape = *opened.tape;
  const auto parts = tape.items(tape.root());
  const bool is_class = done.ok() && tape[tape.root()].kind == pickle::Kind::kTuple &&
                        parts.size() == 2 && tape[parts[0]].kind == pickle::Kind::kSymbol;
  if (!is_class)
    add(make_finding(Rule::kG05, Severity::kDanger,
                     "numba would call a method of something that is no class"),
        chain);
}

void FileScan::count(const Asked& asked) {
  ++report_.coverage.pickles;
  report_.listed_symbols += asked.listed;
  report_.unlisted_symbols += asked.unlisted;
}

void FileScan::note_storages_elsewhere(const Opened& opened, const std::string& chain) {
  if (opened.source->info().format != Format::kPickle || !opened.meaning || is_in_script_) return;
  for (const data::Storage& storage : opened.meaning->storages().all())
    if (storage.is_meta() && storage.byte_count != 0) return add(make_finding(Rule::kN06), chain);
}

void FileScan::scan_nested_checkpoints(const Opened& opened, const Slice& slice,
                                       const std::string& chain) {
  const pickle::Tape& tape = *opened.tape;
  for (const types::DamagedValue& part : opened.meaning->damaged_values()) {
    if ((tape[part.node].flags & pickle::kFromCall) == 0) continue;
    const pickle::Call& call = tape.call(part.node);
    if (tape[call.callee].kind != pickle::Kind::kSymbol || call.arguments == pickle::kNoNode ||
        !tape.symbol(call.callee).is("torch.storage", "_load_from_bytes"))
      continue;
    const auto given = tape.items(call.arguments);
    if (given.empty() || tape[given[0]].kind != pickle::Kind::kBytes) continue;
    const base::Bytes content = base::as_bytes(tape.text(given[0]));
    Slice nested = container::slice_of({content.begin(), content.end()});
    nested.inflation = slice.inflation;
    nested.depth = slice.depth + 1;
    const std::string where = join_members(chain, "_load_from_bytes");
    add(make_finding(Rule::kG13), where);
    scan(nested, where, false);
  }
}

void FileScan::add_failure(const Failure& failure, const std::string& chain, bool in_pickle) {
  add_failure(failure, chain, rule_of(failure, in_pickle));
}

void FileScan::add_failure(const Failure& failure, const std::string& chain, Rule rule) {
  Finding finding = make_finding(rule);
  if (failure.error.code() == ErrorCode::kAmbiguous) finding.severity = Severity::kUnknown;
  finding.message = text_of(failure);
  finding.member = join_members(chain, failure.member);
  finding.offset = failure.error.offset();
  add(std::move(finding), chain);
}

Rule FileScan::rule_of(const Failure& failure, bool in_pickle) {
  switch (failure.error.code()) {
    case ErrorCode::kLimit:
      return Rule::kR06;
    case ErrorCode::kTruncated:
      return in_pickle ? Rule::kP02 : Rule::kC13;
    case ErrorCode::kAmbiguous:
      return Rule::kC09;
    case ErrorCode::kCorrupt:
      return in_pickle ? Rule::kP02 : Rule::kC13;
    case ErrorCode::kIo:
      return Rule::kH03;
    case ErrorCode::kUnsupported:
    case ErrorCode::kMismatch:
    case ErrorCode::kStopped:
      return in_pickle ? Rule::kP02 : Rule::kC16;
  }
  return Rule::kC16;
}

FileScan::Seen FileScan::scan_foreign(const Slice& slice, const std::string& chain,
                                      const Sniffed& sniffed, const Failure& failure,
                                      bool is_file) {
  Seen seen;
  seen.what = std::string(sniffed.what);
  if (sniffed.kind == Sniffed::Kind::kCompressed) {
    seen = scan_compressed(slice, chain, sniffed, is_file);
    if (scan_as_pickles(slice, chain, Text::kNo)) seen.has_pickle = true;
    return seen;
  }
  if (sniffed.kind == Sniffed::Kind::kProgram && !is_file)
    add(make_finding(Rule::kT05, Severity::kUnknown, "a record is a program of native code"),
        chain);
  if (!is_file) scan_packed_text(slice, chain);
  const Text text = sniffed.kind != Sniffed::Kind::kText ? Text::kNo
                    : is_file                            ? Text::kFile
                                                         : Text::kMember;
  if (scan_as_pickles(slice, chain, text)) {
    seen.is_container = seen.has_pickle = true;
    if (is_file) leave(slice.size);
    return seen;
  }
  if (failure.error.code() == ErrorCode::kLimit) {
    seen.is_container = true;
    leave(slice.size);
    add_failure(failure, chain, false);
    return seen;
  }
  const bool is_cut_pickle = sniffed.kind == Sniffed::Kind::kPickle ||
                             sniffed.kind == Sniffed::Kind::kLegacy ||
                             sniffed.kind == Sniffed::Kind::kTar;
  if (is_file || is_cut_pickle) {
    leave(slice.size);
    add_failure(failure, chain, false);
  }
  if (is_file && !seen.is_container) report_.is_checkpoint = false;
  return seen;
}

void FileScan::scan_packed_text(const Slice& slice, const std::string& chain) {
  const std::vector<std::byte> head = read_some(slice, kHead);
  const std::size_t first = base::as_text(head).find_first_not_of(" \t\r\n");
  const bool is_blank = first == std::string_view::npos && slice.size > head.size();
  if (!is_blank && (first == std::string_view::npos || std::to_integer<char>(head[first]) != '{'))
    return;
  if (slice.size > open_options_.limits.max_pickle_bytes || !spend(slice.size)) {
    leave(slice.size);
    return add(make_finding(Rule::kR06, Severity::kIncomplete,
                            "this text is too large to look for pickles in it"),
               chain);
  }
  const std::vector<std::byte> text = read_some(slice, slice.size);
  for_each_packed_pickle(base::as_text(text), [&](std::string_view key, const auto& pickle) {
    const std::string where = join_members(chain, key.empty() ? "text" : base::escaped(key));
    if (const auto nested = nested_slice(base::as_text(pickle), slice, where))
      scan_as_pickles(*nested, where, Text::kNo);
  });
}

FileReport scan_file(const Slice& file, const ScanOptions& options, base::Host& host) {
  FileReport report;
  FileScan(options, host, report).run(file);
  return report;
}
// NOLINTEND(misc-no-recursion)

}  // namespace safe_load::scanner
