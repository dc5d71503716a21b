// What a process that reads hostile files gives up before it begins.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace cli {

// The numbers of the two channels that such a process may have; the filter knows them.
inline constexpr int kControl = 3;  // of the template: which worker to start next
inline constexpr int kChannel = 4;  // of a worker: its file, and its report

// Memory that such a process may have, whatever it reads.
inline constexpr std::uint64_t kMostMemory = std::uint64_t{4} << 30;

// What the system and the build have. Both are missing where a sanitizer needs more rights.
struct Sandbox {
  bool seccomp = false;
  bool landlock = false;
};

// From here on this process and all that it starts have little memory and no new files, programs,
// connections, signals or processes. What asks for more is killed. Not undone. It may still receive
// from kControl, copy itself into a child of its parent, and call give_up_starting().
Sandbox give_up_rights();

// And from here on it may only use memory, read the descriptors that it holds, receive from
// kChannel and write to it. False where seccomp is missing.
bool give_up_starting();

// What another process may have from here on, at most; never more than before.
void limit_memory(pid_t process, std::uint64_t most);

}  // namespace cli
