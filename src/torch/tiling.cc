#include "torch/tiling.h"

#include <algorithm>
#include <optional>
#include <set>

#include "base/checked.h"
#include "base/try.h"

namespace safe_load::torch {
namespace {

Error bad(Reason reason) { return Error(ErrorCode::kCorrupt, reason); }

Result<std::uint64_t> volume(std::span<const std::int64_t> sizes) {
  std::uint64_t count = 1;
  bool is_empty = false;
  for (const std::int64_t size : sizes) {
    if (size < 0) return bad("a tensor with a negative size");
    if (size == 0) is_empty = true;
    const auto next =
        base::checked_mul(count, static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1)));
    if (!next || *next > static_cast<std::uint64_t>(INT64_MAX))
      return bad("a tensor with more elements than can be counted");
    count = *next;
  }
  return is_empty ? std::uint64_t{0} : std::uint64_t{count};
}

Status check_inside(std::span<const std::int64_t> sizes, const Box& box) {
  if (box.offsets.size() != sizes.size() || box.sizes.size() != sizes.size())
    return bad("a chunk with another number of dimensions than its tensor");
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const bool is_inside =
        box.offsets[i] >= 0 && box.sizes[i] >= 0 &&
        base::fits(static_cast<std::uint64_t>(box.offsets[i]),
                   static_cast<std::uint64_t>(box.sizes[i]), static_cast<std::uint64_t>(sizes[i]));
    if (!is_inside) return bad("a chunk that reaches out of its tensor");
  }
  return {};
}

bool overlap(const Box& a, const Box& b) {
  for (std::size_t i = 0; i < a.sizes.size(); ++i)
    if (a.offsets[i] >= b.offsets[i] + b.sizes[i] || b.offsets[i] >= a.offsets[i] + a.sizes[i])
      return false;
  return true;
}

// The dimension in which the boxes begin at the most places: few of them are met there at once.
std::size_t busiest_dimension(std::span<const Box* const> boxes, std::size_t dims) {
  std::size_t best = 0;
  std::size_t most = 0;
  for (std::size_t i = 0; i < dims; ++i) {
    std::set<std::int64_t> starts;
    for (const Box* const box : boxes) starts.insert(box->offsets[i]);
    if (starts.size() <= most) continue;
    most = starts.size();
    best = i;
  }
  return best;
}

}  // namespace

Status check_tiling(std::span<const std::int64_t> sizes, std::span<const Box> boxes,
                    base::Budget& work) {
  SAFE_LOAD_TRY_ASSIGN(const std::uint64_t whole, volume(sizes));
  SAFE_LOAD_TRY(work.take(boxes.size() * (sizes.size() + 1)));
  std::uint64_t covered = 0;
  std::vector<const Box*> filled;
  for (const Box& box : boxes) {
    SAFE_LOAD_TRY(check_inside(sizes, box));
    SAFE_LOAD_TRY_ASSIGN(const std::uint64_t count, volume(box.sizes));
    if (count == 0) continue;
    if (count > whole - covered) return bad("chunks of a tensor overlap");
    covered += count;
    filled.push_back(&box);
  }
  if (filled.size() > 1) {
    const std::size_t along = busiest_dimension(filled, sizes.size());
    std::sort(filled.begin(), filled.end(), [along](const Box* a, const Box* b) {
      return a->offsets[along] < b->offsets[along];
    });
    std::vector<const Box*> met;  // those that reach to the one that is looked at
    for (const Box* const box : filled) {
      SAFE_LOAD_TRY(work.take(met.size()));
      std::erase_if(met, [&](const Box* other) {
        return other->offsets[along] + other->sizes[along] <= box->offsets[along];
      });
      if (std::any_of(met.begin(), met.end(),
                      [&](const Box* other) { return overlap(*other, *box); }))
        return bad("chunks of a tensor overlap");
      met.push_back(box);
    }
  }
  if (covered != whole) return bad("chunks leave a part of a tensor out");
  return {};
}

}  // namespace safe_load::torch
