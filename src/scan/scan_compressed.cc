// What is compressed as a whole: gzip, zlib, bzip2, xz, lzma, zstd.
#include "base/text.h"
#include "scan/file_scan.h"

namespace safe_load::scanner {

// NOLINTBEGIN(misc-no-recursion): containers in each other, eight at most
FileScan::Seen FileScan::scan_compressed(const Slice& slice, const std::string& chain,
                                         const Sniffed& sniffed, bool is_file) {
  Seen seen{true, false, std::string(sniffed.what)};
  const auto inner = formats::unwrap(slice, sniffed, options_.limits, host_);
  if (!inner) {
    leave(slice.size);
    add(make_finding(Rule::kC05, Severity::kIncomplete,
                     "this is " + seen.what + "; what is inside was not looked at"),
        chain);
    return seen;
  }
  if (inner->failure) {
    leave(slice.size);
    const bool is_unread = inner->failure->error.code() == ErrorCode::kUnsupported;
    add_failure(*inner->failure, chain, is_unread ? Rule::kC05 : rule_of(*inner->failure, false));
  }
  check_streams(*inner, chain);
  // A reader may have run all that came before what is wrong with the rest.
  if (inner->content.size == 0 && inner->failure) return seen;
  const std::string where = join_members(chain, inner->content.name);
  Slice content = inner->content;
  content.name.clear();  // it is in the chain
  const Seen found = scan(content, where, is_file);
  seen.has_pickle = found.has_pickle;
  seen.what = found.what + " in " + seen.what;
  return seen;
}

void FileScan::check_streams(const formats::Unwrapped& inner, const std::string& chain) {
  const std::string coding(to_text(inner.coding));
  if (inner.streams > 1)
    add(make_finding(Rule::kC06, Severity::kUnknown,
                     std::to_string(inner.streams) + " parts of " + coding +
                         " data follow each other, of which some programs read the first alone"),
        chain);
  if (inner.failure || inner.rest.size == 0) return;
  const std::uint64_t end = inner.rest.offset;
  add(make_finding(Rule::kC06, Severity::kUnknown,
                   std::to_string(inner.rest.size) + " bytes follow the " + coding + " data"),
      chain, end);
  Slice rest = inner.rest;
  ++rest.depth;
  if (!is_all_zero(rest)) scan(rest, join_members(chain, "behind the " + coding + " data"), false);
}
// NOLINTEND(misc-no-recursion)

}  // namespace safe_load::scanner
