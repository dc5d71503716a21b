#include "report/listing.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

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

// Which dicts are the attributes of a torch.nn.Module.
class ModuleAttributes {
 public:
  bool contain(const ValueView& dict) {
    const auto [known, is_new] = known_.try_emplace(dict.id(), false);
    if (is_new)
      known->second = dict.is_dict() && dict["_parameters"].is_dict() &&
                      dict["_buffers"].is_dict() && dict["_modules"].is_dict();
    return known->second;
  }

 private:
  std::unordered_map<std::uint32_t, bool> known_;  // by value
};

bool is_flag_or_empty(const ValueView& value) {
  const ValueKind kind = value.kind();
  const bool is_container =
      std::find(kContainers.begin(), kContainers.end(), kind) != kContainers.end();
  return kind == ValueKind::kNone || kind == ValueKind::kBool ||
         (is_container && value.size() == 0);
}

// "$.model.training", "$._buffers"
bool is_of_every_module(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('.') + 1);
  return name.starts_with('_') || name == "training";
}

}  // namespace

Listing collect(const Checkpoint& checkpoint, std::size_t most_values) {
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
  ModuleAttributes modules;
  std::unordered_set<std::uint32_t> folded;  // containers whose parts are one row
  std::size_t shown = 0;
  const auto show = [&](ValueRow row) {
    if (most_values != 0 && shown == most_values && !row.is_idle) {
      ++listing.more_values;
      return;
    }
    shown += row.is_idle ? 0 : 1;
    listing.values.push_back(std::move(row));
  };
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
        show({place.path(), std::string(to_text(kind)), *std::move(run)});
        return;
      }
    }
    if (kind == ValueKind::kArray) ++listing.arrays;
    if (is_shown_elsewhere || kind == ValueKind::kTensor) return;
    const bool may_be_idle = is_flag_or_empty(value) && modules.contain(place.owner());
    const bool is_full = most_values != 0 && shown == most_values;
    if (is_full && !may_be_idle) {  // without the words, which are what takes time
      ++listing.more_values;
      return;
    }
    std::string path = place.path();
    const bool is_idle = may_be_idle && is_of_every_module(path);
    show({std::move(path), std::string(to_text(kind)), summary(value), is_idle});
  });
  return listing;
}

}  // namespace safe_load::report
