// Down from the values to all that lies in them, and back up from the tensors that were met.
#include "records/tensor_holders.h"

#include <unordered_map>

#include "records/weights.h"

namespace safe_load::records {

TensorHolders::TensorHolders(const std::vector<ValueView>& values, bool arrays, Of wanted) {
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> parents;
  std::vector<ValueView> waiting;
  std::vector<std::uint32_t> reached;
  const auto meet = [&](const ValueView& value) {
    if (parents.try_emplace(value.id()).second) waiting.push_back(value);
  };
  for (const ValueView& value : values) meet(value);
  while (!waiting.empty()) {
    const ValueView value = waiting.back();
    waiting.pop_back();
    if (is_weight(value, arrays)) {
      if (wanted == Of::kAnyTensor || !is_number(value)) reached.push_back(value.id());
      continue;
    }
    const auto add = [&](const ValueView& part) {
      meet(part);
      parents[part.id()].push_back(value.id());
    };
    if (value.is_dict()) {
      const Values pairs = value.items();
      for (std::size_t i = 0; i + 1 < pairs.size(); i += 2)
        if (!is_beside_weights(pairs[i], pairs[i + 1])) add(pairs[i + 1]);
      continue;
    }
    for (const Values& parts :
         {value.items(), value.arguments(), value.keywords(), value.list_items(),
          value.dict_items(), value.set_items(), value.states()})
      for (const ValueView& part : parts) add(part);
  }
  while (!reached.empty()) {
    const std::uint32_t id = reached.back();
    reached.pop_back();
    if (!holders_.insert(id).second) continue;
    const std::vector<std::uint32_t>& above = parents[id];
    reached.insert(reached.end(), above.begin(), above.end());
  }
}

}  // namespace safe_load::records
