// What becomes of each value of a checkpoint in a file that torch's weights_only reader takes.
#pragma once

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "api/state.h"
#include "base/bytes.h"
#include "safe_load/value.h"
#include "safe_load/write.h"
#include "writing/plain_values.h"

namespace safe_load::api {

// The bytes of one record: a part of a storage, or what stands in memory.
struct PlainStorage {
  writing::PlainValues::Id value = 0;
  std::uint32_t storage = 0;  // its number, unless there is `content`
  base::Bytes content = {};
  std::uint32_t item_size = 1;  // of what its class counts
  std::uint32_t unit = 1;       // bytes that a file of the other byte order reverses together
  std::uint64_t whole = 0;      // bytes of the storage
  std::uint64_t begin = ~std::uint64_t{0};  // the bytes that are written: [begin, end)
  std::uint64_t end = 0;
};

// Takes a checkpoint apart. Nothing is written until every value has its form.
class PlainForm {
 public:
  using Id = writing::PlainValues::Id;

  // Both must outlive this.
  PlainForm(const Checkpoint& checkpoint, const State& state, const TorchOptions& options)
      : checkpoint_(checkpoint), state_(state), options_(options) {}

  // The whole object. Then changes() and refusals() are complete.
  Id build(const ValueView& root);

  writing::PlainValues& values() { return values_; }
  std::vector<PlainStorage>& storages() { return storages_; }
  std::vector<Change>& changes() { return changes_; }
  std::vector<Issue>& refusals() { return refusals_; }
  std::size_t tensor_count() const { return offsets_.size(); }
  // Bytes that storages refer to.
  std::deque<std::vector<std::byte>> take_contents() { return std::move(contents_); }

 private:
  // A container whose parts come later.
  struct Open {
    ValueView value;
    Id id;
    bool is_in_key;
  };
  // The keys of a dict or the members of a set, some of which are written as others.
  struct Keys {
    ValueView holder;
    std::vector<std::pair<ValueView, Id>> forms;
  };
  // A number of a tensor that depends on where its storage is cut.
  struct Offset {
    Id id;
    std::size_t storage;
    std::uint64_t bytes;
    std::uint64_t item_size;
  };
  using Kind = writing::PlainValues::Kind;

  // ---- what becomes of a value

  Id form(const ValueView& value, bool is_in_key = false);
  Id make(const ValueView& value, bool is_in_key);
  Id make_small(const ValueView& value);
  Id make_record(const ValueView& value);
  // kNothing for values of other kinds.
  Id make_torch_record(const ValueView& value);
  Id make_time(const ValueView& value);
  Id make_text_record(const ValueView& value);
  Id make_holder(const ValueView& value);
  Id make_random_state(const ValueView& value);
  Id no_form(const ValueView& value);
  Id make_unknown(const ValueView& value);
  Id make_scalar(const ValueView& value);
  Id make_array(const ValueView& value);
  Id unsigned_integer(std::uint64_t number);
  Id make_text(const ValueView& value);
  Id make_bytes(base::Bytes bytes);
  Id make_tensor(const ValueView& value);
  Id make_storage(const ValueView& value);
  Id make_module(const ValueView& value);
  Id make_number_array(const ValueView& value);
  bool has_other_tensors(const ValueView& module, const StateDict& weights);
  Id dict_of(std::initializer_list<std::pair<std::string_view, Id>> pairs);
  Id open(const ValueView& value, Kind kind, bool is_in_key = false);
  Id real_or_whole(const ValueView& value);

  void fill(const Open& open);
  void fill_unknown(const Open& open);
  void fill_array(const Open& open);
  void fill_dict(const Open& open, std::vector<Id> parts, Values items);
  bool is_dropped(const ValueView& value) const;
  void check_later(Keys keys);
  void check_keys(const Keys& keys);

  // Whether an object has attributes beside these.
  static bool has_others(const ValueView& value, std::initializer_list<std::string_view> names);

  // ---- tensors

  Id plain_tensor(const ValueView& value, const TensorView& tensor, bool requires_grad);
  Id tensor_over(std::size_t storage, DType dtype, std::uint64_t offset,
                 std::span<const std::int64_t> sizes, std::span<const std::int64_t> strides,
                 bool requires_grad, bool conj, bool neg);
  std::size_t storage_for(const StorageView& storage, DType dtype, bool is_untyped);
  std::size_t storage_of(base::Bytes content, DType dtype, bool is_foreign);
  std::size_t whole_storage(base::Bytes content, DType dtype, bool is_foreign);
  Id text_item(const ValueView& value, base::Bytes item, std::string_view type);
  PlainStorage& add_storage(DType dtype, bool is_untyped, bool is_foreign);
  Id numbers(std::span<const std::int64_t> numbers);
  Id global_of(DType dtype) { return values_.global("torch", name(dtype)); }
  Id no_hooks();
  void cut();

  // ---- what is told

  Id as(const ValueView& value, std::string to, Id id);
  Id as_text(const ValueView& value, std::string text);
  Id refuse_damaged(const ValueView& value);
  Id changed(const ValueView& value, Change::Kind kind, std::string to, Id id);
  Id refuse(const ValueView& value, const Error& error, std::string hint);

  const Checkpoint& checkpoint_;
  const State& state_;
  const TorchOptions& options_;
  writing::PlainValues values_;
  std::unordered_map<std::uint32_t, Id> made_;
  std::unordered_map<std::uint32_t, Id> made_as_key_;
  static constexpr std::uint64_t kMostLooks = std::uint64_t{1} << 24;  // at parts of modules
  std::uint64_t looked_at_ = 0;
  int depth_ = 0;
  std::vector<Open> open_;
  std::vector<Keys> keys_;
  std::vector<PlainStorage> storages_;
  std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, std::size_t> by_storage_;
  std::unordered_set<std::uint32_t> seen_storages_;
  std::vector<Offset> offsets_;
  std::deque<std::vector<std::byte>> contents_;
  std::vector<Change> changes_;
  std::vector<Issue> refusals_;
  std::unordered_map<std::string_view, const Issue*>
      damaged_;  // by path; made when first asked for
};

}  // namespace safe_load::api
