#include "scan/scanner.h"

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "archive/sniff.h"
#include "archive/tar_directory.h"
#include "archive/zip_salvage.h"
#include "base/text.h"
#include "container/bare_pickle.h"
#include "container/export_archive.h"
#include "container/foreign.h"
#include "container/opened.h"
#include "container/recognise.h"
#include "container/torch_package.h"
#include "container/zip_checkpoint.h"
#include "container/zip_file.h"
#include "pickle/oddity.h"
#include "scan/findings.h"
#include "scan/tape_scan.h"
#include "torch/zip_layout.h"

namespace safe_load::scanner {
namespace {

using archive::Sniffed;
using archive::ZipEntry;
using container::Container;
using container::ContainerPtr;
using container::Failure;
using container::Manner;
using container::Opened;
using container::Outcome;
using container::Slice;

constexpr int kDeepest = 8;
constexpr std::uint64_t kHead = 4096;
constexpr std::uint64_t kMostPadding = std::uint64_t{64} << 10;
constexpr int kMostFollowing = 100'000;  // pickles one behind the other
// What may be read and inflated of zip files whose parts do not agree, in the whole file.
constexpr std::uint64_t kMostSalvaged = std::uint64_t{64} << 20;
constexpr std::uint64_t kSalvageRatio = 16;   // times the size of the file
constexpr std::uint64_t kSalvageCost = 4096;  // of looking at one record at all
constexpr std::uint64_t kSmallRecord = 64;

std::vector<std::byte> read_some(const Slice& slice, std::uint64_t size) {
  std::vector<std::byte> bytes(static_cast<std::size_t>(std::min(slice.size, size)));
  if (!slice.part().read_at(0, bytes)) bytes.clear();
  return bytes;
}

bool is_all_zero(const Slice& slice) {
  const auto begins_with = read_some(slice, 16);
  if (std::any_of(begins_with.begin(), begins_with.end(),
                  [](std::byte b) { return b != std::byte{0}; }))
    return false;
  constexpr std::uint64_t kBlock = std::uint64_t{1} << 20;
  std::vector<std::byte> block(static_cast<std::size_t>(std::min(slice.size, kBlock)));
  for (std::uint64_t at = 0; at < slice.size; at += kBlock) {
    const auto part =
        std::span(block).first(static_cast<std::size_t>(std::min(kBlock, slice.size - at)));
    if (!slice.part().read_at(at, part)) return false;
    if (std::any_of(part.begin(), part.end(), [](std::byte b) { return b != std::byte{0}; }))
      return false;
  }
  return true;
}

// Digits, or the name of a byte order: no pickle begins like that and goes on.
bool is_word_or_number(const Slice& slice) {
  const auto bytes = read_some(slice, slice.size);
  const std::string_view text = base::as_text(bytes);
  return text == "little" || text == "big" ||
         text.find_first_not_of("0123456789\n") == std::string_view::npos;
}

std::string text_of(const Failure& failure) {
  if (!failure.message.empty()) return failure.message;
  std::string text(failure.error.reason());
  if (!failure.error.subject().empty()) text += ": " + base::escaped(failure.error.subject());
  return text;
}

// Whether a name is one that leads out of the folder it is extracted to.
bool is_unsafe_path(std::string_view name) {
  if (name.starts_with('/') || name.find('\\') != std::string_view::npos) return true;
  return name.size() > 1 && name[1] == ':';
}

bool climbs(std::string_view name) {
  while (!name.empty()) {
    const std::size_t slash = name.find('/');
    if (name.substr(0, slash) == "..") return true;
    if (slash == std::string_view::npos) return false;
    name.remove_prefix(slash + 1);
  }
  return false;
}

class Scanner {
 public:
  Scanner(const ScanOptions& options, FileReport& report)
      : options_(options), report_(report), findings_(options) {
    open_options_.limits = options.limits;
  }

  void run(const Slice& file) {
    report_.size = report_.coverage.bytes_total = file.size;
    salvage_left_ = kMostSalvaged + kSalvageRatio * std::min(file.size, kMostSalvaged);
    const Seen seen = scan(file, "", true);
    report_.format = seen.what;
    finish();
  }

 private:
  // What became of a slice.
  struct Seen {
    bool is_container = false;  // a listed reader would take it
    bool has_pickle = false;
    std::string what;
  };

  void add(Finding finding, const std::string& chain, std::uint64_t offset = 0) {
    if (finding.member.empty()) finding.member = chain;
    if (finding.offset == 0) finding.offset = offset;
    if (finding.severity == Severity::kIncomplete) report_.coverage.complete = false;
    findings_.add(std::move(finding));
  }

  void leave(std::uint64_t bytes) {
    report_.coverage.complete = false;
    uncovered_ += bytes;
  }

  void finish() {
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

  // ---- one slice: a file, or a member as a file of its own

  Seen scan(const Slice& slice, const std::string& chain, bool is_file) {
    if (slice.depth > kDeepest) {
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
    const Sniffed sniffed = archive::sniff(head, slice.size);
    const std::string_view text = base::as_text(head);
    if (sniffed.kind != Sniffed::Kind::kTar && archive::is_tar_header(base::Bytes(head).first(
                                                   std::min(head.size(), archive::kTarBlock)))) {
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
                       "a zip file stands at the end of a file that is something else"),
          chain);
      salvage(slice, chain);
      seen.is_container = true;
    }
    return seen;
  }

  Seen scan_plain(const Slice& slice, const std::string& chain, const Sniffed& sniffed,
                  bool is_file) {
    Opened opened;
    const auto done = container::open(
        opened,
        [&](std::uint64_t reach) { return container::recognise(slice, open_options_, reach); },
        open_options_, Manner::kLenient);
    if (opened.source == nullptr) {
      if (sniffed.kind == Sniffed::Kind::kTar) scan_tar_members(slice, chain, false);
      return scan_foreign(slice, chain, sniffed, done.error(), is_file);
    }
    Seen seen;
    seen.is_container = true;
    seen.what = opened.source->info().format;
    const bool is_pickle = sniffed.kind == Sniffed::Kind::kPickle ||
                           sniffed.kind == Sniffed::Kind::kMaybePickle ||
                           sniffed.kind == Sniffed::Kind::kStacked;
    seen.has_pickle = is_pickle || sniffed.kind == Sniffed::Kind::kTar;
    examine(opened, done, slice, chain);
    // A reader that takes the first byte for an opcode, whatever the rest is.
    if (!is_pickle) scan_as_pickles(slice, chain, false);
    if (sniffed.kind == Sniffed::Kind::kTar)
      scan_tar_members(slice, chain, done.ok() && seen.what == "tar");
    return seen;
  }

  // Findings of a container that was opened, or of what there is of it.
  void examine(const Opened& opened, const Outcome<void>& done, const Slice& slice,
               const std::string& chain) {
    if (opened.tape) {
      count(scan_tape(opened, chain, findings_));
      note_storages_elsewhere(opened, chain);
      if (opened.meaning) scan_nested_checkpoints(opened, slice, chain);
    }
    if (!done) {
      leave(slice.size);
      add_failure(done.error(), chain, opened.tape.has_value());
      return;
    }
    for (const Slice& rest : opened.source->rests()) scan_rest(rest, chain);
    const std::string& format = opened.source->info().format;
    if (format == "torchscript") add(make_finding(Rule::kT04), chain);
    if (opened.source->info().has_source_text)
      add(make_finding(Rule::kT07, Severity::kUnknown,
                       "persistent ids carry the source text of classes"),
          chain);
  }

  void count(const Asked& asked) {
    ++report_.coverage.pickles;
    report_.listed_symbols += asked.listed;
    report_.unlisted_symbols += asked.unlisted;
  }

  // A data.pkl without its archive.
  void note_storages_elsewhere(const Opened& opened, const std::string& chain) {
    if (opened.source->info().format != "pickle" || !opened.meaning) return;
    for (const torch::Storage& storage : opened.meaning->storages().all())
      if (storage.is_meta() && storage.byte_count != 0) return add(make_finding(Rule::kN06), chain);
  }

  // Bytes that torch would load as a file of their own, and that were no checkpoint to us.
  void scan_nested_checkpoints(const Opened& opened, const Slice& slice, const std::string& chain) {
    const pickle::Tape& tape = *opened.tape;
    for (const types::BadPart& part : opened.meaning->bad_parts()) {
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

  void add_failure(const Failure& failure, const std::string& chain, bool in_pickle) {
    Finding finding = make_finding(rule_of(failure, in_pickle));
    if (failure.error.code() == ErrorCode::kAmbiguous) finding.severity = Severity::kUnknown;
    finding.message = text_of(failure);
    finding.member = join_members(chain, failure.member);
    finding.offset = failure.error.offset();
    add(std::move(finding), chain);
  }

  static Rule rule_of(const Failure& failure, bool in_pickle) {
    const std::string_view reason = failure.error.reason();
    if (reason == pickle::oddity::kFrameCrossed.text ||
        reason == pickle::oddity::kFrameInFrame.text)
      return Rule::kP01;
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
        return in_pickle ? Rule::kP02 : Rule::kC16;
    }
    return Rule::kC16;
  }

  // ---- raw pickles

  Outcome<void> open_pickle(Opened& opened, const Slice& slice) const {
    return container::open(
        opened,
        [&](std::uint64_t reach) {
          return Outcome<ContainerPtr>(
              std::make_unique<container::BarePickle>(slice, open_options_, reach));
        },
        open_options_, Manner::kLenient, kHead);
  }

  // Runs a slice that is no pickle to our own reader as pickles, one behind the other, as
  // pickle.load would. What they ask for before they break off counts, and so does whatever is odd
  // about them. Whether they asked for anything. What breaks off before it calls anything is noise
  // if it names no module that could exist, or is text that nobody meant to be a pickle
  // (`is_text`).
  bool scan_as_pickles(Slice slice, const std::string& chain, bool is_text) {
    bool asks = false;
    for (int i = 0; slice.size != 0 && i < kMostFollowing; ++i) {
      Opened opened;
      const auto done = open_pickle(opened, slice);
      if (!done && done.error().error.code() == ErrorCode::kLimit) {
        leave(slice.size);
        add_failure(done.error(), chain, true);
        return true;
      }
      if (!opened.tape) return asks;
      Findings trial(options_);
      const Asked asked = scan_tape(opened, chain, trial);
      const bool is_noise = !done && asked.calls == 0 && !asked.is_dangerous &&
                            (is_text || asked.listed + asked.importable == 0);
      if (!is_noise && (asked.anything() || trial.refutes())) {
        asks = true;
        count(scan_tape(opened, chain, findings_));
        // A text that was never meant to be a pickle breaks off at once.
        if (!done && (asked.calls != 0 || asked.is_dangerous))
          add_failure(done.error(), chain, true);
      }
      if (!done) return asks;
      const std::uint64_t end = opened.source->info().pickle_bytes;
      slice.offset += end;
      slice.size -= end;
    }
    if (slice.size != 0) leave(slice.size);
    return asks;
  }

  // What follows an end: more pickles, zeros, or bytes that nothing explains.
  void scan_rest(Slice rest, const std::string& chain) {
    const std::string where = join_members(chain, rest.name);
    for (int i = 0; rest.size != 0; ++i) {
      if (is_all_zero(rest)) {
        if (rest.size > kMostPadding) add(make_finding(Rule::kN04), where);
        return;
      }
      if (i == kMostFollowing) {
        leave(rest.size);
        add(make_finding(Rule::kP11, Severity::kIncomplete,
                         "more than 100,000 pickles follow each other"),
            where);
        return;
      }
      Opened opened;
      const auto done = open_pickle(opened, rest);
      if (!done) {
        if (opened.tape) {
          Findings trial(options_);
          const Asked asked = scan_tape(opened, chain, trial);
          if (asked.is_dangerous || asked.calls != 0) scan_tape(opened, chain, findings_);
        }
        add(make_finding(Rule::kP11, Severity::kUnknown,
                         std::to_string(rest.size) + " bytes follow the end of a pickle"),
            where);
        return;
      }
      count(scan_tape(opened, chain, findings_));
      const std::uint64_t end = opened.source->info().pickle_bytes;
      rest.offset += end;
      rest.size -= end;
    }
  }

  // ---- what no reader of ours takes

  Seen scan_foreign(const Slice& slice, const std::string& chain, const Sniffed& sniffed,
                    const Failure& failure, bool is_file) {
    Seen seen;
    seen.what = std::string(sniffed.what);
    if (sniffed.kind == Sniffed::Kind::kCompressed || is_zlib(slice)) {
      leave(slice.size);
      seen.is_container = true;
      add(make_finding(
              Rule::kC05, Severity::kIncomplete,
              "this is " +
                  std::string(sniffed.kind == Sniffed::Kind::kCompressed ? sniffed.what
                                                                         : "zlib-compressed data") +
                  "; what is inside was not looked at"),
          chain);
    }
    // In a folder there are texts that begin with a letter that is an opcode.
    const bool is_text = is_file && sniffed.kind != Sniffed::Kind::kPickle &&
                         sniffed.kind != Sniffed::Kind::kStacked;
    if (scan_as_pickles(slice, chain, is_text)) {
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
                               sniffed.kind == Sniffed::Kind::kStacked ||
                               sniffed.kind == Sniffed::Kind::kTar;
    if (is_file || is_cut_pickle) {
      leave(slice.size);
      add_failure(failure, chain, false);
    }
    if (is_file && !seen.is_container) report_.is_checkpoint = false;
    return seen;
  }

  static bool is_zlib(const Slice& slice) {
    const auto head = read_some(slice, 2);
    if (head.size() < 2 || head[0] != std::byte{0x78}) return false;
    const auto flags = std::to_integer<unsigned>(head[1]);
    return (0x7800u + flags) % 31 == 0;  // RFC 1950
  }

  // ---- zip files

  Seen scan_zip(const Slice& slice, const std::string& chain, const Sniffed& sniffed,
                bool is_file) {
    Seen seen{true, false, "zip"};
    if (sniffed.kind != Sniffed::Kind::kZip) {
      add(make_finding(Rule::kC10), chain);
      leave(slice.size);
      if (!salvage(slice, chain)) return scan_foreign_zip(slice, chain, sniffed, is_file);
      return seen;
    }
    auto file = container::ZipFile::open(slice, options_.limits);
    if (!file) return give_up_zip(slice, chain, file.error(), seen);
    const std::vector<ZipEntry>& entries = file->directory().entries();
    report_.coverage.members_total += entries.size();
    std::vector<const ZipEntry*> all;
    for (const ZipEntry& entry : entries) all.push_back(&entry);
    const ZipEntry* failed = nullptr;
    std::vector<archive::DataHead> heads;
    const auto members = archive::locate_all_with_heads(*slice.whole, all, failed, heads);
    if (!members)
      return give_up_zip(slice, chain, Failure(members.error(), base::escaped(failed->name)), seen);
    check_names(entries, chain);
    check_gaps(slice, *file, *members, chain);

    std::set<std::string_view> settled;  // records whose role is known
    Opened opened;                       // of a checkpoint, which takes the file along
    const container::ZipFile& zip = scan_checkpoint_in(*file, chain, opened, settled, seen.what);
    bool has_pickle = !settled.empty();
    for (std::size_t i = 0; i < members->size(); ++i) {
      const ZipEntry& entry = zip.directory().entries()[i];
      ++report_.coverage.members_scanned;
      if (entry.is_folder()) continue;
      if (options_.deep) check_crc(zip, entry, chain);
      if (settled.contains(entry.name)) {
        check_settled(zip, (*members)[i], heads[i], chain);
      } else {
        has_pickle |= scan_record(zip, entry, chain, !settled.empty());
      }
    }
    if (!has_pickle) add(make_finding(Rule::kN03), chain);
    seen.has_pickle = has_pickle;
    return seen;
  }

  Seen scan_foreign_zip(const Slice& slice, const std::string& chain, const Sniffed& sniffed,
                        bool is_file) {
    Seen seen{is_file, false, std::string(sniffed.what)};
    if (is_file)
      add(make_finding(Rule::kC16, Severity::kIncomplete, "this is " + std::string(sniffed.what)),
          chain);
    leave(slice.size);
    return seen;
  }

  Seen give_up_zip(const Slice& slice, const std::string& chain, const Failure& failure,
                   Seen seen) {
    leave(slice.size);
    add_failure(failure, chain, false);
    salvage(slice, chain);
    return seen;
  }

  // What is not plain names is noted, whoever reads it.
  void check_names(const std::vector<ZipEntry>& entries, const std::string& chain) {
    for (const ZipEntry& entry : entries) {
      const bool is_climbing = climbs(entry.name);
      if (!is_climbing && !is_unsafe_path(entry.name)) continue;
      Finding finding = make_finding(Rule::kC17);
      if (is_climbing) finding.severity = Severity::kDanger;
      finding.member = join_members(chain, base::escaped(entry.name));
      add(std::move(finding), chain, entry.local_offset);
    }
  }

  // Between the records there is nothing but data descriptors and zeros.
  void check_gaps(const Slice& slice, const container::ZipFile& file,
                  const std::vector<archive::ZipMember>& members, const std::string& chain) {
    std::uint64_t first = slice.offset + slice.size;
    for (const archive::ZipMember& member : members) {
      const ZipEntry& entry = *member.entry;
      const std::uint64_t end = member.data_offset + entry.compressed_size;
      first = std::min(first, entry.local_offset);
      const std::uint64_t gap = entry.limit - end;
      if (gap != 0 && !archive::is_descriptor_size(entry, gap))
        check_gap(slice, end, entry.limit, chain);
    }
    if (!members.empty()) check_gap(slice, slice.offset, first, chain);
    const std::uint64_t behind = file.directory().trailing_bytes();
    check_gap(slice, slice.offset + slice.size - behind, slice.offset + slice.size, chain);
  }

  void check_gap(const Slice& slice, std::uint64_t begin, std::uint64_t end,
                 const std::string& chain) {
    if (end <= begin) return;
    Slice gap = slice;
    gap.offset = begin;
    gap.size = end - begin;
    if (is_all_zero(gap)) {
      if (gap.size > kMostPadding) add(make_finding(Rule::kN04), chain, begin - slice.offset);
      return;
    }
    add(make_finding(Rule::kC09, Severity::kUnknown,
                     std::to_string(gap.size) + " bytes of the zip file belong to no record"),
        chain, begin - slice.offset);
  }

  // The checkpoint that the records make together, if they do. Names the records that it explains,
  // and returns where the file is then.
  const container::ZipFile& scan_checkpoint_in(container::ZipFile& file, const std::string& chain,
                                               Opened& opened, std::set<std::string_view>& settled,
                                               std::string& what) {
    const auto layout = torch::find_layout(file.directory());
    if (!layout) {
      name_other_archive(file.directory(), layout.error(), chain, what);
      return file;
    }
    const std::string_view pickle = layout->pickle->name;
    const bool is_first = file.directory().entries().front().name.starts_with(layout->prefix);
    auto checkpoint = std::make_unique<container::ZipCheckpoint>(std::move(file), open_options_);
    const container::ZipFile& zip = checkpoint->file();
    const auto done = container::open(
        opened, [&](std::uint64_t) { return Outcome<ContainerPtr>(std::move(checkpoint)); },
        open_options_, Manner::kLenient);
    examine(opened, done, zip.slice(), chain);
    settled.insert(pickle);
    check_crc(zip, *zip.directory().find(pickle), chain);
    if (!is_first)
      add(make_finding(Rule::kC08, Severity::kUnknown,
                       "the first record lies outside of the folder of data.pkl, where torch "
                       "would look for it"),
          chain);
    if (opened.meaning)
      for (const torch::Storage& storage : opened.meaning->storages().all())
        if (storage.entry() != nullptr) settled.insert(storage.entry()->name);
    what = opened.source->info().format;
    return zip;
  }

  void name_other_archive(const archive::ZipDirectory& directory, const Error& why,
                          const std::string& chain, std::string& what) {
    if (container::TorchPackage::is_one(directory) || container::ExportArchive::is_one(directory) ||
        torch::find_record(directory, "model.json") != nullptr) {
      what = "archive with code";
      add(make_finding(Rule::kT05), chain);
    } else if (why.code() != ErrorCode::kUnsupported) {
      add_failure(Failure(why), chain, false);
    }
  }

  // Whatever it says, the record was scanned: torch reads it all the same.
  void check_crc(const container::ZipFile& file, const ZipEntry& entry, const std::string& chain) {
    const Status checked = file.check(entry);
    if (!checked)
      add(make_finding(Rule::kC03), join_members(chain, base::escaped(entry.name)),
          entry.local_offset);
  }

  // numpy.load opens any record of a zip file that begins like one of its own. What is deflated
  // must be inflated to see that.
  void check_settled(const container::ZipFile& zip, const archive::ZipMember& member,
                     const archive::DataHead& head, const std::string& chain) {
    constexpr std::string_view kArrayMagic = "\x93NUMPY";
    if (member.is_stored() && !base::as_text(head).starts_with(kArrayMagic)) return;
    const auto content = zip.open_member(*member.entry);
    if (!content) {
      leave(member.size());
      return add_failure(content.error(), chain, false);
    }
    Slice array = *content;
    if (!base::as_text(read_some(array, kArrayMagic.size())).starts_with(kArrayMagic)) return;
    const std::string where = join_members(chain, base::escaped(member.entry->name));
    add(make_finding(Rule::kC06, Severity::kUnknown,
                     "the bytes of a tensor are an array file, which numpy.load would open"),
        where);
    array.name.clear();
    scan(array, where, false);
  }

  // A record that nothing refers to, as a file of its own. Whether it is a pickle, or holds one.
  bool scan_record(const container::ZipFile& file, const ZipEntry& entry, const std::string& chain,
                   bool in_checkpoint) {
    const auto opened = file.open_member(entry);
    if (!opened) {
      leave(entry.size);
      add_failure(opened.error(), chain, false);
      return false;
    }
    for (const std::string_view ending : {".py", ".so", ".dll", ".dylib"})
      if (entry.name.ends_with(ending)) add(make_finding(Rule::kT05), chain);
    Slice member = *opened;
    member.name.clear();
    if (in_checkpoint && member.size <= kSmallRecord && is_word_or_number(member))
      return false;  // version, byteorder and their like
    const std::string where = join_members(chain, base::escaped(entry.name));
    const Severity before = findings_.worst();
    const Seen seen = scan(member, where, false);
    if (in_checkpoint && seen.has_pickle) {
      Finding finding = make_finding(Rule::kC08);
      finding.severity = findings_.worst() > before ? Severity::kUnknown : Severity::kNote;
      add(std::move(finding), where);
    }
    if (in_checkpoint && !seen.is_container && member.size != 0)
      add(make_finding(Rule::kN02), where);
    return seen.has_pickle;
  }

  // ---- zip files whose parts do not agree

  // Whether there was anything.
  bool salvage(const Slice& slice, const std::string& chain) {
    const base::PartSource part = slice.part();
    const std::uint64_t searched = std::min(part.size(), archive::kMostSearched);
    if (searched > salvage_left_) {
      leave(slice.size);
      add(make_finding(Rule::kR09, Severity::kIncomplete,
                       "too many damaged zip files lie in this one"),
          chain);
      return true;
    }
    salvage_left_ -= searched;
    const archive::Salvaged found = archive::salvage_zip(part);
    if (!found.is_whole) leave(slice.size);
    std::set<std::string> names;
    for (const archive::SalvagedRecord& record : found.records) {
      const std::string name = base::escaped(record.name);
      const std::string where = join_members(chain, name);
      if (record.is_in_directory && record.directory_name != record.name)
        add(make_finding(Rule::kC02, Severity::kUnknown,
                         "named " + base::quoted(record.directory_name, 100) +
                             " in the directory and " + base::quoted(record.name, 100) +
                             " in its header"),
            where, record.local_offset);
      if (!names.insert(record.name).second)
        add(make_finding(Rule::kC07), where, record.local_offset);
      salvage_record(slice, part, record, where);
    }
    return !found.records.empty();
  }

  void salvage_record(const Slice& slice, const base::Source& source,
                      const archive::SalvagedRecord& record, const std::string& where) {
    if (climbs(record.name) || climbs(record.directory_name))
      add(make_finding(Rule::kC17, Severity::kDanger, std::string(describe(Rule::kC17).what)),
          where, record.local_offset);
    const std::uint64_t most = salvage_left_ / 4;  // one record leaves something for the next
    auto content = archive::read_salvaged(source, record, most);
    const std::uint64_t cost =
        kSalvageCost + record.stored_size + (content ? content->size() : most);
    salvage_left_ -= std::min(cost, salvage_left_);
    if (!content) {
      leave(record.stored_size);
      const bool is_limit = content.error().code() == ErrorCode::kLimit;
      add(make_finding(is_limit                       ? Rule::kR09
                       : record.is_marked_encrypted() ? Rule::kC12
                                                      : Rule::kC13,
                       Severity::kIncomplete, std::string(content.error().reason())),
          where, record.local_offset);
      return;
    }
    Slice member = container::slice_of(*std::move(content));
    member.inflation = slice.inflation;
    member.depth = slice.depth + 1;
    const std::vector<std::byte> head = read_some(member, kHead);
    const Sniffed sniffed = archive::sniff(head, member.size);
    const bool is_known = sniffed.kind != Sniffed::Kind::kOther &&
                          sniffed.kind != Sniffed::Kind::kText &&
                          sniffed.kind != Sniffed::Kind::kZeros;
    if (record.is_marked_encrypted())
      add(make_finding(is_known ? Rule::kC01 : Rule::kC12), where, record.local_offset);
    if (base::as_text(head).starts_with("PK") || sniffed.kind == Sniffed::Kind::kTar)
      scan(member, where, false);
    else
      scan_as_pickles(member, where, true);
  }

  // ---- tar files

  // `is_checkpoint`: the tables and the pickle of torch 0.1 were read.
  void scan_tar_members(const Slice& slice, const std::string& chain, bool is_checkpoint) {
    constexpr std::string_view kRead[] = {"storages", "tensors", "pickle"};
    if (archive::has_other_tar_members(slice.part()))
      add(make_finding(Rule::kR12, Severity::kUnknown,
                       "the tar archive has links or files with holes, which were not looked into"),
          chain);
    const auto members = archive::read_tar(slice.part());
    if (!members) return;  // whoever opened the file said so
    report_.coverage.members_total += members->size();
    check_tar_end(slice, *members, chain);
    std::set<std::string_view> names;
    for (const archive::TarMember& member : *members) {
      ++report_.coverage.members_scanned;
      if (!names.insert(member.name).second)
        add(make_finding(Rule::kC07, Severity::kUnknown,
                         "two members of a tar archive have one name"),
            join_members(chain, base::escaped(member.name)), member.data_offset);
      else if (is_checkpoint &&
               std::find(std::begin(kRead), std::end(kRead), member.name) != std::end(kRead))
        continue;
      const bool is_climbing = climbs(member.name);
      const std::string where = join_members(chain, base::escaped(member.name));
      if (is_climbing || is_unsafe_path(member.name))
        add(make_finding(Rule::kC17, is_climbing ? Severity::kDanger : Severity::kUnknown,
                         std::string(describe(Rule::kC17).what)),
            where, member.data_offset);
      Slice part = slice;
      part.offset += member.data_offset;
      part.size = member.size;
      part.name.clear();
      ++part.depth;
      scan(part, where, false);
    }
  }

  // Behind the last member there are zeros and nothing else.
  void check_tar_end(const Slice& slice, const std::vector<archive::TarMember>& members,
                     const std::string& chain) {
    if (members.empty()) return;
    const archive::TarMember& last = members.back();
    const std::uint64_t blocks = (last.size + archive::kTarBlock - 1) / archive::kTarBlock;
    const std::uint64_t end = last.data_offset + blocks * archive::kTarBlock;
    if (end >= slice.size) return;
    Slice rest = slice;
    rest.offset += end;
    rest.size -= end;
    if (!is_all_zero(rest))
      add(make_finding(Rule::kT03, Severity::kUnknown,
                       "bytes follow the last member of a tar archive"),
          chain, end);
  }

  const ScanOptions& options_;
  FileReport& report_;
  Findings findings_;
  OpenOptions open_options_;
  std::uint64_t uncovered_ = 0;
  std::uint64_t salvage_left_ = 0;
};

}  // namespace

FileReport scan_file(const container::Slice& file, const ScanOptions& options) {
  FileReport report;
  Scanner(options, report).run(file);
  return report;
}

}  // namespace safe_load::scanner
