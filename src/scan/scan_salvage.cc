// Zip files whose parts do not agree: all that could be a record is looked into.
#include <algorithm>

#include "base/text.h"
#include "scan/file_scan.h"
#include "scan/member_name.h"

namespace safe_load::scanner {
namespace {

constexpr std::uint64_t kCostOfRecord = 4096;  // of looking at it at all

}  // namespace

// NOLINTBEGIN(misc-no-recursion): containers in each other, eight at most
bool FileScan::salvage(const Slice& slice, const std::string& chain) {
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

void FileScan::salvage_record(const Slice& slice, const Source& source,
                              const archive::SalvagedRecord& record, const std::string& where) {
  for (const std::string& name : {record.name, record.directory_name})
    if (auto finding = judge_member_name(name))
      add(*std::move(finding), where, record.local_offset);
  const std::uint64_t most = salvage_left_ / 4;  // one record leaves something for the next
  auto content = archive::read_salvaged(source, record, most);
  const std::uint64_t cost =
      kCostOfRecord + record.stored_size + (content ? content->size() : most);
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
    scan_as_pickles(member, where, Text::kNo);
}
// NOLINTEND(misc-no-recursion)

}  // namespace safe_load::scanner
