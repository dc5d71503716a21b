// Template: a process without rights that has read nothing, from which workers come. A worker is a
// copy of it for one file, so it knows nothing of any other.
#pragma once

#include <safe_load/scan.h>
#include <sys/types.h>

#include <cstdint>

#include "descriptor.h"
#include "sandbox.h"

namespace cli {

// What a worker says before it receives its file. Then comes the report: its length, and the record
// that to_json writes, or "!" and why there is none.
struct Hello {
  pid_t process = -1;
  Sandbox sandbox;
};
using Length = std::uint64_t;

inline constexpr int kOutOfMemory = 99;  // the exit status of a worker that reached its limit

class Template {
 public:
  explicit Template(const safe_load::ScanOptions& options);
  // Workers are children of this process, not of the template; so they may outlive it.
  ~Template();
  Template(const Template&) = delete;
  Template& operator=(const Template&) = delete;

  // The channel to a new worker; none if there can be no more. Does not wait for it.
  Descriptor order();

 private:
  Descriptor control_;
  pid_t process_ = -1;
};

}  // namespace cli
