// TensorBuilder: tensors as objects of torch, NumPy or our own, sharing storages as the file says.
#pragma once

#include <nanobind/nanobind.h>
#include <safe_load/checkpoint.h>

#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "dlpack.h"
#include "torch_abi.h"

namespace safe_load_python {

// What a maker says of the devices that storages were saved from, each asked for once.
class DeviceAnswers {
 public:
  explicit DeviceAnswers(nanobind::object ask) : ask_(std::move(ask)) {}
  // `location`: text of the checkpoint.
  bool operator()(std::string_view location);

 private:
  nanobind::object ask_;
  std::map<std::string_view, bool> answers_;
  std::string_view last_;  // nearly all storages have one and the same
  bool last_answer_ = false;
};

// A tensor that is the only user of its storage and covers it is handed over as it is. All others
// become views of one object per storage, so that sharing survives.
class TensorBuilder {
 public:
  // `wanted`: the values that will be built, and their kinds; all users of a storage are among
  // them.
  TensorBuilder(std::shared_ptr<const safe_load::Checkpoint> checkpoint, nanobind::handle makers,
                const std::vector<std::uint32_t>& wanted,
                const std::vector<safe_load::ValueKind>& kinds);

  // Reads the bytes of all wanted storages that stay in host memory. Ends with an exception that a
  // signal raised, such as KeyboardInterrupt.
  void read_ahead();

  nanobind::object tensor(const safe_load::TensorView& tensor);
  nanobind::object storage_value(const safe_load::StorageView& storage);
  // The storage object that the makers made. Elements of different sizes share it, unless their
  // bytes are swapped.
  nanobind::object storage(const safe_load::StorageView& storage, std::size_t unit);

 private:
  void count_users(const std::vector<std::uint32_t>& wanted,
                   const std::vector<safe_load::ValueKind>& kinds);
  // REQUIRES: a type that DLPack carries.
  nanobind::object hand_over(const DLView& view, std::shared_ptr<const void> owner);
  bool covers_alone(const safe_load::TensorView& tensor, const safe_load::StorageView& storage,
                    const safe_load::Dims& shape, const safe_load::Dims& strides) const;

  std::shared_ptr<const safe_load::Checkpoint> checkpoint_;
  nanobind::handle makers_;
  bool has_torch_;
  bool makes_arrays_;
  bool may_swap_;  // bytes of the file or of a checkpoint in its pickle, which is little-endian
  std::vector<std::uint32_t> users_;  // by storage
  std::optional<TorchAbi> abi_;
  std::optional<DLExchange> exchange_;  // for what the other does not take, or is not there for
  std::map<std::pair<std::uint32_t, std::size_t>, nanobind::object> storages_;
  std::map<std::uint32_t, nanobind::object> storage_values_;  // those that stand as values
  DeviceAnswers is_direct_;  // whether tensors of a device stay in host memory as they are
};

}  // namespace safe_load_python
