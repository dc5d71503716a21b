// `safe-load show FILE PATH`: one value or tensor.
#include <safe_load/safe_load.h>

#include "commands.h"
#include "terminal.h"

namespace cli {
namespace {

using safe_load::Result;
using safe_load::ValueView;

// What a path leads to, and which part of its elements is asked for, of name[0:3, :2].
struct Asked {
  ValueView value;
  std::string part;
  bool has_part = false;
};

Result<Asked> find(const safe_load::Checkpoint& checkpoint, const std::string& path) {
  auto whole = checkpoint.find(path);
  if (whole) return Asked{*whole, "", false};
  const std::size_t bracket = path.rfind('[');
  if (bracket == std::string::npos || bracket == 0 || !path.ends_with(']')) return whole.error();
  const auto value = checkpoint.find(path.substr(0, bracket));
  if (!value || value->is_dict() || value->size() != 0) return whole.error();
  return Asked{*value, path.substr(bracket + 1, path.size() - bracket - 2), true};
}

Result<std::string> report(const safe_load::Checkpoint& checkpoint, const Options& options) {
  auto asked = find(checkpoint, options.path);
  if (!asked) return asked.error();
  if (options.json && asked->has_part)
    return safe_load::Error(safe_load::ErrorCode::kMismatch, "a part has no form in JSON")
        .about(options.path);
  if (options.json) return safe_load::to_json(checkpoint, asked->value);
  if (!asked->has_part) return safe_load::to_text(checkpoint, asked->value, text_options(options));
  auto part = safe_load::part_to_text(asked->value, asked->part, text_options(options));
  if (!part) return part.error();
  return *part + '\n';
}

}  // namespace

int show(const Options& options) {
  const auto opened = safe_load::Checkpoint::open(options.file, {.verify = options.verify});
  if (!opened) {
    if (options.json && !print(safe_load::to_json(opened.error(), options.file))) return kFailed;
    complain(safe_load::printable(options.file), opened.error().text());
    return kFailed;
  }
  const auto text = report(*opened, options);
  if (!text) {
    std::string why(text.error().reason());
    if (!text.error().subject().empty()) why.append(": ").append(text.error().subject());
    complain(safe_load::printable(options.file), why);
    return kFailed;
  }
  return print(*text) ? kDone : kFailed;
}

}  // namespace cli
