// Checkpoint::state_dict(), and StateDict.
#include <algorithm>
#include <set>
#include <string>

#include "base/try.h"
#include "records/find_weights.h"
#include "records/modules.h"
#include "records/weights.h"
#include "safe_load/checkpoint.h"
#include "safe_load/weights.h"

namespace safe_load {
inline namespace v0 {
namespace {

Result<StateDict> read(const Result<records::FoundWeights>& found) {
  if (!found) return found.error();
  records::WeightNames names;
  SAFE_LOAD_TRY(records::is_module(found->holder)
                    ? records::add_module(found->holder, names)
                    : records::add_weights(found->holder, found->arrays, names));
  return names.take();
}

// Without every part that is the prefix.
std::string without_parts(std::string_view name, std::string_view prefix) {
  std::string left;
  while (!name.empty()) {
    if (name.starts_with(prefix)) {
      name.remove_prefix(prefix.size());
      continue;
    }
    const std::size_t end = std::min(name.find('.'), name.size() - 1) + 1;
    left += name.substr(0, end);
    name.remove_prefix(end);
  }
  return left;
}

}  // namespace

Result<StateDict> Checkpoint::state_dict() const& { return read(records::find_weights(root())); }

Result<StateDict> Checkpoint::state_dict(std::string_view key) const& {
  return state_dict(std::span(&key, 1));
}

Result<StateDict> Checkpoint::state_dict(std::initializer_list<std::string_view> keys) const& {
  return state_dict(std::span(keys.begin(), keys.size()));
}

Result<StateDict> Checkpoint::state_dict(std::span<const std::string_view> keys) const& {
  return read(records::find_weights(*this, keys));
}

Result<TensorView> StateDict::at(std::string_view name) const {
  for (const Item& item : items_)
    if (item.first == name) return item.second;
  return Error(ErrorCode::kMismatch, "no tensor of this name").about(name);
}

Status StateDict::strip_prefix(std::string_view prefix) {
  if (prefix.empty()) return {};
  const auto usual = usual_prefixes();
  const bool is_anywhere = std::any_of(usual.begin(), usual.end(), [&](const NamePrefix& known) {
    return known.text == prefix && known.is_anywhere;
  });
  std::vector<std::string> stripped;
  std::set<std::string_view> seen;
  stripped.reserve(items_.size());  // so that no name moves
  for (const Item& item : items_) {
    const std::string& name = item.first;
    stripped.push_back(is_anywhere                ? without_parts(name, prefix)
                       : name.starts_with(prefix) ? name.substr(prefix.size())
                                                  : name);
    if (!seen.insert(stripped.back()).second)
      return Error(ErrorCode::kAmbiguous, "two weights of one name without the prefix")
          .about(stripped.back());
  }
  for (std::size_t i = 0; i < items_.size(); ++i) items_[i].first = std::move(stripped[i]);
  return {};
}

}  // namespace v0
}  // namespace safe_load
