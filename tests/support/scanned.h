// What the scanner says of bytes that a test made, guarded against reading beyond them.
#pragma once

#include <string_view>

#include "safe_load/file_report.h"
#include "safe_load/scan_options.h"

namespace test_support {

safe_load::FileReport scan_bytes(std::string_view file, const safe_load::ScanOptions& options = {});

// `rule`: its id, "SL-C06".
bool has_rule(const safe_load::FileReport& report, std::string_view rule);

}  // namespace test_support
