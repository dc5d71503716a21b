// Scanner: every way in which a listed reader could see a file.
//
// A file is SAFE only by proof: its container is read as strictly as for loading, and whatever its
// pickles ask for is checked against the table of known names (tape_scan). Where the strict reading
// fails or leaves bytes over, the scanner searches: members that nothing refers to, bytes behind an
// end, records of a zip file that contradict each other. A search can only add findings.
#pragma once

#include <string>

#include "base/host.h"
#include "container/slice.h"
#include "safe_load/file_report.h"
#include "safe_load/scan_options.h"

namespace safe_load::scanner {

// `file`: the whole file; its inflation budget counts for all that is in it.
FileReport scan_file(const container::Slice& file, const ScanOptions& options, base::Host& host);

}  // namespace safe_load::scanner
