// Workers: processes without rights that scan files, one file each at a time. A worker that dies or
// takes too long costs the file that it had, and no other.
#pragma once

#include <safe_load/scan.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cli {

class Workers {
 public:
  Workers(std::size_t count, const safe_load::ScanOptions& options,
          std::chrono::seconds most_time);  // 0: no limit
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  bool has_idle() const;
  bool is_busy() const;
  // Gives an open file to an idle worker. The descriptor stays the caller's.
  void start(std::uint64_t job, int descriptor);

  struct Done {
    std::uint64_t job;
    std::optional<safe_load::FileReport> report;
    std::string failure;       // why there is none
    bool was_stopped = false;  // the worker did not come to an end with it
  };
  // What is ready after at most so long; nothing if a signal came.
  std::vector<Done> wait(std::chrono::milliseconds most);

 private:
  struct Worker {
    pid_t process = -1;
    int channel = -1;
    std::optional<std::uint64_t> job;
    std::chrono::steady_clock::time_point since;
    std::string received;
  };

  void launch(Worker& worker);
  void stop(Worker& worker);
  std::optional<Done> receive(Worker& worker);
  Done lose(Worker& worker, std::string why);

  safe_load::ScanOptions options_;
  std::chrono::seconds most_time_;
  std::vector<Worker> workers_;
};

}  // namespace cli
