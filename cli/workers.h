// Workers: processes without rights, each of which scans one file and ends. One that dies or takes
// too long costs the file that it had, and no other.
#pragma once

#include <safe_load/scan.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "descriptor.h"
#include "sandbox.h"
#include "template.h"

namespace cli {

class Workers {
 public:
  // `count` scan at the same time; more stand ready to follow them.
  Workers(std::size_t count, const safe_load::ScanOptions& options,
          std::chrono::seconds most_time);  // 0: no limit
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  bool has_idle() const { return busy_ < count_; }
  bool is_busy() const { return busy_ != 0; }
  // Gives an open file of this size to an idle worker. The descriptor stays the caller's.
  void start(std::uint64_t job, int descriptor, std::uint64_t size);

  struct Done {
    std::uint64_t job;
    std::optional<safe_load::FileReport> report;
    std::string failure;       // why there is none
    bool was_stopped = false;  // the worker did not come to an end with it
  };
  // What is ready after at most so long; nothing if a signal came.
  std::vector<Done> wait(std::chrono::milliseconds most);

  // What all workers that got a file had given up; nothing if there were none.
  const std::optional<Sandbox>& sandbox() const { return sandbox_; }

 private:
  struct Worker {
    Descriptor channel;
    pid_t process = -1;  // known from its first words
    std::optional<std::uint64_t> job;
    std::chrono::steady_clock::time_point since;
    std::string received;
  };

  void launch(Worker& worker);
  void end(Worker& worker);
  bool hand_over(Worker& worker, int descriptor, std::uint64_t size);
  std::optional<Done> receive(Worker& worker);
  Done finish(Worker& worker, std::string_view record);
  Done lose(Worker& worker, std::string why);

  const std::size_t count_;
  const safe_load::ScanOptions options_;
  const std::chrono::seconds most_time_;
  Template template_;
  std::vector<Worker> workers_;
  std::size_t next_ = 0;  // the idle one that has been ready for longest
  std::size_t busy_ = 0;
  std::vector<pid_t> ended_;  // not yet waited for
  std::optional<Sandbox> sandbox_;
};

}  // namespace cli
