#include "support/tensor_builder.h"

#include <vector>

namespace test_support {

std::string TensorBuilder::add(std::string_view storage_class, std::string_view bytes,
                               std::size_t item_size) {
  const std::string key = std::to_string(count_++);
  storages_.storage(key, bytes);
  return test_support::storage(key, static_cast<std::int64_t>(bytes.size() / item_size),
                               storage_class);
}

std::string TensorBuilder::contiguous(std::initializer_list<std::int64_t> shape,
                                      std::string_view storage) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape.begin()[i];
  }
  std::string pushed = "(";
  for (const std::int64_t step : strides) pushed += integer(step);
  return rebuild("_rebuild_tensor_v2",
                 {storage, integer(0), integers(shape), pushed + "t", kFalse, ordered_dict()});
}

std::string layout(std::string_view name) {
  return reduce(symbol("torch.serialization", "_get_layout"), {text(name)});
}

std::string sparse(std::string_view layout_name, std::initializer_list<std::string_view> parts) {
  return rebuild("_rebuild_sparse_tensor", {layout(layout_name), tuple(parts)});
}

std::string from_type(std::string_view function, std::string_view tensor_class,
                      std::string_view arguments, std::string_view state) {
  return reduce(symbol("torch._tensor", "_rebuild_from_type_v2"),
                {symbol("torch._utils", function), tensor_class, arguments, state});
}

}  // namespace test_support
