// array_builder: NumPy dtypes and arrays as they stand in pickles; every part of a state can lie.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace test_support {

// The state of a dtype. The defaults are those of a plain number; `metadata` makes it version 4.
struct DtypeState {
  std::string order = "<";
  std::string subarray = "N";
  std::string names = "N";
  std::string fields = "N";
  std::int64_t size = -1;
  std::int64_t alignment = -1;
  std::int64_t flags = 0;
  std::string metadata = "";
};

std::string dtype_state(const DtypeState& state);  // as a tuple
// numpy.dtype(type, False, True), which is then given the state.
std::string dtype(std::string_view type, const DtypeState& state = {});
// The same without a state.
std::string dtype_shell(std::string_view type);
// The metadata of datetime types: (None, (unit, count, 1, 1)).
std::string unit(std::string_view name, std::int64_t count = 1);
// (dtype, shape): the subarray of a state.
std::string subarray(std::string_view dtype, std::initializer_list<std::int64_t> shape);
// {name: (dtype, offset)}, the fields of a state; and a dtype of such fields.
struct Field {
  std::string name;
  std::string dtype;
  std::int64_t offset;
};
std::string structure(std::initializer_list<Field> fields, std::int64_t size,
                      std::int64_t alignment = 1, std::int64_t flags = 16);

// numpy._core.multiarray._reconstruct(numpy.ndarray, (0,), b"b").
std::string array_shell();
// (1, shape, dtype, is_fortran, data).
std::string array_state(std::initializer_list<std::int64_t> shape, std::string_view dtype,
                        std::string_view data, std::string_view is_fortran = "\x89");
std::string array(std::initializer_list<std::int64_t> shape, std::string_view dtype,
                  std::string_view data, std::string_view is_fortran = "\x89");
// numpy._core.multiarray.scalar(dtype, data).
std::string scalar(std::string_view dtype, std::string_view data);

}  // namespace test_support
