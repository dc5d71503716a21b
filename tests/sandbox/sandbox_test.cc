// A process that has given up its rights is made to try what an attacker would, and what a scan
// must.
#include "sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace {

constexpr int kNoSandbox = 77;
constexpr int kFailed = 1;
constexpr int kFile = 5;  // a file that is open for reading

enum class Role { kTemplate, kWorker };

void give_up(Role role) {
  if (!cli::give_up_rights().seccomp) ::_exit(kNoSandbox);
  if (role == Role::kWorker && !cli::give_up_starting()) ::_exit(kNoSandbox);
}

// How a process ends that gives up its rights and then does this: 0 if it could.
int end_of(const std::function<bool()>& act, Role role = Role::kWorker) {
  const pid_t child = ::fork();
  if (child == 0) {
    int ends[2];
    const int file = ::open("/proc/self/exe", O_RDONLY);
    if (file < 0 || ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) ::_exit(kFailed);
    ::dup2(ends[1], kFile + 20);  // keeps it open
    ::dup2(file, kFile + 10);
    ::dup2(ends[0], cli::kChannel + 10);
    ::dup2(kFile + 10, kFile);
    ::dup2(cli::kChannel + 10, cli::kChannel);
    give_up(role);
    ::_exit(act() ? 0 : kFailed);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

bool is_killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; }
bool has_no_sandbox(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == kNoSandbox; }

struct Attempt {
  const char* name;
  std::function<void()> act;
};
void PrintTo(const Attempt& attempt, std::ostream* out) { *out << attempt.name; }

// The number alone decides for most, so that zeros will do as arguments.
Attempt call(const char* name, long number) {
  return {name, [number] { ::syscall(number, 0, 0, 0, 0, 0, 0); }};
}

class Forbidden : public testing::TestWithParam<Attempt> {};

TEST_P(Forbidden, EndsTheWorker) {
  const int status = end_of([] {
    GetParam().act();
    return true;
  });
  if (has_no_sandbox(status)) GTEST_SKIP() << "SKIPPED: no seccomp here, or a sanitizer";
  EXPECT_TRUE(is_killed(status)) << status;
}

struct stat facts;
rlimit limits;

const Attempt kAttempts[] = {
    // Files.
    {"open", [] { (void)::open("/etc/passwd", O_RDONLY); }},
    {"create", [] { (void)::open("/tmp/x", O_CREAT | O_RDWR, 0600); }},
    {"unlink", [] { (void)::unlink("/tmp/x"); }},
    {"stat", [] { (void)::stat("/etc/passwd", &facts); }},
    {"fstatat_of_a_path_with_AT_EMPTY_PATH",
     [] { (void)::syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &facts, AT_EMPTY_PATH); }},
    {"fstatat_of_a_descriptor",
     [] { (void)::syscall(SYS_newfstatat, kFile, "", &facts, AT_EMPTY_PATH); }},
    call("statx", SYS_statx),
    call("readlinkat", SYS_readlinkat),
    call("faccessat", SYS_faccessat),
    call("getdents64", SYS_getdents64),
    call("chdir", SYS_chdir),
    call("memfd_create", SYS_memfd_create),
    call("open_by_handle_at", SYS_open_by_handle_at),
    call("io_uring_setup", SYS_io_uring_setup),
    call("ioctl", SYS_ioctl),
    call("mount", SYS_mount),
    // Descriptors.
    {"write_to_standard_output", [] { (void)::write(STDOUT_FILENO, "", 0); }},
    {"write_to_the_file", [] { (void)::write(kFile, "", 0); }},
    {"read_from_standard_input", [] { (void)::read(STDIN_FILENO, &facts, 1); }},
    call("pwrite64", SYS_pwrite64),
    call("sendmsg", SYS_sendmsg),
    call("sendto", SYS_sendto),
    {"receive_from_the_file", [] { (void)::syscall(SYS_recvmsg, kFile, nullptr, 0); }},
    call("dup", SYS_dup),
    call("dup3", SYS_dup3),
    {"fcntl_F_SETOWN", [] { (void)::fcntl(cli::kChannel, F_SETOWN, 1); }},
    {"fcntl_F_SETSIG", [] { (void)::fcntl(cli::kChannel, 10, SIGKILL); }},
    {"fcntl_F_SETFL", [] { (void)::fcntl(cli::kChannel, F_SETFL, O_ASYNC); }},
    {"fcntl_F_SETLK", [] { (void)::fcntl(kFile, F_SETLK, nullptr); }},
    {"fcntl_F_SETLEASE", [] { (void)::fcntl(kFile, 1024, F_RDLCK); }},
    {"fcntl_F_DUPFD", [] { (void)::fcntl(kFile, F_DUPFD, 0); }},
    {"fcntl_F_SETFD", [] { (void)::fcntl(kFile, F_SETFD, 0); }},
    // Other processes.
    {"kill_the_parent", [] { (void)::kill(::getppid(), 0); }},
    {"kill", [] { (void)::syscall(SYS_kill, 1, 0); }},
    call("tgkill", SYS_tgkill),
    call("tkill", SYS_tkill),
    call("rt_sigqueueinfo", SYS_rt_sigqueueinfo),
    call("pidfd_open", SYS_pidfd_open),
    call("getppid", SYS_getppid),
    call("ptrace", SYS_ptrace),
    call("process_vm_readv", SYS_process_vm_readv),
    call("process_vm_writev", SYS_process_vm_writev),
    call("kcmp", SYS_kcmp),
    call("fork", SYS_clone),
    {"clone_as_the_template_does",
     [] { (void)::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0); }},
    {"clone_a_thread", [] { (void)::syscall(SYS_clone, CLONE_VM | CLONE_THREAD, 0, 0, 0, 0); }},
    call("clone3", SYS_clone3),
    call("execve", SYS_execve),
    call("execveat", SYS_execveat),
    call("unshare", SYS_unshare),
    call("setns", SYS_setns),
    // The network.
    {"socket_inet", [] { (void)::socket(AF_INET, SOCK_STREAM, 0); }},
    {"socket_unix", [] { (void)::socket(AF_UNIX, SOCK_STREAM, 0); }},
    call("socketpair", SYS_socketpair),
    call("connect", SYS_connect),
    call("bind", SYS_bind),
    // Limits and itself.
    {"prlimit_of_itself", [] { (void)::setrlimit(RLIMIT_AS, &limits); }},
    {"prlimit_of_the_parent", [] { (void)::syscall(SYS_prlimit64, 1, RLIMIT_AS, &limits, 0); }},
    call("getrlimit", SYS_getrlimit),
    call("setpriority", SYS_setpriority),
    call("sched_setaffinity", SYS_sched_setaffinity),
    call("setuid", SYS_setuid),
    call("personality", SYS_personality),
    {"prctl_PR_SET_PDEATHSIG", [] { (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); }},
    {"prctl_PR_SET_SECCOMP", [] { (void)::prctl(PR_SET_SECCOMP, 2, 0, 0, 0); }},
    call("seccomp", SYS_seccomp),
    call("bpf", SYS_bpf),
    call("perf_event_open", SYS_perf_event_open),
    call("userfaultfd", SYS_userfaultfd),
    call("keyctl", SYS_keyctl),
    call("rt_sigaction", SYS_rt_sigaction),
    call("rt_sigprocmask", SYS_rt_sigprocmask),
    {"timer_of_another", [] { (void)::syscall(SYS_timer_create, 0, nullptr, nullptr); }},
    {"clock_of_another", [] { (void)::syscall(SYS_clock_gettime, ~(1 << 3) | 2, &facts); }},
    // Memory.
    {"mmap_PROT_EXEC",
     [] {
       (void)::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
     }},
    {"mmap_the_file", [] { (void)::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE, kFile, 0); }},
    {"mprotect_PROT_EXEC", [] { (void)::mprotect(nullptr, 4096, PROT_READ | PROT_EXEC); }},
    {"pkey_mprotect", [] { (void)::syscall(SYS_pkey_mprotect, 0, 4096, PROT_EXEC, 0); }},
    {"madvise_MADV_HWPOISON", [] { (void)::madvise(nullptr, 4096, MADV_HWPOISON); }},
    {"madvise_MADV_REMOVE", [] { (void)::madvise(nullptr, 4096, MADV_REMOVE); }},
    {"futex_of_others", [] { (void)::syscall(SYS_futex, &facts, FUTEX_WAKE, 1, 0, 0, 0); }},
    call("mlockall", SYS_mlockall),
    call("shmget", SYS_shmget),
#ifdef __x86_64__
    // The same calls by other numbers, on kernels that know them.
    {"x32_write", [] { (void)::syscall(0x40000000 | SYS_write, cli::kChannel, "", 0); }},
    {"x32_pread64", [] { (void)::syscall(0x40000000 | SYS_pread64, kFile, &facts, 1, 0); }},
#endif
};

INSTANTIATE_TEST_SUITE_P(Sandbox, Forbidden, testing::ValuesIn(kAttempts),
                         [](const auto& row) { return std::string(row.param.name); });

#ifdef __x86_64__
TEST(Sandbox, ForbidsCallsOf32Bits) {
  const int status = end_of([] {
    long answer = 20;  // getpid
    __asm__ volatile("int $0x80" : "+a"(answer) : : "memory", "r8", "r9", "r10", "r11");
    return true;
  });
  if (has_no_sandbox(status)) GTEST_SKIP() << "SKIPPED: no seccomp here, or a sanitizer";
  EXPECT_TRUE(WIFSIGNALED(status)) << status;  // without such calls the kernel says SIGSEGV
}
#endif

TEST(Sandbox, LetsAScanDoWhatItMust) {
  const struct {
    const char* name;
    std::function<bool()> act;
  } cases[] = {
      {"nothing", [] { return true; }},
      {"small memory", [] { return !std::vector<char>(1 << 12, 'x').empty(); }},
      {"large memory", [] { return !std::vector<char>(1 << 26, 'x').empty(); }},
      {"memory that grows",
       [] {
         std::vector<char> bytes;
         // NOLINTNEXTLINE(performance-inefficient-vector-operation): it is to move
         for (int i = 0; i < 1 << 22; ++i) bytes.push_back('x');
         return !bytes.empty();
       }},
      {"advice",
       [] {
         void* const page = ::mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
         return ::mprotect(page, 4096, PROT_READ | PROT_WRITE) == 0 &&
                ::madvise(page, 4096, MADV_DONTNEED) == 0 && ::munmap(page, 4096) == 0;
       }},
      {"reading", [] { return ::pread(kFile, &facts, 4, 0) == 4; }},
      {"looking", [] { return ::syscall(SYS_fstat, kFile, &facts) == 0; }},
      {"another descriptor",
       [] {
         const int another = ::fcntl(kFile, F_DUPFD_CLOEXEC, 0);
         return another >= 0 && ::close(another) == 0;
       }},
      {"answering", [] { return ::write(cli::kChannel, "x", 1) == 1; }},
      {"waking", [] { return ::syscall(SYS_futex, &facts, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0) >= 0; }},
      {"random numbers", [] { return ::syscall(SYS_getrandom, &facts, 8, 0) == 8; }},
  };
  for (const auto& c : cases) {
    const int status = end_of(c.act);
    if (has_no_sandbox(status)) GTEST_SKIP() << "SKIPPED: no seccomp here, or a sanitizer";
    EXPECT_EQ(status, 0) << c.name;
  }
}

TEST(Sandbox, LetsTheTemplateStartAWorkerAndNoOtherProcess) {
  const auto ends = [](long flags) {
    return end_of(
        [flags] {
          const long child = ::syscall(SYS_clone, flags, 0, 0, 0, 0);
          if (child == 0) ::_exit(0);
          return child > 0;
        },
        Role::kTemplate);
  };
  const int status = ends(CLONE_PARENT | SIGCHLD);
  if (has_no_sandbox(status)) GTEST_SKIP() << "SKIPPED: no seccomp here, or a sanitizer";
  EXPECT_EQ(status, 0);
  ::waitpid(-1, nullptr, 0);
  EXPECT_TRUE(is_killed(ends(SIGCHLD)));
  EXPECT_TRUE(is_killed(ends(CLONE_PARENT | CLONE_VM | SIGCHLD)));
  EXPECT_TRUE(is_killed(ends(CLONE_PARENT | CLONE_NEWUSER | SIGCHLD)));
  EXPECT_TRUE(
      is_killed(end_of([] { return ::open("/etc/passwd", O_RDONLY) >= 0; }, Role::kTemplate)));
  EXPECT_TRUE(is_killed(
      end_of([] { return ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0; }, Role::kTemplate)));
}

TEST(Sandbox, BoundsMemoryAndDescriptors) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], cli::kChannel);
    give_up(Role::kWorker);
    (void)::write(cli::kChannel, "x", 1);
    void* const huge = ::mmap(nullptr, cli::kMostMemory, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    const bool has_many = ::fcntl(cli::kChannel, F_DUPFD_CLOEXEC, 8) >= 0;
    ::_exit(huge == MAP_FAILED && !has_many ? 0 : kFailed);
  }
  ::close(ends[1]);
  char ready = 0;
  const bool is_ready = ::read(ends[0], &ready, 1) == 1;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!is_ready || has_no_sandbox(status)) GTEST_SKIP() << "SKIPPED: no seccomp here";
  EXPECT_EQ(status, 0);
}

}  // namespace
