// A Result that nobody looks at: an error would go unseen.
#include <safe_load/checkpoint.h>

void open_it() {
#ifdef CONTROL
  if (!safe_load::Checkpoint::open("model.pt")) return;
#else
  safe_load::Checkpoint::open("model.pt");
#endif
}
