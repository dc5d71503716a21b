// ScanOptions: how a file is scanned.
#pragma once

#include <cstddef>

#include "safe_load/limits.h"

namespace safe_load {
inline namespace v0 {

struct ScanOptions {
  Limits limits = {};
  bool deep = false;                // hold every record against its CRC-32, which reads the file
  bool strict = false;              // the notes N01 to N04 and G16 count as unknown
  std::size_t max_findings = 1000;  // kept of one file; all count
};

}  // namespace v0
}  // namespace safe_load
