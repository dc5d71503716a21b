#include "workers.h"

#include <fcntl.h>
#include <poll.h>
#include <safe_load/report.h>
#include <safe_load/scan_report.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "sandbox.h"

namespace cli {
namespace {

using Clock = std::chrono::steady_clock;
using Length = std::uint64_t;  // in front of each record

bool write_all(int channel, const char* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t written = ::write(channel, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes += written;
    count -= static_cast<std::size_t>(written);
  }
  return true;
}

// One descriptor beside one byte.
struct Message {
  char byte = 0;
  iovec part = {&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control = {};
  msghdr header = {};

  Message() {
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
  }
};

bool send_descriptor(int channel, int descriptor) {
  Message message;
  cmsghdr* const rights = CMSG_FIRSTHDR(&message.header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(rights), &descriptor, sizeof descriptor);
  return ::sendmsg(channel, &message.header, MSG_NOSIGNAL) == 1;
}

// -1 when there are no more.
int receive_descriptor(int channel) {
  Message message;
  ssize_t got = -1;
  do got = ::recvmsg(channel, &message.header, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  const cmsghdr* const rights = got == 1 ? CMSG_FIRSTHDR(&message.header) : nullptr;
  if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS) return -1;
  int descriptor = -1;
  std::memcpy(&descriptor, CMSG_DATA(rights), sizeof descriptor);
  return descriptor;
}

// Closes whatever else the parent had open; returns the new number of the channel.
int keep_only(int channel) {
  constexpr int kChannel = 3;  // behind standard input, output and errors, which lead nowhere
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, standard);
  if (channel != kChannel) ::dup2(channel, kChannel);
  const long most = ::sysconf(_SC_OPEN_MAX);
  if (::close_range(kChannel + 1, ~0u, 0) != 0)
    for (int other = kChannel + 1; other < most; ++other) ::close(other);
  return kChannel;
}

std::string record_of(int descriptor, const safe_load::ScanOptions& options) {
  const auto report = safe_load::scan_descriptor(descriptor, options);
  if (report) return to_json(*report, "");
  return "!" + report.error().message;
}

[[noreturn]] void serve(int channel, const safe_load::ScanOptions& options) {
  std::signal(SIGINT, SIG_IGN);  // the terminal sends it to all; the parent decides
  channel = keep_only(channel);
  (void)give_up_rights(channel);
  for (int descriptor = receive_descriptor(channel); descriptor >= 0;
       descriptor = receive_descriptor(channel)) {
    const std::string record = record_of(descriptor, options);
    ::close(descriptor);
    const Length length = record.size();
    std::array<char, sizeof length> prefix{};
    std::memcpy(prefix.data(), &length, sizeof length);
    if (!write_all(channel, prefix.data(), prefix.size()) ||
        !write_all(channel, record.data(), record.size()))
      break;
  }
  ::_exit(0);
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
    return "the process that scanned it asked for a right that it had given up, and was stopped";
  if (WIFSIGNALED(status))
    return "the process that scanned it was stopped by signal " + std::to_string(WTERMSIG(status));
  return "the process that scanned it ended too early";
}

}  // namespace

Workers::Workers(std::size_t count, const safe_load::ScanOptions& options,
                 std::chrono::seconds most_time)
    : options_(options), most_time_(most_time), workers_(count) {
  for (Worker& worker : workers_) launch(worker);
}

Workers::~Workers() {
  for (Worker& worker : workers_) stop(worker);
}

void Workers::launch(Worker& worker) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error("cannot make a channel to a worker");
  worker.process = ::fork();
  if (worker.process < 0) throw std::runtime_error("cannot start a worker");
  if (worker.process == 0) {
    ::close(ends[0]);
    for (const Worker& other : workers_)
      if (other.channel >= 0) ::close(other.channel);
    serve(ends[1], options_);
  }
  ::close(ends[1]);
  worker.channel = ends[0];
  worker.job.reset();
  worker.received.clear();
}

void Workers::stop(Worker& worker) {
  if (worker.channel >= 0) ::close(std::exchange(worker.channel, -1));
  if (worker.process < 0) return;
  if (worker.job) ::kill(worker.process, SIGKILL);
  ::waitpid(worker.process, nullptr, 0);
  worker.process = -1;
}

bool Workers::has_idle() const {
  for (const Worker& worker : workers_)
    if (!worker.job) return true;
  return false;
}

bool Workers::is_busy() const {
  for (const Worker& worker : workers_)
    if (worker.job) return true;
  return false;
}

void Workers::start(std::uint64_t job, int descriptor) {
  for (Worker& worker : workers_) {
    if (worker.job) continue;
    // One that died while it was idle gets a successor.
    if (!send_descriptor(worker.channel, descriptor)) {
      stop(worker);
      launch(worker);
      if (!send_descriptor(worker.channel, descriptor))
        throw std::runtime_error("cannot hand a file to a worker");
    }
    worker.job = job;
    worker.since = Clock::now();
    return;
  }
}

Workers::Done Workers::lose(Worker& worker, std::string why) {
  Done done{*worker.job, std::nullopt, std::move(why), true};
  stop(worker);
  launch(worker);
  return done;
}

std::optional<Workers::Done> Workers::receive(Worker& worker) {
  constexpr std::size_t kPiece = std::size_t{64} << 10;
  constexpr Length kMostRecord = Length{256} << 20;
  std::array<char, kPiece> piece;
  const ssize_t got = ::read(worker.channel, piece.data(), piece.size());
  if (got < 0 && errno == EINTR) return std::nullopt;
  if (got <= 0) {
    int status = 0;
    ::waitpid(std::exchange(worker.process, -1), &status, 0);
    return lose(worker, how_it_ended(status));
  }
  worker.received.append(piece.data(), static_cast<std::size_t>(got));
  Length length = 0;
  if (worker.received.size() < sizeof length) return std::nullopt;
  std::memcpy(&length, worker.received.data(), sizeof length);
  if (length > kMostRecord) return lose(worker, "the process that scanned it sent no report");
  if (worker.received.size() - sizeof length < length) return std::nullopt;
  const std::string record = worker.received.substr(sizeof length);
  worker.received.clear();
  Done done{*worker.job, std::nullopt, "", false};
  worker.job.reset();
  if (record.starts_with('!')) {
    done.failure = safe_load::printable(record.substr(1));
    return done;
  }
  auto report = safe_load::read_scan_record(record);
  if (report) {
    done.report = *std::move(report);
  } else {
    done.failure = "the process that scanned it sent no report";
    done.was_stopped = true;
  }
  return done;
}

std::vector<Workers::Done> Workers::wait(std::chrono::milliseconds most) {
  std::vector<pollfd> channels;
  for (const Worker& worker : workers_)
    channels.push_back({worker.job ? worker.channel : -1, POLLIN, 0});
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
