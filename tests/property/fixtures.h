// Small files that between them hold every kind of record and value, for tests that damage them.
#pragma once

#include <string>
#include <vector>

#include "support/checkpoint_builder.h"
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

// What a training script left behind; some 10 KiB, written by torch.
inline Fixture example() {
  return {"best_model_acc.pth", read_file(SAFE_LOAD_EXAMPLES "/best_model_acc.pth")};
}

}  // namespace test_support
