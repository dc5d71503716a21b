// Zip files that are read strictly: every record has a role, or is scanned as a file of its own.
#include <algorithm>
#include <memory>

#include "base/text.h"
#include "formats/zip_checkpoint.h"
#include "scan/export_expressions.h"
#include "scan/file_scan.h"
#include "scan/member_name.h"
#include "torch/readers.h"
#include "torch/zip_layout.h"

namespace safe_load::scanner {
namespace {

// Bytes of a name. torch goes by the list of all names to tell TorchScript from other archives, and
// finds each record by its whole name. Source: caffe2/serialize/inline_container.cc,
// getAllRecords().
constexpr std::size_t kMostListed = 511;

// Digits, or the name of a byte order: no pickle begins like that and goes on.
bool is_word_or_number(const Slice& slice) {
  const auto bytes = read_some(slice, slice.size);
  const std::string_view text = base::as_text(bytes);
  return text == "little" || text == "big" ||
         text.find_first_not_of("0123456789\n") == std::string_view::npos;
}

// Stable-Baselines3 loads every record of such a name, wherever it lies; torch numbers storages.
bool is_named_as_weights(std::string_view name) { return name.ends_with(".pth"); }

bool is_exported_program(const ZipEntry& entry) {
  if (!torch::could_have_mark(entry.name)) return false;
  return std::any_of(torch::marks().begin(), torch::marks().end(), [&](const torch::Mark& mark) {
    return mark.reader == torch::Reader::kExportLoad && has_mark(mark, entry.name, true);
  });
}

std::string_view name_of(torch::Reader reader) {
  const auto readers = torch::readers();
  return std::find_if(readers.begin(), readers.end(),
                      [&](const torch::ReaderRow& row) { return row.reader == reader; })
      ->name;
}

}  // namespace

// NOLINTBEGIN(misc-no-recursion): containers in each other, eight at most
FileScan::Seen FileScan::scan_zip(const Slice& slice, const std::string& chain,
                                  const Sniffed& sniffed, bool is_file) {
  Seen seen{true, false, "zip"};
  if (sniffed.kind != Sniffed::Kind::kZip) {
    add(make_finding(Rule::kC10), chain);
    leave(slice.size);
    if (!salvage(slice, chain)) return scan_foreign_zip(slice, chain, sniffed, is_file);
    return seen;
  }
  auto file = formats::ZipFile::open(slice, options_.limits);
  if (!file) return give_up_zip(slice, chain, file.error(), seen);
  const std::vector<ZipEntry>& entries = file->directory().entries();
  report_.coverage.members_total += entries.size();
  std::vector<const ZipEntry*> all;
  all.reserve(entries.size());
  for (const ZipEntry& entry : entries) all.push_back(&entry);
  const ZipEntry* failed = nullptr;
  std::vector<archive::DataHead> heads;
  const auto members = archive::locate_all_with_heads(*slice.whole, all, failed, heads);
  if (!members)
    return give_up_zip(slice, chain, Failure(members.error(), base::escaped(failed->name)), seen);
  check_names(entries, chain);
  const auto layout = torch::find_layout(file->directory());
  const bool is_script = layout.ok() && layout->is_script();
  const std::string folder = is_script ? layout->prefix : "";
  check_for_code(entries, folder, chain);
  ScriptProgram script;
  if (is_script) judge_script(*file, *layout, chain, script);
  check_expressions(*file, chain);
  check_gaps(slice, *file, *members, chain);

  std::set<std::string_view> settled;  // records whose role is known
  Opened opened(host_);                // of a checkpoint, which takes the file along
  const formats::ZipFile& zip =
      scan_checkpoint_in(*file, chain, is_script ? &script : nullptr, opened, settled, seen.what);
  bool has_pickle = !settled.empty();
  for (std::size_t i = 0; i < members->size(); ++i) {
    const ZipEntry& entry = zip.directory().entries()[i];
    ++report_.coverage.members_scanned;
    if (entry.is_folder()) continue;
    if (options_.deep) check_crc(zip, entry, chain);
    if (settled.contains(entry.name)) {
      check_settled(zip, (*members)[i], heads[i], chain);
    } else {
      has_pickle |=
          scan_record(zip, entry, chain, !settled.empty(), script_role(folder, entry.name));
    }
  }
  if (!has_pickle) add(make_finding(Rule::kN03), chain);
  seen.has_pickle = has_pickle;
  return seen;
}

FileScan::Seen FileScan::scan_foreign_zip(const Slice& slice, const std::string& chain,
                                          const Sniffed& sniffed, bool is_file) {
  Seen seen{is_file, false, std::string(sniffed.what)};
  if (is_file)
    add(make_finding(Rule::kC16, Severity::kIncomplete, "this is " + std::string(sniffed.what)),
        chain);
  leave(slice.size);
  return seen;
}

FileScan::Seen FileScan::give_up_zip(const Slice& slice, const std::string& chain,
                                     const Failure& failure, Seen seen) {
  leave(slice.size);
  add_failure(failure, chain, false);
  salvage(slice, chain);
  return seen;
}

void FileScan::check_names(const std::vector<ZipEntry>& entries, const std::string& chain) {
  for (const ZipEntry& entry : entries) {
    if (auto finding = judge_member_name(entry.name))
      add(*std::move(finding), join_members(chain, base::escaped(entry.name)), entry.local_offset);
    if (entry.name.size() > kMostListed)
      add(make_finding(Rule::kC02, Severity::kUnknown,
                       "torch cuts this name where it looks for what kind of archive this is"),
          join_members(chain, base::escaped(entry.name)), entry.local_offset);
  }
}

void FileScan::check_gaps(const Slice& slice, const formats::ZipFile& file,
                          const std::vector<archive::ZipMember>& members,
                          const std::string& chain) {
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

void FileScan::check_gap(const Slice& slice, std::uint64_t begin, std::uint64_t end,
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

const formats::ZipFile& FileScan::scan_checkpoint_in(formats::ZipFile& file,
                                                     const std::string& chain,
                                                     const ScriptProgram* script, Opened& opened,
                                                     std::set<std::string_view>& settled,
                                                     std::string& what) {
  const auto layout = torch::find_layout(file.directory());
  if (!layout) {
    if (layout.error().code() != ErrorCode::kUnsupported)
      add_failure(Failure(layout.error()), chain, false);
    return file;
  }
  const std::string_view pickle = layout->pickle->name;
  const std::string_view constants = layout->is_script() ? layout->constants->name : "";
  const bool is_first = file.directory().entries().front().name.starts_with(layout->prefix);
  const OpenOptions options = options_for({Sniffed::Kind::kZip, "", ""});
  std::vector<const ZipEntry*> wanted = {layout->pickle};
  for (const ZipEntry& entry : file.directory().entries())
    if (entry.size <= formats::ZipFile::kSmallRecord) wanted.push_back(&entry);
  file.will_read(wanted);
  auto checkpoint = std::make_unique<formats::ZipCheckpoint>(std::move(file), options);
  const formats::ZipFile& zip = checkpoint->file();
  const auto done = container::open(
      opened, [&](std::uint64_t) { return Outcome<ContainerPtr>(std::move(checkpoint)); },
      open_options_, Manner::kLenient, zip.slice().whole->first_step());
  examine(opened, done, zip.slice(), chain, script);
  settled.insert(pickle);
  check_crc(zip, *zip.directory().find(pickle), chain);
  if (script != nullptr && done) {
    settled.insert(constants);
    check_crc(zip, *zip.directory().find(constants), chain);
  }
  if (!is_first)
    add(make_finding(Rule::kC08, Severity::kUnknown,
                     "the first record lies outside of the folder of data.pkl, where torch "
                     "would look for it"),
        chain);
  if (opened.meaning)
    for (const data::Storage& storage : opened.meaning->storages().all())
      if (storage.entry() != nullptr && !is_named_as_weights(storage.entry()->name))
        settled.insert(storage.entry()->name);
  what = to_text(opened.source->info().format);
  return zip;
}

void FileScan::check_for_code(const std::vector<ZipEntry>& entries, std::string_view script,
                              const std::string& chain) {
  for (const ZipEntry& entry : entries) {
    if (!torch::could_have_mark(entry.name)) continue;
    const ScriptRole role = script_role(script, entry.name);
    if (role == ScriptRole::kSource || role == ScriptRole::kPickle) continue;
    for (const torch::Mark& mark : torch::marks()) {
      const bool is_idle = role == ScriptRole::kOther && mark.reader == torch::Reader::kJitLoad;
      if (!mark.runs.empty() && !is_idle && has_mark(mark, entry.name, true)) add_mark(mark, chain);
    }
  }
}

void FileScan::add_mark(const torch::Mark& mark, const std::string& chain) {
  const std::string runs(mark.runs);
  const bool is_script = mark.reader == torch::Reader::kJitLoad;
  add(make_finding(is_script ? Rule::kT04 : Rule::kT05, Severity::kUnknown,
                   mark.layout == torch::Layout::kSources
                       ? "the archive holds " + runs
                       : std::string(name_of(mark.reader)) + " would run " + runs),
      chain);
}

void FileScan::check_expressions(const formats::ZipFile& file, const std::string& chain) {
  const bool is_export = std::any_of(file.directory().entries().begin(),
                                     file.directory().entries().end(), is_exported_program);
  if (!is_export) return;
  for (const ZipEntry& entry : file.directory().entries()) {
    if (!entry.name.ends_with(".json")) continue;
    const auto record = file.open_member(entry);
    if (!record || record->size > open_options_.limits.max_pickle_bytes || !spend(record->size)) {
      leave(entry.size);
      continue;
    }
    const std::vector<std::byte> bytes = read_some(*record, record->size);
    const auto evil = find_evil_expression(base::as_text(bytes));
    if (evil)
      add(make_finding(Rule::kG02, Severity::kDanger,
                       "torch.export.load would evaluate " + base::quoted(*evil, 100)),
          join_members(chain, base::escaped(entry.name)));
  }
}

void FileScan::check_crc(const formats::ZipFile& file, const ZipEntry& entry,
                         const std::string& chain) {
  const Status checked = file.check(entry);
  if (!checked)
    add(make_finding(Rule::kC03), join_members(chain, base::escaped(entry.name)),
        entry.local_offset);
}

void FileScan::check_settled(const formats::ZipFile& zip, const archive::ZipMember& member,
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

bool FileScan::scan_record(const formats::ZipFile& file, const ZipEntry& entry,
                           const std::string& chain, bool in_checkpoint, ScriptRole role) {
  const auto opened = file.open_member(entry);
  if (!opened) {
    leave(entry.size);
    add_failure(opened.error(), chain, false);
    return false;
  }
  Slice member = *opened;
  member.name.clear();
  if (in_checkpoint && member.size <= formats::ZipFile::kSmallRecord && is_word_or_number(member))
    return false;  // version, byteorder and their like
  const std::string where = join_members(chain, base::escaped(entry.name));
  const Severity before = findings_.worst();
  is_in_script_ = role == ScriptRole::kPickle;
  const Seen seen = scan(member, where, false);
  is_in_script_ = false;
  const bool is_worse = findings_.worst() > before;
  if (in_checkpoint && seen.has_pickle && (is_worse || role != ScriptRole::kPickle)) {
    Finding finding = make_finding(Rule::kC08);
    finding.severity = is_worse ? Severity::kUnknown : Severity::kNote;
    add(std::move(finding), where);
  }
  const bool has_role = role == ScriptRole::kSource || role == ScriptRole::kBeside;
  if (in_checkpoint && !has_role && !seen.is_container && member.size != 0)
    add(make_finding(Rule::kN02), where);
  return seen.has_pickle;
}
// NOLINTEND(misc-no-recursion)

}  // namespace safe_load::scanner
