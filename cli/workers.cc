#include "workers.h"

#include <poll.h>
#include <safe_load/report.h>
#include <safe_load/scan_report.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "channel.h"

namespace cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostReady = 16;

std::string how_it_ended(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == kOutOfMemory)
    return "scanning it takes more memory than a file of its size may cost";
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
    return "the process that scanned it asked for a right that it had given up, and was stopped";
  if (WIFSIGNALED(status))
    return "the process that scanned it was stopped by signal " + std::to_string(WTERMSIG(status));
  return "the process that scanned it ended too early";
}

// What Limits grant for a file of this size, beside the program itself. The bytes that are decoded
// may come out of deflate, which makes at most 1032 bytes of one.
std::uint64_t most_memory(std::uint64_t size, const safe_load::Limits& limits) {
  constexpr std::uint64_t kProgram = std::uint64_t{64} << 20;
  constexpr std::uint64_t kMostInflated = 1032;
  const std::uint64_t beside = kProgram + limits.memory_base;
  const std::uint64_t each = kMostInflated * std::max<std::uint64_t>(limits.memory_per_byte, 1);
  const bool is_large = beside >= kMostMemory || size > (kMostMemory - beside) / each;
  return is_large ? kMostMemory : beside + size * each;
}

}  // namespace

Workers::Workers(std::size_t count, const safe_load::ScanOptions& options,
                 std::chrono::seconds most_time)
    : count_(count),
      options_(options),
      most_time_(most_time),
      template_(options),
      workers_(count + std::min(count, kMostReady)) {
  for (Worker& worker : workers_) launch(worker);
}

// Idle workers end when their channel is closed. Nobody waits for those that were killed: one that
// hangs in a dead network disk must not keep the program.
Workers::~Workers() {
  for (Worker& worker : workers_) {
    if (worker.job) ::kill(worker.process, SIGKILL);
    worker.channel = Descriptor();
  }
}

void Workers::launch(Worker& worker) {
  worker = Worker();
  worker.channel = template_.order();
  if (!worker.channel.is_open()) throw std::runtime_error("cannot start a worker");
  std::erase_if(ended_, [](pid_t process) { return ::waitpid(process, nullptr, WNOHANG) != 0; });
}

// A worker that was taken over might not end by itself.
void Workers::end(Worker& worker) {
  if (worker.process > 0) {
    ::kill(worker.process, SIGKILL);
    ended_.push_back(worker.process);
  }
  if (worker.job) --busy_;
  launch(worker);
}

bool Workers::hand_over(Worker& worker, int descriptor, std::uint64_t size) {
  Hello hello;
  if (!read_all(worker.channel.get(), &hello, sizeof hello)) return false;
  worker.process = hello.process;
  limit_memory(worker.process, most_memory(size, options_.limits));
  if (!send_descriptor(worker.channel.get(), descriptor)) return false;
  if (!sandbox_) sandbox_ = hello.sandbox;
  sandbox_->seccomp = sandbox_->seccomp && hello.sandbox.seccomp;
  sandbox_->landlock = sandbox_->landlock && hello.sandbox.landlock;
  return true;
}

void Workers::start(std::uint64_t job, int descriptor, std::uint64_t size) {
  // One that died while it was idle gets a successor, and the next one is asked.
  for (std::size_t attempt = 0; attempt < 2 * workers_.size(); ++attempt) {
    while (workers_[next_].job) next_ = (next_ + 1) % workers_.size();
    Worker& worker = workers_[next_];
    next_ = (next_ + 1) % workers_.size();
    if (hand_over(worker, descriptor, size)) {
      worker.job = job;
      worker.since = Clock::now();
      ++busy_;
      return;
    }
    end(worker);
  }
  throw std::runtime_error("cannot hand a file to a worker");
}

Workers::Done Workers::lose(Worker& worker, std::string why) {
  Done done{*worker.job, std::nullopt, std::move(why), true};
  end(worker);
  return done;
}

Workers::Done Workers::finish(Worker& worker, std::string_view record) {
  if (record.starts_with('!')) {
    Done done{*worker.job, std::nullopt, safe_load::printable(record.substr(1)), false};
    end(worker);
    return done;
  }
  auto report = safe_load::read_scan_record(record);
  if (!report) return lose(worker, "the process that scanned it sent no report");
  Done done{*worker.job, *std::move(report), "", false};
  end(worker);
  return done;
}

std::optional<Workers::Done> Workers::receive(Worker& worker) {
  constexpr std::size_t kPiece = std::size_t{64} << 10;
  constexpr Length kMostRecord = Length{256} << 20;
  std::array<char, kPiece> piece;
  const ssize_t got = ::read(worker.channel.get(), piece.data(), piece.size());
  if (got < 0 && errno == EINTR) return std::nullopt;
  if (got <= 0) {
    int status = 0;
    ::kill(worker.process, SIGKILL);  // it may have closed its channel only
    ::waitpid(std::exchange(worker.process, -1), &status, 0);
    return lose(worker, how_it_ended(status));
  }
  worker.received.append(piece.data(), static_cast<std::size_t>(got));
  Length length = 0;
  if (worker.received.size() < sizeof length) return std::nullopt;
  std::memcpy(&length, worker.received.data(), sizeof length);
  if (length > kMostRecord) return lose(worker, "the process that scanned it sent no report");
  if (worker.received.size() - sizeof length < length) return std::nullopt;
  const std::string received = std::move(worker.received);
  return finish(worker, std::string_view(received).substr(sizeof length, length));
}

std::vector<Workers::Done> Workers::wait(std::chrono::milliseconds most) {
  std::vector<pollfd> channels;
  for (const Worker& worker : workers_)
    channels.push_back({worker.job ? worker.channel.get() : -1, POLLIN, 0});
  std::vector<Done> done;
  if (::poll(channels.data(), channels.size(), static_cast<int>(most.count())) < 0) return done;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    Worker& worker = workers_[i];
    if (channels[i].revents != 0) {
      if (auto ready = receive(worker)) done.push_back(*std::move(ready));
    }
    const bool is_late =
        worker.job && most_time_.count() != 0 && Clock::now() - worker.since > most_time_;
    if (is_late)
      done.push_back(lose(
          worker, "it was not scanned within " + std::to_string(most_time_.count()) + " seconds"));
  }
  return done;
}

}  // namespace cli
