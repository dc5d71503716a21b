// Small files that between them hold every kind of record and value, for tests that damage them.
#pragma once

#include <string>
#include <vector>

#include "support/archive_builder.h"
#include "support/checkpoint_builder.h"
#include "support/legacy_builder.h"
#include "support/safetensors_builder.h"
#include "support/tar_builder.h"
#include "support/temporary_file.h"

namespace test_support {

struct Fixture {
  std::string name;
  std::string file;
};

// Containers, text of both Pythons, long integers, aliases, an inert object with a state.
inline std::string values_pickle() {
  using namespace std::string_literals;
  const std::string alias = text("shared") + "q\1";
  const std::string object =
      "cm\nModel\n)\x81}(" + text("lr") + "G?PbM\xd2\xf1\xa9\xfc" + text("name") + "h\1ub";
  return "\x80\2}(" + text("list") + "](K\1M\0\1J\xff\xff\xff\xff\x8a\x09\0\0\0\0\0\0\0\0\1e"s +
         text("tuple") + alias + "U\2hi\x86" + text("set") + "cbuiltins\nset\n](K\1K\2e\x85R"s +
         text("object") + object + text("when") + "cdatetime\ndate\nC\4\x07\xe8\2\x1d\x85R"s + "u.";
}

// Two views of one storage, a parameter, and an array and a scalar of NumPy.
inline std::string tensors_pickle() {
  using namespace std::string_literals;
  const std::string hooks = reduce(symbol("collections", "OrderedDict"), {});
  const std::string parameter = reduce(symbol("torch._utils", "_rebuild_parameter"),
                                       {tensor(storage("0", 6), 0, {2, 3}, {3, 1}), "\x88", hooks});
  const std::string dtype =
      build(reduce(symbol("numpy", "dtype"), {text("f8"), "\x89", "\x88"}),
            tuple({integer(3), text("<"), "N", "N", "N", integer(-1), integer(-1), integer(0)}));
  const std::string scalar =
      reduce(symbol("numpy._core.multiarray", "scalar"), {dtype, "C\x08\0\0\0\0\0\0\xe0?"s});
  return "\x80\4" + reduce(symbol("collections", "OrderedDict"), {}) + "(" + text("weight") +
         parameter + text("view") + tensor(storage("0", 6), 1, {2}, {3}) + text("half") +
         tensor(storage("1", 4, "HalfStorage"), 0, {2, 2}, {1, 2}) + text("best") + scalar + "u.";
}

inline std::vector<Fixture> small_fixtures() {
  const std::string six = raw<float>({1, 2, 3, 4, 5, 6});
  const std::string halves(8, '\x3c');
  const auto deflated = ZipBuilder()
                            .deflated("x/data.pkl", tensors_pickle())
                            .deflated("x/byteorder", "big")
                            .deflated("x/data/0", six)
                            .stored("x/data/1", halves)
                            .deflated("x/version", "3\n");
  auto wide = ZipBuilder()
                  .stored("x/data.pkl", values_pickle())
                  .stored("x/.data/version", "6\n")
                  .zip64()
                  .lie_about_end([](auto& end) { end.saturate = true; });
  return {
      {"values", CheckpointBuilder::around(values_pickle()).build()},
      {"tensors",
       CheckpointBuilder::around(tensors_pickle()).storage("0", six).storage("1", halves).build()},
      {"deflated, big-endian", deflated.build()},
      {"zip64", wide.build()},
  };
}

// A parameter, a view of its storage, a storage on its own, a class with its source text.
inline std::string legacy_file(int protocol = 2) {
  const std::string whole = legacy_storage("17", 6);
  const std::string part = legacy_storage("17", 6, "FloatStorage", view_of("18", 2, 4));
  const std::string module =
      tuple({text("module"), symbol("m", "Net"), text("net.py"), text("class Net: pass")}) + "Q";
  return LegacyBuilder(dict({text("w"),
                             rebuild("_rebuild_parameter",
                                     {tensor(whole, 0, {2, 3}, {3, 1}), kTrue, ordered_dict()}),
                             text("v"), tensor(part, 1, {2}, {1}), text("s"),
                             legacy_storage("2", 2, "LongStorage"), text("n"), newobj(module, {})}),
                       protocol)
      .storage("17", raw<float>({1, 2, 3, 4, 5, 6}))
      .storage("2", raw<std::int64_t>({7, 8}), 8)
      .build();
}

// As pickle.dump writes a tensor: its storage is a legacy file inside.
inline std::string bare_pickle() {
  const std::string inner =
      LegacyBuilder(legacy_storage("7", 3)).storage("7", raw<float>({1, 2, 3})).build();
  return pickled(dict({text("w"),
                       tensor(reduce(symbol("torch.storage", "_load_from_bytes"), {bytes(inner)}),
                              0, {3}, {1}),
                       text("n"), list({integer(1), text("two")})}),
                 4);
}

inline std::string tar_file() {
  TarCheckpoint tar;
  tar.value = dict({text("w"), tar_id("21"), text("r"), tar_id(22), text("s"), tar_id(11)});
  tar.storages = {tar_storage(11, raw<float>({1, 2, 3, 4, 5, 6}), 6)};
  tar.views = {tar_view(12, 11, 2, 4)};
  tar.tensors = {tar_tensor(21, 11, {2, 3}, {3, 1}), tar_tensor(22, 12, {2}, {1}, 1)};
  // It ends with the data of its last member.
  const std::uint64_t size = tar.tar().header_offset(3) + 512 + tar.storages_member().size();
  return tar.build().substr(0, static_cast<std::size_t>(size));
}

inline std::string safetensors_file() {
  return safetensors(json_object({"\"__metadata__\":{\"format\":\"pt\"}",
                                  safetensors_entry("a.b", "F32", {2, 1}, 0, 8),
                                  safetensors_entry("c", "BF16", {3}, 8, 14),
                                  safetensors_entry("none", "U8", {0, 2}, 14, 14)}),
                     raw<float>({1, 2}) + "abcdef");
}

inline std::string zip_of_checkpoints() {
  const auto inner = CheckpointBuilder(list({integer(1), storage("0", 1)})).storage("0", "abcd");
  return ZipBuilder()
      .stored("a.pt", legacy_file())
      .deflated("b.zip", ZipBuilder().stored("c.pt", inner.build()).build())
      .stored("d.pkl", bare_pickle())
      .stored("e.txt", "Some text.")
      .build();
}

// A .npy file of version 1 with this header and these bytes.
inline std::string array_file(std::string_view header, std::string_view data) {
  return "\x93NUMPY\1" + std::string(1, '\0') + little(header.size(), 2) + std::string(header) +
         std::string(data);
}

inline std::string array_file() {
  return array_file(
      "{'descr': [('a', '<i4'), ('b', '<f4', (2,))], 'fortran_order': False, 'shape': (2,), }",
      std::string(24, '\1'));
}

inline std::string script_of_2018() {
  const std::string model =
      "{\"mainModule\":{\"parameters\":[{\"name\":\"w\",\"tensorId\":\"0\"}],\"submodules\":[{"
      "\"name\":"
      "\"s\",\"attributes\":[{\"name\":\"a\",\"id\":\"0\"}]}]},\"tensors\":[{\"dims\":[\"2\"],"
      "\"strides\":["
      "\"1\"],\"dataType\":\"FLOAT\",\"offset\":\"0\",\"data\":{\"key\":\"tensors/0\"}}]}";
  return ZipBuilder()
      .stored("m/model.json", model)
      .stored("m/attributes.pkl", pickled(tuple({list({integer(1)})})))
      .stored("m/tensors/0", raw<float>({1, 2}))
      .build();
}

inline std::string script() {
  const std::string module = build(newobj(symbol("__torch__", "M"), {}),
                                   dict({text("w"), tensor(storage("0", 2), 0, {2}, {1})}));
  return ZipBuilder()
      .stored("m/data/0", raw<float>({1, 2}))
      .stored("m/data.pkl", pickled(module))
      .stored("m/code/__torch__.py",
              "class M(Module):\n  w : Tensor\n"
              "  def forward(self: __torch__.M) -> Tensor:\n"
              "    return torch.add(self.w, CONSTANTS.c0)\n")
      .stored("m/constants/0", raw<float>({3, 4}))
      .stored("m/constants.pkl", pickled(tuple({tensor(storage("0", 2), 0, {2}, {1})})))
      .stored("m/version", "3\n")
      .build();
}

// A module over two views of one storage, and an object that code of the package would make.
inline std::string torch_package() {
  const std::string storage = package_storage(0, 2);
  return ZipBuilder()
      .stored("p/.data/extern_modules", "torch")
      .stored("p/.data/0.storage", raw<float>({1, 2}))
      .stored("p/m/m.pkl", pickled(dict({text("w"), tensor(storage, 0, {2}, {1}), text("v"),
                                         tensor(storage, 1, {1}, {1})}),
                                   3))
      .stored("p/m/g.pkl", pickled(list({package_object("m", "make", tuple({integer(1)}))}), 3))
      .stored("p/m/__init__.py", "")
      .stored("p/byteorder", "little")
      .build();
}

inline std::string export_archive() {
  const auto inputs = CheckpointBuilder(tuple({integer(1), storage("0", 1)})).storage("0", "abcd");
  return ZipBuilder()
      .stored("m/data/weights/weight_0", raw<float>({1, 2, 3, 4}))
      .stored("m/data/weights/model_weights_config.json",
              export_config({export_row("w", "weight_0", {2, 2}, {2, 1}),
                             export_row("v", "weight_0", {2}, {2}, 1)}))
      .stored("m/data/constants/model_constants_config.json", export_config({}))
      .stored("m/models/model.json", "{}")
      .stored("m/data/sample_inputs/model.pt", inputs.build())
      .stored("m/archive_format", "pt2")
      .stored("m/byteorder", "little")
      .build();
}

// Containers other than one zip file.
inline std::vector<Fixture> container_fixtures() {
  const std::string array =
      array_file("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 1), }", raw<float>({1, 2}));
  return {{"legacy", legacy_file()},
          {"legacy, protocol 4", legacy_file(4)},
          {"pickle", bare_pickle()},
          {"tar", tar_file()},
          {"safetensors", safetensors_file()},
          {"npy", array_file()},
          {"npz", ZipBuilder().stored("a.npy", array).deflated("b.npy", array_file()).build()},
          {"TorchScript", script()},
          {"script of 2018", script_of_2018()},
          {"torch.package", torch_package()},
          {"torch.export", export_archive()},
          {"zip of checkpoints", zip_of_checkpoints()}};
}

// What a training script left behind; some 10 KiB, written by torch.
inline Fixture example() {
  return {"best_model_acc.pth", read_file(SAFE_LOAD_EXAMPLES "/best_model_acc.pth")};
}

}  // namespace test_support
