// A Reason made of text that may come from a file: it could dangle, or deceive a terminal.
#include <safe_load/result.h>

safe_load::Error refuse(const char* text) {
#ifdef CONTROL
  static_cast<void>(text);
  return safe_load::Error(safe_load::ErrorCode::kCorrupt, "text");
#else
  return safe_load::Error(safe_load::ErrorCode::kCorrupt, text);
#endif
}
