// root() of a Checkpoint that dies at the end of the line: the view would dangle.
#include <safe_load/checkpoint.h>

safe_load::ValueView root() {
  auto opened = safe_load::Checkpoint::open("model.pt");
#ifdef CONTROL
  return opened->root();
#else
  return (*std::move(opened)).root();
#endif
}
