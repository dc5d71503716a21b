// Object paths: $["model"][0].weight, as errors and listings print them, read back.
#include <optional>

#include "base/text.h"
#include "safe_load/checkpoint.h"

namespace safe_load {
namespace {

// One step of a path: a text key, an integer key or index, or an attribute.
class PathReader {
 public:
  explicit PathReader(std::string_view rest) : rest_(rest) {}

  bool at_end() const { return rest_.empty(); }

  // Nothing if the path is malformed here.
  std::optional<ValueView> step_from(const ValueView& value) {
    if (rest_.starts_with('.')) {
      rest_.remove_prefix(1);
      const std::string_view name = take_until(".[");
      const ValueView attribute = value.attribute(name);
      return attribute.is_missing() ? value[name] : attribute;
    }
    if (!rest_.starts_with('[')) return std::nullopt;
    rest_.remove_prefix(1);
    if (rest_.starts_with('"')) {
      const auto key = take_quoted();
      if (!key || !take(']')) return std::nullopt;
      return value[*key];
    }
    const auto index = base::parse_int64(take_until("]"));
    if (!index || !take(']')) return std::nullopt;
    return value[*index];
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view take_until(std::string_view stops) {
    const std::string_view part = rest_.substr(0, rest_.find_first_of(stops));
    rest_.remove_prefix(part.size());
    return part;
  }

  // The reverse of base::quoted, as far as a person types it.
  std::optional<std::string> take_quoted() {
    rest_.remove_prefix(1);
    std::string text;
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\' && rest_.size() > 1) {
        rest_.remove_prefix(1);
        constexpr std::string_view kLetters = "ntr";
        const std::size_t letter = kLetters.find(rest_.front());
        text += letter == std::string_view::npos ? rest_.front() : "\n\t\r"[letter];
      } else {
        text += rest_.front();
      }
      rest_.remove_prefix(1);
    }
    return take('"') ? std::optional(text) : std::nullopt;
  }

  std::string_view rest_;
};

}  // namespace

Result<ValueView> Checkpoint::find(std::string_view object_path) const& {
  if (!object_path.starts_with('$'))
    return Error(ErrorCode::kMismatch, "an object path begins with $").about(object_path);
  PathReader reader(object_path.substr(1));
  ValueView value = root();
  while (!reader.at_end()) {
    const auto next = reader.step_from(value);
    if (!next) return Error(ErrorCode::kMismatch, "not an object path").about(object_path);
    if (next->is_missing())
      return Error(ErrorCode::kMismatch, "nothing at this path").about(object_path);
    value = *next;
  }
  return value;
}

}  // namespace safe_load
