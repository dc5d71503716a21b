#include "support/array_builder.h"

#include "support/checkpoint_builder.h"

namespace test_support {

std::string dtype_state(const DtypeState& state) {
  const std::string version = integer(state.metadata.empty() ? 3 : 4);
  return tuple({version, text(state.order), state.subarray, state.names, state.fields,
                integer(state.size), integer(state.alignment), integer(state.flags),
                state.metadata});
}

std::string dtype_shell(std::string_view type) {
  return reduce(symbol("numpy", "dtype"), {text(type), kFalse, kTrue});
}

std::string dtype(std::string_view type, const DtypeState& state) {
  return build(dtype_shell(type), dtype_state(state));
}

std::string unit(std::string_view name, std::int64_t count) {
  return tuple({kNone, tuple({bytes(name), integer(count), integer(1), integer(1)})});
}

std::string subarray(std::string_view dtype, std::initializer_list<std::int64_t> shape) {
  return tuple({dtype, integers(shape)});
}

std::string structure(std::initializer_list<Field> fields, std::int64_t size,
                      std::int64_t alignment, std::int64_t flags) {
  std::string names = "(";
  std::string entries = "}(";
  for (const Field& field : fields) {
    names += text(field.name);
    entries += text(field.name) + tuple({field.dtype, integer(field.offset)});
  }
  return dtype("V" + std::to_string(size), {.order = "|",
                                            .names = names + "t",
                                            .fields = entries + "u",
                                            .size = size,
                                            .alignment = alignment,
                                            .flags = flags});
}

std::string array_shell() {
  return reduce(symbol("numpy._core.multiarray", "_reconstruct"),
                {symbol("numpy", "ndarray"), integers({0}), bytes("b")});
}

std::string array_state(std::initializer_list<std::int64_t> shape, std::string_view dtype,
                        std::string_view data, std::string_view is_fortran) {
  return tuple({integer(1), integers(shape), dtype, is_fortran, data});
}

std::string array(std::initializer_list<std::int64_t> shape, std::string_view dtype,
                  std::string_view data, std::string_view is_fortran) {
  return build(array_shell(), array_state(shape, dtype, data, is_fortran));
}

std::string scalar(std::string_view dtype, std::string_view data) {
  return reduce(symbol("numpy._core.multiarray", "scalar"), {dtype, data});
}

}  // namespace test_support
