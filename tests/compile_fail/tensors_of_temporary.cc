// tensors() of a Checkpoint that dies at the end of the line: every view would dangle.
#include <safe_load/checkpoint.h>

std::size_t count(safe_load::Checkpoint checkpoint) {
#ifdef CONTROL
  return checkpoint.tensors().size();
#else
  return std::move(checkpoint).tensors().size();
#endif
}
