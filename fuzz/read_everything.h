// What a user may do with a checkpoint that opened, all of it.
#pragma once

#include <safe_load/safe_load.h>

#include <cstdlib>
#include <vector>

namespace safe_load {

class KeepAll final : public Sink {
 public:
  Status write(std::span<const std::byte> bytes) override {
    content.insert(content.end(), bytes.begin(), bytes.end());
    return {};
  }
  std::vector<std::byte> content;
};

// What is written of it opens again, and holds as many tensors.
inline void write_again(const Checkpoint& checkpoint) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 20;
  const auto plan = plan_safetensors(checkpoint);
  if (!plan && plan.error().empty()) std::abort();
  if (!plan || plan->byte_count() > kMost) return;
  KeepAll kept;
  if (!write(*plan, kept)) return;  // bytes that cannot be had
  const auto again = Checkpoint::open(kept.content);
  if (kept.content.size() != plan->byte_count() || !again ||
      again->tensors().size() != plan->tensor_count())
    std::abort();
}

// What is fixed opens again with nothing unknown in it, needs no further change, and fixed again it
// is the same bytes.
inline void fix_again(const Checkpoint& checkpoint) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 20;
  const TorchOptions all = {.unknown = Unknown::kRecord, .lossy = true};
  const auto plan = plan_torch(checkpoint, all);
  if (!plan && plan.error().empty()) std::abort();
  if (!plan || plan->byte_count() > kMost) return;
  KeepAll kept;
  if (!write(*plan, kept)) return;  // bytes that cannot be had
  const auto fixed = Checkpoint::open(kept.content);
  if (kept.content.size() != plan->byte_count() || !fixed || fixed->has_unknown_symbols())
    std::abort();
  const auto next = plan_torch(*fixed);
  KeepAll again;
  if (!next || !next->changes().empty() || !write(*next, again) || again.content != kept.content)
    std::abort();
}

inline void read_everything(const Checkpoint& checkpoint) {
  if (to_text(checkpoint, "fuzz").empty() || to_json(checkpoint, "fuzz").empty()) std::abort();
  static_cast<void>(checkpoint.symbols());
  static_cast<void>(checkpoint.state_dict().ok());
  for (const NamedTensor& row : checkpoint.tensors()) {
    const auto size = row.tensor.copy_size();
    if (!size || *size > (1u << 20)) continue;
    std::vector<std::byte> copy(static_cast<std::size_t>(*size));
    static_cast<void>(row.tensor.copy_bytes_to(copy).ok());
    static_cast<void>(row.tensor.statistics().ok());
  }
  write_again(checkpoint);
  fix_again(checkpoint);
  for (const Issue& issue : checkpoint.issues())
    if (issue.message.empty()) std::abort();
}

}  // namespace safe_load
