// Checkpoint: an open PyTorch checkpoint. Opening reads its directory and its pickle, runs nothing
// and reads no tensor byte.
//
//   auto opened = safe_load::Checkpoint::open("model.pt");
//   if (!opened) { std::cerr << opened.error() << '\n'; return 2; }
//   for (const auto& row : opened->tensors()) std::cout << row.name << '\n';
//
// Everything that comes out of it is a view and lives as long as it does. `const` is safe to share
// between threads. Only std::bad_alloc may be thrown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "safe_load/container_info.h"
#include "safe_load/export.h"
#include "safe_load/issue.h"
#include "safe_load/open_options.h"
#include "safe_load/result.h"
#include "safe_load/source.h"
#include "safe_load/tensor.h"
#include "safe_load/value.h"

namespace safe_load::api {
struct Input;
}
namespace safe_load::records {
class WeightNames;
}

namespace safe_load {
inline namespace v0 {

class Plan;
struct Refusal;
struct SafetensorsOptions;
struct TorchOptions;

struct NamedTensor {
  std::string name;  // keys and attributes joined by dots: model.fc.bias, as state_dict() has them
  TensorView tensor;
  std::string path;            // $["model"]["fc.bias"]
  bool is_alias = false;       // the very same tensor was listed before under another name
  std::uint32_t value_id = 0;  // Checkpoint::value of it
};

// A name that the file asks for.
struct SymbolUse {
  std::string name;          // "numpy.ndarray", escaped
  bool is_known = false;     // a value, or a record of a known package that reads as the object did
  bool is_called = false;    // a class or function that was called; else it stands as a value
  std::uint64_t count = 0;   // places
  std::string object_path;   // of the first place; "" if it is not part of the result
  std::uint64_t offset = 0;  // of the first GLOBAL, in the pickle
  std::string_view danger = {};  // of a name that is called and known to be bad: what it does, as a
                                 // sentence; "" for others, which says nothing about them
};

// Tensors by name, in file order.
class SAFE_LOAD_EXPORT StateDict {
 public:
  using Item = std::pair<std::string, TensorView>;

  std::size_t size() const { return items_.size(); }
  std::vector<Item>::const_iterator begin() const { return items_.begin(); }
  std::vector<Item>::const_iterator end() const { return items_.end(); }

  // kMismatch if there is no tensor of this name. Takes time in proportion to size().
  Result<TensorView> at(std::string_view name) const;

  // Takes "module." or the like off every name that begins with it, and a prefix that wrappers put
  // (usual_prefixes()) off wherever it stands. kAmbiguous, with the name, if two names become one;
  // then all stay as they were.
  Status strip_prefix(std::string_view prefix);

 private:
  friend class records::WeightNames;
  std::vector<Item> items_;
};

// One place in the result where a value stands, while Checkpoint::for_each visits it.
class SAFE_LOAD_EXPORT Place {
 public:
  ValueView value() const { return value_; }
  ValueView owner() const;                           // what holds it; for the root, the root
  bool was_visited() const { return was_visited_; }  // the same object stood at an earlier place
  bool is_key() const { return is_key_; }            // of a dict
  bool is_inside_record() const { return is_inside_record_; }  // an argument, or a part of one
  bool is_aside() const { return is_aside_; }  // what a config says about itself, or a part of that
  std::string path() const;                    // $["model"]["fc.bias"]
  std::string name() const;                    // model.fc.bias, without the tables of modules

 private:
  friend class Checkpoint;
  Place(const void* edge, const ValueView& value) : edge_(edge), value_(value) {}

  const void* edge_;
  ValueView value_;
  bool was_visited_ = false;
  bool is_key_ = false;
  bool is_inside_record_ = false;
  bool is_aside_ = false;
};

class SAFE_LOAD_EXPORT Checkpoint {
 public:
  using OwnsViews = void;  // opened->tensors() compiles, open("model.pt")->tensors() does not

  // `path` is UTF-8: a file, or the folder or the index of a set of files (a sharded set, what
  // torch.distributed.checkpoint saves), all of which are then open. The error is an Issue: what,
  // where, what the file really is, and what to do.
  static Result<Checkpoint, Issue> open(std::string_view path, const OpenOptions& options = {});

  // Borrows the bytes: they must outlive the checkpoint and everything shared from it.
  static Result<Checkpoint, Issue> open(std::span<const std::byte> bytes,
                                        const OpenOptions& options = {});
  // Owns the bytes. Storages in them that begin at a multiple of 64 bytes are not copied.
  static Result<Checkpoint, Issue> open(SharedBytes bytes, const OpenOptions& options = {});
  static Result<Checkpoint, Issue> open(std::vector<std::byte>&& bytes,
                                        const OpenOptions& options = {});
  // Reads from the source, for as long as the checkpoint or anything shared from it lives. The
  // index of a set leads to its siblings.
  static Result<Checkpoint, Issue> open(std::shared_ptr<const Source> source,
                                        const OpenOptions& options = {});
  // A file that somebody else opened, from byte `start` to its end. The descriptor is duplicated;
  // its position is not used.
  static Result<Checkpoint, Issue> open_descriptor(int descriptor, std::uint64_t start,
                                                   const OpenOptions& options = {});

  Checkpoint(Checkpoint&&) noexcept;
  Checkpoint& operator=(Checkpoint&&) noexcept;
  ~Checkpoint();

  const ContainerInfo& container() const&;
  const ContainerInfo& container() const&& = delete;

  // The saved object.
  ValueView root() const&;
  ValueView root() const&& = delete;

  // Every value has a number below this, and its parts have smaller ones, other than those of
  // mutable containers, opaque objects and sparse tensors.
  std::uint32_t value_count() const;
  ValueView value(std::uint32_t id) const&;  // REQUIRES: id < value_count()
  ValueView value(std::uint32_t id) const&& = delete;
  // The numbers of this value and of all its parts, in ascending order.
  std::vector<std::uint32_t> reachable_from(const ValueView& value) const;

  // Visits every place in the result in file order: a container before its parts, and its parts
  // only at its first place. Does not recurse.
  void for_each(const std::function<void(const Place&)>& visit) const&;
  void for_each(const std::function<void(const Place&)>& visit) const&& = delete;

  // Every tensor in the result, in file order, once for each place where it stands.
  std::vector<NamedTensor> tensors() const&;
  std::vector<NamedTensor> tensors() const&& = delete;
  std::uint32_t storage_count() const;
  // Reads these storages into memory, several at once; later calls of StorageView::bytes() cost
  // nothing. What cannot be read gives its error then. Ends early if `keep_going`, which is called
  // now and then by this thread, says no. Does nothing for what is mapped. Thread-safe.
  void read_ahead(std::span<const std::uint32_t> storages,
                  const std::function<bool()>& keep_going = {}) const;
  StorageView storage(std::uint32_t id) const&;  // REQUIRES: id < storage_count()
  StorageView storage(std::uint32_t id) const&& = delete;

  // The weights: a module at the root, or the one dict of tensors or module among the parts of the
  // root, under whatever key, or else the tensors of the root itself. Of several parts the one
  // under a key of usual_weight_keys() counts; a dict with nothing but single numbers does not
  // beside others, nor does what training_words() tell from weights. kAmbiguous, with the keys, if
  // more than one could be meant, such as a dict with tensors further down, and kMismatch if none.
  //
  // A whole module (torch.nn, torch.fx, TorchScript) is walked as torch would. No weight is left
  // out silently: kUnsupported, with its name, if one is not a plain tensor (sparse, nested,
  // distributed, of a class of its own, damaged, without data, an array of NumPy, tensors in a
  // container of their own) or has no name; kAmbiguous if two have one name; kCorrupt for a module
  // inside itself, which has no end; kLimit for modules that share modules until their names cost
  // more than kMostNameCost.
  Result<StateDict> state_dict() const&;
  Result<StateDict> state_dict() const&& = delete;
  // Those to which a key leads: an object path ($["nets"]["g"], and $ for the root), or keys joined
  // by dots (nets.g). Of several keys the first counts that is there and is not None. kMismatch if
  // none is, or if no weights are there.
  Result<StateDict> state_dict(std::string_view key) const&;
  Result<StateDict> state_dict(std::string_view key) const&& = delete;
  Result<StateDict> state_dict(std::initializer_list<std::string_view> keys) const&;
  Result<StateDict> state_dict(std::initializer_list<std::string_view> keys) const&& = delete;
  Result<StateDict> state_dict(std::span<const std::string_view> keys) const&;
  Result<StateDict> state_dict(std::span<const std::string_view> keys) const&& = delete;

  // What an object path such as $["model"]["fc.bias"] or $["args"].lr leads to, or the first value
  // with a dotted name, as tensors() has it: model.fc.bias. kMismatch if nothing is there, which
  // says what name is near.
  Result<ValueView> find(std::string_view object_path) const&;
  Result<ValueView> find(std::string_view object_path) const&& = delete;
  // The path of a value; "" if it is not part of the result.
  std::string path(const ValueView& value) const;

  std::vector<SymbolUse> symbols() const;
  bool has_unknown_symbols() const;

  // Values that could not be built. The rest is as it was saved.
  const std::vector<Issue>& issues() const&;
  const std::vector<Issue>& issues() const&& = delete;

  // ValueView::check_elements for everything below `value`: reads the indices of sparse, nested and
  // jagged tensors and the parameters of quantized ones, which opening leaves alone.
  std::vector<Issue> check_elements(const ValueView& value) const;

 private:
  friend std::vector<Refusal> torch_refusals(const Checkpoint&, std::string_view);
  friend Result<Plan, std::vector<Issue>> plan_safetensors(const Checkpoint&,
                                                           const SafetensorsOptions&);
  friend Result<Plan, std::vector<Issue>> plan_torch(const Checkpoint&, const TorchOptions&);
  explicit Checkpoint(std::unique_ptr<api::State> state);
  static Result<Checkpoint, Issue> open_input(Result<api::Input, Issue> input,
                                              const OpenOptions& options);
  std::unique_ptr<api::State> state_;
};

}  // namespace v0
}  // namespace safe_load
