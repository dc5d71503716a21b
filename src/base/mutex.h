// Mutex, Lock and Once: of the standard library, and nothing where there are no threads.
#pragma once

#if defined(__wasi__) && !defined(_REENTRANT)
#define SAFE_LOAD_HAS_NO_THREADS
#else
#include <mutex>
#endif

namespace safe_load::base {

#ifdef SAFE_LOAD_HAS_NO_THREADS

struct Mutex {};

class Lock {
 public:
  explicit Lock(Mutex&) {}
};

class Once {
 public:
  template <class Do>
  void call(Do&& make) {
    if (is_done_) return;
    make();
    is_done_ = true;
  }

 private:
  bool is_done_ = false;
};

#else

using Mutex = std::mutex;
using Lock = std::scoped_lock<std::mutex>;

class Once {
 public:
  template <class Do>
  void call(Do&& make) {
    std::call_once(flag_, make);
  }

 private:
  std::once_flag flag_;
};

#endif

}  // namespace safe_load::base
