#include "support/archive_builder.h"

#include "support/checkpoint_builder.h"

namespace test_support {
namespace {

std::string extents(std::initializer_list<std::int64_t> numbers) {
  std::string out;
  for (const std::int64_t number : numbers)
    out += (out.empty() ? "{\"as_int\":" : ",{\"as_int\":") + std::to_string(number) + "}";
  return "[" + out + "]";
}

std::string row(std::string_view name, std::string_view path, bool use_pickle, int dtype,
                const std::string& sizes, const std::string& strides, std::int64_t offset) {
  return "\"" + std::string(name) + "\":{\"path_name\":\"" + std::string(path) +
         "\",\"is_param\":true,\"use_pickle\":" + (use_pickle ? "true" : "false") +
         ",\"tensor_meta\":{\"dtype\":" + std::to_string(dtype) + ",\"sizes\":" + sizes +
         ",\"strides\":" + strides + ",\"storage_offset\":{\"as_int\":" + std::to_string(offset) +
         "},\"requires_grad\":true,\"device\":{\"type\":\"cpu\",\"index\":null},\"layout\":7}}";
}

}  // namespace

std::string package_storage(std::int64_t number, std::int64_t numel,
                            std::string_view storage_class) {
  return tuple({text("storage"), symbol("torch", storage_class), integer(number), text("cpu"),
                integer(numel)}) +
         "Q";
}

std::string package_object(std::string_view module, std::string_view function,
                           std::string_view arguments, std::int64_t id) {
  const std::string made = symbol(module, function);
  const std::string name = text("reduce_package");
  return (id < 0 ? tuple({name, made, arguments}) : tuple({name, integer(id), made, arguments})) +
         "Q";
}

std::string export_config(std::initializer_list<std::string_view> rows) {
  std::string out;
  for (const std::string_view one : rows) out += (out.empty() ? "" : ",") + std::string(one);
  return "{\"config\":{" + out + "}}";
}

std::string export_row(std::string_view name, std::string_view path,
                       std::initializer_list<std::int64_t> sizes,
                       std::initializer_list<std::int64_t> strides, std::int64_t offset) {
  constexpr int kFloat32 = 7;
  return row(name, path, false, kFloat32, extents(sizes), extents(strides), offset);
}

std::string export_row_of(int dtype, bool use_pickle, std::string_view name,
                          std::string_view path) {
  return row(name, path, use_pickle, dtype, extents({1}), extents({1}), 0);
}

}  // namespace test_support
