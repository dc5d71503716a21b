#include <algorithm>

#include "base/text.h"
#include "safe_load/result.h"

namespace safe_load {
inline namespace v0 {

Error Error::about(std::string_view subject) const {
  Error named = *this;
  const std::string text = base::shortened(subject, kMaxSubject, base::Around::kNothing);
  std::copy(text.begin(), text.end(), named.subject_);
  named.subject_size_ = static_cast<std::uint8_t>(text.size());
  return named;
}

}  // namespace v0
}  // namespace safe_load
