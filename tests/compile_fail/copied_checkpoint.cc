// A copied Checkpoint: its views belong to one owner.
#include <safe_load/checkpoint.h>

#include <utility>

safe_load::Checkpoint twin(safe_load::Checkpoint checkpoint) {
#ifdef CONTROL
  safe_load::Checkpoint other = std::move(checkpoint);
#else
  safe_load::Checkpoint other = checkpoint;
#endif
  return other;
}
