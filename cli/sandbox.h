// What a process that reads hostile files gives up before it begins.
#pragma once

namespace cli {

enum class Sandbox {
  kFull,         // seccomp, and Landlock where the kernel has it
  kUnavailable,  // not Linux, no seccomp, or a build with a sanitizer, which needs more rights
};

// From here on this process may read the descriptors that it holds, receive more and write to
// `channel`; it can open nothing, run nothing and connect to nothing. What else it asks for kills
// it. Not undone.
Sandbox give_up_rights(int channel);

}  // namespace cli
