#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "safe_load/distributed_tensor.h"
#include "sets/rank_name.h"

namespace safe_load {
inline namespace v0 {
namespace {

constexpr std::size_t kMostSteps = 64;  // of a name; the beginning of longer ones is left out

// The set that a file belongs to: "model_world_size_2_rank_*.pt".
std::string set_of(const std::string& file) {
  const auto name = sets::read_rank_name(file);
  if (!name) return base::escaped(file);
  const std::string size =
      name->world_size == 0 ? "" : "_world_size_" + std::to_string(name->world_size) + "_rank_*";
  return base::escaped(std::string(name->stem) + size + std::string(name->end));
}

class RankTensors {
 public:
  void add_file(const std::string& set, const ValueView& value) {
    ++files_[set];
    steps_ = {{kNoStep, 0, ValueView(), value}};
    std::set<std::uint32_t> entered;
    std::vector<std::size_t> open = {0};
    while (!open.empty()) {
      const std::size_t number = open.back();
      open.pop_back();
      const ValueView current = steps_[number].value;
      if (add(set, number) || !entered.insert(current.id()).second) continue;
      const Values content = current.content();
      const std::size_t width = current.is_mapping() ? 2 : 1;
      for (std::size_t i = content.size() / width; i-- > 0;) {
        open.push_back(steps_.size());
        const ValueView key = width == 2 ? content[2 * i] : ValueView();
        steps_.push_back({number, i, key, content[width * i + width - 1]});
      }
    }
  }

  std::vector<RankTensor> take() {
    for (Row& row : rows_) {
      const std::uint64_t files = files_[row.tensor.file];
      std::string& placement = row.tensor.placement;
      if (!row.is_alike) {
        placement = "not alike in the ranks";
      } else if (row.count != files) {
        const std::string part = std::to_string(row.count) + " of " + std::to_string(files);
        placement.insert(0, "in " + part + (placement.empty() ? " ranks" : " ranks, "));
      } else if (placement.empty()) {
        placement = "in every rank";
      }
      found_.push_back(std::move(row.tensor));
    }
    return std::move(found_);
  }

 private:
  struct Row {
    RankTensor tensor;
    std::uint64_t count = 0;
    bool is_alike = true;
  };

  static constexpr std::size_t kNoStep = ~std::size_t{0};

  struct Step {
    std::size_t parent;  // of steps_, or kNoStep
    std::size_t index;
    ValueView key;  // kMissing: the index is the key
    ValueView value;
  };

  std::string name(std::size_t number) const {
    std::vector<std::string> parts;
    for (; steps_[number].parent != kNoStep && parts.size() < kMostSteps;
         number = steps_[number].parent) {
      const Step& step = steps_[number];
      const auto key = step.key.get<std::int64_t>();
      parts.push_back(step.key.is_missing() ? std::to_string(step.index)
                      : key                 ? std::to_string(*key)
                                            : base::escaped(step.key.get_or<std::string>("?")));
    }
    std::string text = steps_[number].parent == kNoStep ? "" : "...";
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      text += (text.empty() ? "" : ".") + *part;
    return text;
  }

  // Whether the value of the step is a tensor.
  bool add(const std::string& set, std::size_t number) {
    const ValueView& value = steps_[number].value;
    const auto whole = distributed_tensor(value);
    const auto local = whole ? whole->local.tensor() : value.tensor();
    if (!local) return false;
    const std::string name = this->name(number);
    RankTensor tensor{set, name, local->dtype(), whole ? whole->shape : local->shape(),
                      whole ? to_text(*whole) : ""};
    const auto [at, is_new] = index_.try_emplace({set, name}, rows_.size());
    if (is_new) rows_.push_back({tensor});
    Row& row = rows_[at->second];
    ++row.count;
    row.is_alike = row.is_alike && row.tensor.dtype == tensor.dtype &&
                   row.tensor.shape == tensor.shape && row.tensor.placement == tensor.placement;
    return true;
  }

  std::vector<Step> steps_;  // of one file
  std::map<std::string, std::uint64_t> files_;
  std::map<std::pair<std::string, std::string>, std::size_t> index_;
  std::vector<Row> rows_;
  std::vector<RankTensor> found_;
};

}  // namespace

std::vector<RankTensor> rank_tensors(const Checkpoint& checkpoint) {
  if (checkpoint.container().format != Format::kRankFiles) return {};
  RankTensors tensors;
  const Values files = checkpoint.root().items();
  for (std::size_t i = 0; i + 1 < files.size(); i += 2)
    tensors.add_file(set_of(files[i].get_or<std::string>("")), files[i + 1]);
  return tensors.take();
}

}  // namespace v0
}  // namespace safe_load
