#include "report/listing.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_set>

#include "records/origin.h"
#include "report/run_of_scalars.h"
#include "safe_load/record_class.h"
#include "safe_load/report.h"

namespace safe_load::report {
namespace {

// Shown by their parts, unless they have none.
constexpr auto kContainers = std::to_array<ValueKind>(
    {ValueKind::kDict, ValueKind::kOrderedDict, ValueKind::kDefaultDict, ValueKind::kCounter,
     ValueKind::kList, ValueKind::kDeque, ValueKind::kTuple, ValueKind::kSet, ValueKind::kFrozenSet,
     ValueKind::kNamespace, ValueKind::kSimpleNamespace});

// A config, or a node of one.
bool is_shown_by_content(const ValueView& value) {
  if (value.kind() != ValueKind::kOpaque) return false;
  const RecordClass* known = find_record_class(value.module(), value.name());
  if (known == nullptr) return false;
  const bool is_container =
      known->form == RecordForm::kItems || known->form == RecordForm::kContent;
  const bool is_node = !known->attribute.empty() && value.resolved().id() != value.id();
  return is_node || (is_container && !value.content().empty());
}

}  // namespace

Listing collect(const Checkpoint& checkpoint) {
  Listing listing;
  listing.tensors = checkpoint.tensors();
  std::vector<bool> counted(checkpoint.storage_count());
  for (const NamedTensor& row : listing.tensors) {
    listing.distinct_tensors += row.is_alias ? 0 : 1;
    const StorageView storage = row.tensor.storage();
    if (!counted[storage.id()]) listing.storage_bytes += storage.byte_count();
    counted[storage.id()] = true;
  }
  listing.ranks = rank_tensors(checkpoint);
  listing.origins = records::origins(checkpoint);
  for (SymbolUse& use : checkpoint.symbols())
    (use.is_known ? listing.known : listing.unknown).push_back(std::move(use));
  std::unordered_set<std::uint32_t> folded;  // containers whose parts are one row
  checkpoint.for_each([&](const Place& place) {
    if (folded.contains(place.owner().id())) return;
    const ValueView value = place.value();
    const ValueKind kind = value.kind();
    const bool is_container =
        std::find(kContainers.begin(), kContainers.end(), kind) != kContainers.end();
    const bool has_parts = is_container && (value.size() != 0 || !value.states().empty());
    // A record is shown whole: its arguments are not listed again.
    const bool is_shown_elsewhere = place.is_key() || place.is_inside_record() ||
                                    place.is_aside() || has_parts || is_shown_by_content(value);
    if (has_parts && !place.is_inside_record() && !place.is_aside()) {
      if (auto run = run_of_scalars(value)) {
        folded.insert(value.id());
        listing.values.push_back({place.path(), std::string(to_text(kind)), *std::move(run)});
        return;
      }
    }
    if (kind == ValueKind::kArray) ++listing.arrays;
    if (is_shown_elsewhere || kind == ValueKind::kTensor) return;
    listing.values.push_back({place.path(), std::string(to_text(kind)), summary(value)});
  });
  return listing;
}

}  // namespace safe_load::report
