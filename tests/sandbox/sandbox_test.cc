// A process that has given up its rights is made to try what an attacker would.
#include "sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

namespace {

constexpr int kChannel = 2;

// How a process ends that gives up its rights and then does this: 0 if it could.
int end_of(const std::function<void()>& act) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (cli::give_up_rights(kChannel) != cli::Sandbox::kFull) ::_exit(77);
    act();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

bool is_killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; }

class Sandbox : public testing::Test {
 protected:
  void SetUp() override {
    const int status = end_of([] {});
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
      GTEST_SKIP() << "SKIPPED: no seccomp here, or a sanitizer that needs more rights";
    ASSERT_EQ(status, 0);
  }
};

TEST_F(Sandbox, LetsMemoryAndOpenDescriptorsBeUsed) {
  const int file = ::open("/proc/self/exe", O_RDONLY);
  ASSERT_GE(file, 0);
  EXPECT_EQ(end_of([file] {
              std::vector<char> bytes(1 << 22, 'x');
              if (::pread(file, bytes.data(), 4, 0) != 4) ::_exit(1);
              struct stat facts = {};
              if (::fstat(file, &facts) != 0) ::_exit(2);
            }),
            0);
  ::close(file);
}

TEST_F(Sandbox, ForbidsPrograms) {
  EXPECT_TRUE(is_killed(end_of([] {
    char* const none[] = {nullptr};
    ::execve("/bin/true", none, none);
  })));
  EXPECT_TRUE(is_killed(end_of([] { static_cast<void>(::fork()); })));
}

TEST_F(Sandbox, ForbidsTheNetwork) {
  EXPECT_TRUE(is_killed(end_of([] { static_cast<void>(::socket(AF_INET, SOCK_STREAM, 0)); })));
  EXPECT_TRUE(is_killed(end_of([] { static_cast<void>(::socket(AF_UNIX, SOCK_STREAM, 0)); })));
}

TEST_F(Sandbox, ForbidsFiles) {
  EXPECT_TRUE(is_killed(end_of([] { static_cast<void>(::open("/etc/passwd", O_RDONLY)); })));
  EXPECT_TRUE(
      is_killed(end_of([] { static_cast<void>(::open("/tmp/x", O_CREAT | O_RDWR, 0600)); })));
  EXPECT_TRUE(is_killed(end_of([] { static_cast<void>(::unlink("/tmp/x")); })));
  EXPECT_TRUE(is_killed(end_of([] {
    struct stat facts = {};
    static_cast<void>(::stat("/etc/passwd", &facts));
  })));
}

TEST_F(Sandbox, ForbidsWritesBesideItsChannel) {
  EXPECT_EQ(end_of([] { static_cast<void>(::write(kChannel, "", 0)); }), 0);
  EXPECT_TRUE(is_killed(end_of([] { static_cast<void>(::write(1, "", 0)); })));
}

TEST_F(Sandbox, ForbidsMemoryThatCanBeExecuted) {
  EXPECT_TRUE(is_killed(end_of([] {
    static_cast<void>(
        ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  })));
}

TEST_F(Sandbox, ForbidsOtherProcesses) {
  EXPECT_TRUE(is_killed(end_of([] { static_cast<void>(::kill(1, 0)); })));
  EXPECT_TRUE(is_killed(end_of([] { static_cast<void>(::getppid()); })));
}

}  // namespace
