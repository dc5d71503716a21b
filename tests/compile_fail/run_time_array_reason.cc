// A Reason made of a buffer that is filled at run time: it has the type of a literal and is none.
#include <safe_load/result.h>

safe_load::Error refuse(char first) {
#ifdef CONTROL
  static_cast<void>(first);
  return safe_load::Error(safe_load::ErrorCode::kCorrupt, "xxx");
#else
  const char text[4] = {first, 'x', 'x', '\0'};
  return safe_load::Error(safe_load::ErrorCode::kCorrupt, text);
#endif
}
