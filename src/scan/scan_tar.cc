#include <algorithm>

#include "base/text.h"
#include "scan/file_scan.h"
#include "scan/member_name.h"

namespace safe_load::scanner {

void FileScan::scan_tar_members(const Slice& slice, const std::string& chain, bool is_checkpoint) {
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
    const std::string where = join_members(chain, base::escaped(member.name));
    if (auto finding = judge_member_name(member.name))
      add(*std::move(finding), where, member.data_offset);
    Slice part = slice;
    part.offset += member.data_offset;
    part.size = member.size;
    part.name.clear();
    ++part.depth;
    scan(part, where, false);
  }
}

void FileScan::check_tar_end(const Slice& slice, const std::vector<archive::TarMember>& members,
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

}  // namespace safe_load::scanner
