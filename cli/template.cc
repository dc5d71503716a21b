#include "template.h"

#include <fcntl.h>
#include <safe_load/report.h>
#include <safe_load/scan_report.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <new>
#include <span>
#include <stdexcept>
#include <string>

#include "channel.h"
#include "smallest_checkpoint.h"

namespace cli {
namespace {

// Closes whatever else the parent had open.
void keep_only(int control) {
  const int nowhere = ::open("/dev/null", O_RDWR);
  for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::dup2(nowhere, standard) < 0) ::_exit(1);
  if (control != kControl && ::dup2(control, kControl) < 0) ::_exit(1);
  const long most = ::sysconf(_SC_OPEN_MAX);
  // Called by number: C libraries learned this call late, and kernels before 5.9 do not have it.
  if (::syscall(SYS_close_range, kControl + 1, ~0u, 0) != 0)
    for (int other = kControl + 1; other < most; ++other) ::close(other);
}

// What the first scan of a process prepares, so that no worker need. Asking the processor what it
// can do, for one, takes a virtual machine longer than a small file takes to scan.
void warm_up(const safe_load::ScanOptions& options) {
  const auto bytes =
      std::as_bytes(std::span(kSmallestCheckpoint).first(sizeof kSmallestCheckpoint - 1));
  if (const auto report = safe_load::scan(bytes, options)) (void)to_json(*report, "");
}

std::string record_of(int descriptor, const safe_load::ScanOptions& options) {
  const auto report = safe_load::scan_descriptor(descriptor, options);
  if (report) return to_json(*report, "");
  return "!" + report.error().message;
}

[[noreturn]] void work(Sandbox sandbox, const safe_load::ScanOptions& options) {
  ::close(kControl);
  Hello hello;
  hello.process = static_cast<pid_t>(::syscall(SYS_getpid));
  hello.sandbox = sandbox;
  hello.sandbox.seccomp = give_up_starting() && sandbox.seccomp;
  if (!write_all(kChannel, &hello, sizeof hello)) ::_exit(1);
  const Descriptor file = receive_descriptor(kChannel);
  if (!file.is_open()) ::_exit(0);
  const std::string record = record_of(file.get(), options);
  const Length length = record.size();
  const bool is_sent = write_all(kChannel, &length, sizeof length) &&
                       write_all(kChannel, record.data(), record.size());
  ::_exit(is_sent ? 0 : 1);
}

// A copy of this process that is a child of its parent, which can then wait for it and end it. The
// C library has no call for that.
pid_t start_sibling() {
  return static_cast<pid_t>(::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0));
}

[[noreturn]] void serve(int control, const safe_load::ScanOptions& options) {
  std::signal(SIGINT, SIG_IGN);  // the terminal sends it to all; the parent decides
  std::set_new_handler([] { ::_exit(kOutOfMemory); });
  keep_only(control);
  warm_up(options);
  const Sandbox sandbox = give_up_rights();
  while (true) {
    const Descriptor channel = receive_descriptor(kControl);  // becomes kChannel, the next number
    if (channel.get() != kChannel) ::_exit(0);
    if (start_sibling() == 0) work(sandbox, options);
  }
}

}  // namespace

Template::Template(const safe_load::ScanOptions& options) {
  auto ends = make_channel();
  if (!ends) throw std::runtime_error("cannot make a channel to a worker");
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("cannot start a worker");
  if (process_ == 0) serve(ends->second.get(), options);
  control_ = std::move(ends->first);
}

Template::~Template() {
  control_ = Descriptor();
  ::waitpid(process_, nullptr, 0);
}

Descriptor Template::order() {
  auto ends = make_channel();
  if (!ends || !send_descriptor(control_.get(), ends->second.get())) return {};
  return std::move(ends->first);
}

}  // namespace cli
