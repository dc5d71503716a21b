#include "sandbox.h"

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif

namespace cli {
namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t kArchitecture = 0;
#endif

// Memory, reading what is open, time, and the end.
constexpr int kAllowed[] = {
    __NR_read,        __NR_pread64,        __NR_readv,          __NR_recvmsg,
    __NR_close,       __NR_lseek,          __NR_fstat,          __NR_fstatfs,
    __NR_fcntl,       __NR_munmap,         __NR_mremap,         __NR_brk,
    __NR_madvise,     __NR_futex,          __NR_clock_gettime,  __NR_getrandom,
    __NR_sched_yield, __NR_rt_sigreturn,   __NR_rt_sigprocmask, __NR_rt_sigaction,
    __NR_sigaltstack, __NR_exit,           __NR_exit_group,     __NR_getpid,
    __NR_gettid,      __NR_restart_syscall};

void forbid_files() {
#if __has_include(<linux/landlock.h>) && defined(__NR_landlock_create_ruleset)
  landlock_ruleset_attr rules = {};
  rules.handled_access_fs =
      LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_FILE |
      LANDLOCK_ACCESS_FS_READ_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
      LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
      LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
      LANDLOCK_ACCESS_FS_MAKE_SYM;
  const long ruleset = ::syscall(__NR_landlock_create_ruleset, &rules, sizeof rules, 0);
  if (ruleset < 0) return;  // a kernel without it: seccomp forbids the same
  ::syscall(__NR_landlock_restrict_self, ruleset, 0);
  ::close(static_cast<int>(ruleset));
#endif
}

sock_filter load(std::size_t offset) {
  return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset));
}
sock_filter answer(std::uint32_t action) { return BPF_STMT(BPF_RET | BPF_K, action); }
// Skips `skipped` steps unless the loaded word is `value`.
sock_filter unless(std::uint32_t value, std::uint8_t skipped) {
  return BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped);
}

std::vector<sock_filter> make_filter(int channel) {
  constexpr std::size_t kFirstArgument = offsetof(seccomp_data, args);
  constexpr std::size_t kThirdArgument = kFirstArgument + 2 * sizeof(std::uint64_t);
  constexpr std::size_t kFourthArgument = kThirdArgument + sizeof(std::uint64_t);
  std::vector<sock_filter> filter = {
      load(offsetof(seccomp_data, arch)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0),
      answer(SECCOMP_RET_KILL_PROCESS), load(offsetof(seccomp_data, nr))};
  for (const int number : kAllowed) {
    filter.push_back(unless(static_cast<std::uint32_t>(number), 1));
    filter.push_back(answer(SECCOMP_RET_ALLOW));
  }
  // Memory, but none that could be executed.
  for (const int number : {__NR_mmap, __NR_mprotect}) {
    filter.push_back(unless(static_cast<std::uint32_t>(number), 4));
    filter.push_back(load(kThirdArgument));
    filter.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0));
    filter.push_back(answer(SECCOMP_RET_ALLOW));
    filter.push_back(answer(SECCOMP_RET_KILL_PROCESS));
  }
  filter.push_back(unless(__NR_write, 4));
  filter.push_back(load(kFirstArgument));
  filter.push_back(unless(static_cast<std::uint32_t>(channel), 1));
  filter.push_back(answer(SECCOMP_RET_ALLOW));
  filter.push_back(answer(SECCOMP_RET_KILL_PROCESS));
  // How the C library looks at an open file.
  filter.push_back(unless(__NR_newfstatat, 4));
  filter.push_back(load(kFourthArgument));
  filter.push_back(unless(AT_EMPTY_PATH, 1));
  filter.push_back(answer(SECCOMP_RET_ALLOW));
  filter.push_back(answer(SECCOMP_RET_KILL_PROCESS));
  filter.push_back(answer(SECCOMP_RET_KILL_PROCESS));
  return filter;
}

}  // namespace

Sandbox give_up_rights(int channel) {
  const rlimit no_core = {0, 0};
  (void)::setrlimit(RLIMIT_CORE, &no_core);
  if (kArchitecture == 0 || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return Sandbox::kUnavailable;
  forbid_files();
  std::vector<sock_filter> filter = make_filter(channel);
  const sock_fprog program = {static_cast<unsigned short>(filter.size()), filter.data()};
  return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? Sandbox::kFull
                                                                     : Sandbox::kUnavailable;
}

}  // namespace cli
#else
namespace cli {

Sandbox give_up_rights(int) { return Sandbox::kUnavailable; }

}  // namespace cli
#endif
