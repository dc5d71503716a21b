#include "sandbox.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && \
    (defined(__x86_64__) || defined(__aarch64__))
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <iterator>
#include <vector>

namespace cli {
namespace {

#ifdef __x86_64__
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#else
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#endif

// What the low half of one argument must be. The kernel looks at no more of these arguments.
struct Condition {
  enum class Kind { kNone, kEquals, kHasBit, kLacksBit };
  Kind kind = Kind::kNone;
  std::size_t argument = 0;
  std::uint32_t value = 0;
};

constexpr Condition equals(std::size_t argument, int value) {
  return {Condition::Kind::kEquals, argument, static_cast<std::uint32_t>(value)};
}
constexpr Condition has(std::size_t argument, int bit) {
  return {Condition::Kind::kHasBit, argument, static_cast<std::uint32_t>(bit)};
}
constexpr Condition lacks(std::size_t argument, int bit) {
  return {Condition::Kind::kLacksBit, argument, static_cast<std::uint32_t>(bit)};
}

struct Call {
  int number;
  std::array<Condition, 2> conditions = {};
};

// All that a scan needs: memory that cannot be executed, what is open, and the end. No files are
// mapped. Advice is limited to what allocators give, as other kinds reach pages of other processes;
// futex to the wake-up behind pthread_once.
constexpr Call kScanning[] = {
    {__NR_pread64},
    {__NR_fstat},
    {__NR_close},
    {__NR_brk},
    {__NR_munmap},
    {__NR_mremap},
    {__NR_getrandom},
    {__NR_exit_group},
    {__NR_mmap, {lacks(2, PROT_EXEC), has(3, MAP_ANONYMOUS)}},
    {__NR_mprotect, {lacks(2, PROT_EXEC)}},
    {__NR_madvise, {equals(2, MADV_DONTNEED)}},
    {__NR_madvise, {equals(2, MADV_HUGEPAGE)}},
    {__NR_futex, {equals(1, FUTEX_WAKE_PRIVATE)}},
    {__NR_fcntl, {equals(1, F_DUPFD_CLOEXEC)}},
    {__NR_fcntl, {equals(1, F_SETFD), equals(2, FD_CLOEXEC)}},  // with which musl makes sure
    {__NR_recvmsg, {equals(0, kControl)}},
    {__NR_recvmsg, {equals(0, kChannel)}},
    {__NR_write, {equals(0, kChannel)}},
};
// What give_up_starting() takes away.
constexpr Call kStarting[] = {
    {__NR_clone, {equals(0, CLONE_PARENT | SIGCHLD)}},
    {__NR_prctl, {equals(0, PR_SET_SECCOMP)}},
    {__NR_getpid},
};

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
sock_filter answer(std::uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }
// Skips so many steps if the loaded word passes the test, and so many if it does not.
sock_filter jump(unsigned test, std::uint32_t value, std::size_t if_true, std::size_t if_false) {
  return BPF_JUMP(static_cast<std::uint16_t>(BPF_JMP | BPF_K | test), value,
                  static_cast<std::uint8_t>(if_true), static_cast<std::uint8_t>(if_false));
}

// Steps that allow the call if its conditions hold, and else leave its number loaded.
void allow(const Call& call, std::vector<sock_filter>& filter) {
  std::vector<sock_filter> steps;
  std::size_t left = 0;  // conditions behind this one
  for (const Condition& condition : call.conditions)
    left += condition.kind != Condition::Kind::kNone ? 1 : 0;
  const bool has_conditions = left != 0;
  for (const Condition& condition : call.conditions) {
    if (condition.kind == Condition::Kind::kNone) continue;
    --left;
    const std::size_t fail = 2 * left + 1;  // behind the answer
    const bool is_equality = condition.kind == Condition::Kind::kEquals;
    const bool holds_if_true = condition.kind != Condition::Kind::kLacksBit;
    steps.push_back(
        load(offsetof(seccomp_data, args) + condition.argument * sizeof(std::uint64_t)));
    steps.push_back(jump(is_equality ? BPF_JEQ : BPF_JSET, condition.value,
                         holds_if_true ? 0 : fail, holds_if_true ? fail : 0));
  }
  steps.push_back(answer(SECCOMP_RET_ALLOW));
  if (has_conditions) steps.push_back(load(offsetof(seccomp_data, nr)));
  filter.push_back(jump(BPF_JEQ, static_cast<std::uint32_t>(call.number), 0, steps.size()));
  filter.insert(filter.end(), steps.begin(), steps.end());
}

bool install(std::vector<sock_filter>& filter) {
  const sock_fprog program = {static_cast<unsigned short>(filter.size()), filter.data()};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// Numbers are compared whole, so those of the x32 ABI, which have a bit of their own, are none of
// these.
bool allow_only_known_calls() {
  std::vector<sock_filter> filter = {
      load(offsetof(seccomp_data, arch)), jump(BPF_JEQ, kArchitecture, 1, 0),
      answer(SECCOMP_RET_KILL_PROCESS), load(offsetof(seccomp_data, nr))};
  for (const Call& call : kScanning) allow(call, filter);
  for (const Call& call : kStarting) allow(call, filter);
  filter.push_back(answer(SECCOMP_RET_KILL_PROCESS));
  return install(filter);
}

#ifdef __NR_landlock_create_ruleset
// As linux/landlock.h has it since Linux 6.12; older kernels take it if what they lack is zero.
struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t network = 0;  // ABI 4: bind and connect of TCP
  std::uint64_t scopes = 0;   // ABI 6: abstract sockets and signals
};

// A ruleset without rules forbids all that it names.
bool forbid_files() {
  constexpr unsigned kAskVersion = 1;
  const long version = ::syscall(__NR_landlock_create_ruleset, nullptr, 0, kAskVersion);
  if (version < 1) return false;
  // The rights on files of each version are the lowest so many bits.
  constexpr unsigned kFileRights[] = {13, 14, 15, 15, 16};
  const std::size_t known = std::min<std::size_t>(static_cast<std::size_t>(version), 5) - 1;
  Ruleset rules;
  rules.files = (std::uint64_t{1} << kFileRights[known]) - 1;
  if (version >= 4) rules.network = 3;
  if (version >= 6) rules.scopes = 3;
  const long ruleset = ::syscall(__NR_landlock_create_ruleset, &rules, sizeof rules, 0);
  if (ruleset < 0) return false;
  const bool is_restricted = ::syscall(__NR_landlock_restrict_self, ruleset, 0) == 0;
  ::close(static_cast<int>(ruleset));
  return is_restricted;
}
#else
bool forbid_files() { return false; }
#endif

// Never more than before.
template <class Resource>
void limit(pid_t process, Resource resource, rlim_t most) {
  rlimit now = {};
  if (::prlimit(process, resource, nullptr, &now) != 0) return;
  const rlimit lower = {std::min(now.rlim_cur, most), std::min(now.rlim_max, most)};
  (void)::prlimit(process, resource, &lower, nullptr);
}

}  // namespace

Sandbox give_up_rights() {
  constexpr rlim_t kMostDescriptors = 8;
  constexpr pid_t kItself = 0;
  limit(kItself, RLIMIT_CORE, 0);
  limit(kItself, RLIMIT_FSIZE, 0);
  limit(kItself, RLIMIT_NOFILE, kMostDescriptors);
  limit_memory(kItself, kMostMemory);
  Sandbox sandbox;
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return sandbox;
  sandbox.landlock = forbid_files();
  sandbox.seccomp = allow_only_known_calls();
  return sandbox;
}

void limit_memory(pid_t process, std::uint64_t most) { limit(process, RLIMIT_AS, most); }

// A filter of its own and a short one: every worker installs it, and the kernel tries a new filter
// on all numbers of calls.
bool give_up_starting() {
  std::vector<sock_filter> filter = {load(offsetof(seccomp_data, nr))};
  std::size_t left = std::size(kStarting);
  for (const Call& call : kStarting)
    filter.push_back(jump(BPF_JEQ, static_cast<std::uint32_t>(call.number), left--, 0));
  filter.push_back(answer(SECCOMP_RET_ALLOW));
  filter.push_back(answer(SECCOMP_RET_KILL_PROCESS));
  return install(filter);
}

}  // namespace cli
#else
namespace cli {

Sandbox give_up_rights() { return {}; }
bool give_up_starting() { return false; }
void limit_memory(pid_t, std::uint64_t) {}

}  // namespace cli
#endif
