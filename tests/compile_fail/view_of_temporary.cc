// What a Checkpoint gives is a view of it, which would dangle at the end of the line.
#include <safe_load/checkpoint.h>

void look() {
#ifdef CONTROL
  const auto opened = safe_load::Checkpoint::open("model.pt");
  static_cast<void>(opened->GETTER);
#else
  static_cast<void>(safe_load::Checkpoint::open("model.pt")->GETTER);
#endif
}

#ifndef CONTROL
void look(safe_load::Checkpoint checkpoint) { static_cast<void>(std::move(checkpoint).GETTER); }
#endif
