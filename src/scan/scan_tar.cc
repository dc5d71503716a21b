#include <algorithm>

#include "base/text.h"
#include "scan/file_scan.h"
#include "scan/member_name.h"
#include "torch/readers.h"

namespace safe_load::scanner {

// NOLINTBEGIN(misc-no-recursion): containers in each other, eight at most
void FileScan::scan_tar_members(const Slice& slice, const std::string& chain, bool is_checkpoint) {
  constexpr std::string_view kRead[] = {"storages", "tensors", "pickle"};
  const auto content = archive::read_tar_content(slice.part());
  if (!content) {
    leave(slice.size);
    const bool is_cut = content.error().code() == ErrorCode::kTruncated;
    return add_failure(Failure(content.error()), chain,
                       is_cut ? Rule::kC14 : rule_of(content.error(), false));
  }
  if (content->has_others)
    add(make_finding(
            Rule::kR12, Severity::kUnknown,
            "the tar archive has links, devices or files with holes, which were not looked into"),
        chain);
  report_.coverage.members_total += content->members.size();
  check_tar_end(slice, content->end, chain);
  std::set<std::string_view> names;
  for (const archive::TarMember& member : content->members) {
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
    check_for_server(member.name, chain);
    Slice part = slice;
    part.offset += member.data_offset;
    part.size = member.size;
    part.name.clear();
    ++part.depth;
    scan(part, where, false);
  }
}

// TorchServe also takes its archives as .tar.gz.
void FileScan::check_for_server(std::string_view name, const std::string& chain) {
  if (!torch::could_have_mark(name)) return;
  for (const torch::Mark& mark : torch::marks())
    if (mark.reader == torch::Reader::kServe && torch::has_mark(mark, name, true))
      add_mark(mark, chain);
}

void FileScan::check_tar_end(const Slice& slice, std::uint64_t end, const std::string& chain) {
  Slice rest = slice;
  rest.offset += end;
  rest.size -= end;
  if (rest.size != 0 && !is_all_zero(rest))
    add(make_finding(Rule::kT03, Severity::kUnknown,
                     "bytes follow the last member of a tar archive"),
        chain, end);
}
// NOLINTEND(misc-no-recursion)

}  // namespace safe_load::scanner
