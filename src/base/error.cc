#include <algorithm>

#include "base/text.h"
#include "safe_load/result.h"

namespace safe_load {
inline namespace v0 {

Error Error::about(std::string_view subject) const {
  Error named = *this;
  const std::string text = base::shortened(subject, kMaxSubject, base::Around::kNothing);
  named.subject_size_ = static_cast<std::uint8_t>(std::min(text.size(), kMaxSubject));
  std::copy_n(text.begin(), named.subject_size_, named.subject_);
  return named;
}

}  // namespace v0
}  // namespace safe_load
