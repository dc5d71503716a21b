// Tensors and storages that lie: a wrong tensor is worse than none.
#include <gtest/gtest.h>

#include <string>

#include "support/forgery.h"
#include "support/value_text.h"

namespace {

using namespace test_support;

// "0" has four floats, "a" and "b" three bytes each.
const CheckpointBuilder kStorages = CheckpointBuilder(kNone)
                                        .storage("0", raw<float>({1, 2, 3, 4}))
                                        .storage("a", "abc")
                                        .storage("b", "abc");
const std::string kStorage = storage("0", 4);

std::string named(const std::string& function) {
  return "corrupt: a known name is called with arguments it never gets: " + function;
}

void expect_all(std::initializer_list<Forgery> forgeries) {
  expect_complaints(forgeries, kStorages);
}

// _rebuild_tensor_v2 with sizes and strides that are written out.
std::string sized(std::string_view offset, std::string_view sizes, std::string_view strides) {
  return rebuild("_rebuild_tensor_v2", {kStorage, offset, sizes, strides, kFalse, ordered_dict()});
}

std::string repeated(std::string_view item, int count) {
  std::string out = "(";
  for (int i = 0; i < count; ++i) out += item;
  return out + "t";
}

TEST(TensorForgeries, BreakNoBound) {
  const std::string kOutside = "corrupt: a tensor that reaches out of its storage";
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  expect_all({
      {tensor(kStorage, 0, {5}, {1}), kOutside},
      {tensor(kStorage, 1, {4}, {1}), kOutside},
      {tensor(kStorage, 4, {}, {}), kOutside},
      {tensor(kStorage, kHuge, {1}, {1}), kOutside},
      {tensor(kStorage, 0, {2}, {4}), kOutside},
      {tensor(kStorage, 0, {2}, {kHuge}), kOutside},
      {tensor(kStorage, 0, {3, 3}, {1, 1}), kOutside},
      {tensor(storage("e", 0), 0, {1}, {1}), kOutside},
      {tensor(kStorage, 0, {2}, {-1}), "corrupt: a tensor with a negative stride"},
      {tensor(kStorage, 3, {2}, {-1}), "corrupt: a tensor with a negative stride"},
      {tensor(kStorage, 0, {-1}, {1}), "corrupt: a tensor with a negative size"},
      {tensor(kStorage, 0, {INT64_MIN}, {1}), "corrupt: a tensor with a negative size"},
      {tensor(kStorage, 0, {1LL << 32, 1LL << 32}, {0, 0}),
       "corrupt: a tensor with more elements than can be counted"},
      {tensor(kStorage, 0, {2, 2}, {1}),
       "corrupt: a tensor with another number of strides than of sizes"},
      {tensor(kStorage, 0, {}, {1}),
       "corrupt: a tensor with another number of strides than of sizes"},
      {tensor(kStorage, -1, {1}, {1}), named("_rebuild_tensor_v2")},
  });
}

TEST(TensorForgeries, AreNotWhatOnlyLooksOdd) {
  for (const std::string& value : {
           tensor(kStorage, 0, {1}, {-1}),
           tensor(kStorage, 0, {0}, {1}),
           tensor(kStorage, std::int64_t{1} << 62, {0}, {1}),
           tensor(kStorage, 0, {1'000'000'000'000}, {0}),
           tensor(kStorage, 0, {2, 1, 2}, {2, 99, 1}),
           sized(integer(0), repeated("K\1", 64), repeated("K\1", 64)),
       }) {
    CheckpointBuilder file = kStorages;
    EXPECT_EQ(complaint(file.value(value)), "");
  }
}

TEST(TensorForgeries, HaveSizesThatAreNumbers) {
  const std::string one = integers({1});
  const std::string big = "\x8a\x09" + std::string(8, '\0') + "\1";
  const std::string no_numbers = "corrupt: a tensor whose sizes are not integers";
  const std::string too_many = "corrupt: a tensor with more dimensions than Limits::max_dims";
  expect_all({
      {sized(integer(0), tuple({kTrue}), one), no_numbers},
      {sized(integer(0), one, tuple({kFalse})), no_numbers},
      {sized(integer(0), tuple({real(1)}), one), no_numbers},
      {sized(integer(0), tuple({text("1")}), one), no_numbers},
      {sized(integer(0), tuple({big}), one), no_numbers},
      {sized(integer(0), tuple({kNone}), one), no_numbers},
      {sized(integer(0), repeated("K\1", 65), repeated("K\1", 65)), too_many},
      {sized(integer(0), repeated("K\1", 65), one), too_many},
      {sized(integer(0), integer(1), one), named("_rebuild_tensor_v2")},
      {sized(integer(0), kNone, one), named("_rebuild_tensor_v2")},
      {sized(real(0), one, one), named("_rebuild_tensor_v2")},
      {sized(kFalse, one, one), named("_rebuild_tensor_v2")},
      {sized(big, one, one), named("_rebuild_tensor_v2")},
  });
}

TEST(TensorForgeries, ChangeNoSizeAfterwards) {
  const std::string call = sized(integer(0), memoized(1, "](K\1e"), "](K\1e");
  expect_all({
      {tuple({call, fetched(1) + integer(9) + "a"}), named("_rebuild_tensor_v2"), call},
  });
}

TEST(TensorForgeries, HaveTheArgumentsOfTheirFunction) {
  const std::string numbers = integer(0) + integers({2}) + integers({1});
  const std::string tail = std::string(kFalse) + ordered_dict();
  const std::string tensor_call = tensor(kStorage, 0, {2}, {1});
  const std::string bytes_storage = storage("a", 3, "UntypedStorage");
  expect_all({
      {rebuild("_rebuild_tensor", {kStorage, numbers, kFalse}), named("_rebuild_tensor")},
      {rebuild("_rebuild_tensor", {kStorage}), named("_rebuild_tensor")},
      {rebuild("_rebuild_tensor", {}), named("_rebuild_tensor")},
      {rebuild("_rebuild_tensor", {tensor_call, numbers}), named("_rebuild_tensor")},
      {rebuild("_rebuild_tensor", {kNone, numbers}), named("_rebuild_tensor")},
      {rebuild("_rebuild_tensor_v2", {kStorage, numbers, tail, "}", kNone}),
       named("_rebuild_tensor_v2")},
      {rebuild("_rebuild_tensor_v2", {kStorage, numbers, kFalse, "}"}),
       named("_rebuild_tensor_v2")},
      {rebuild("_rebuild_tensor_v2", {kStorage, numbers, integer(0), ordered_dict()}),
       named("_rebuild_tensor_v2")},
      {rebuild("_rebuild_tensor_v2", {kStorage, numbers, tail, dict({integer(1), kTrue})}),
       named("_rebuild_tensor_v2")},
      {rebuild("_rebuild_tensor_v3", {bytes_storage, numbers, tail}), named("_rebuild_tensor_v3")},
      {rebuild("_rebuild_tensor_v3", {bytes_storage, numbers, tail, text("uint8")}),
       named("_rebuild_tensor_v3")},
      {rebuild("_rebuild_tensor_v3",
               {bytes_storage, numbers, tail, symbol("torch", "FloatStorage")}),
       named("_rebuild_tensor_v3")},
      {rebuild("_rebuild_tensor_v3", {kStorage, numbers, tail, symbol("torch", "float32")}),
       "corrupt: a tensor whose type contradicts its storage"},
      {rebuild("_rebuild_parameter", {kStorage, tail}), named("_rebuild_parameter")},
      {rebuild("_rebuild_parameter", {tensor_call, kFalse}), named("_rebuild_parameter")},
      {rebuild("_rebuild_parameter_with_state", {tensor_call, tail, integer(5)}),
       named("_rebuild_parameter_with_state")},
      {reduce(symbol("torch.nn.parameter", "Parameter"), {integer(3)}), named("Parameter")},
      {reduce(symbol("torch.storage", "UntypedStorage"), {integer(1 << 30)}),
       "corrupt: a name that is a value is called: UntypedStorage"},
      {reduce(symbol("torch", "Tensor"), {integer(1 << 30)}), named("Tensor")},
  });
}

TEST(TensorForgeries, HaveBitsThatAreTrue) {
  const auto with = [](std::string_view kind, std::int64_t count, std::string_view bits) {
    return rebuild("_rebuild_tensor_v2", {storage("0", count, kind), integer(0), integers({1}),
                                          integers({1}), kFalse, ordered_dict(), bits});
  };
  const std::string kConj = "corrupt: a tensor bit that is set to something but True: conj";
  const std::string kNeg = "corrupt: a tensor bit that is set to something but True: neg";
  expect_all({
      {with("ComplexFloatStorage", 2, dict({text("conj"), kFalse})), kConj},
      {with("ComplexFloatStorage", 2, dict({text("conj"), integer(1)})), kConj},
      {with("ComplexFloatStorage", 2, dict({text("conj"), kNone})), kConj},
      {with("FloatStorage", 4, dict({text("neg"), kFalse})), kNeg},
      {with("FloatStorage", 4, dict({text("neg"), text("True")})), kNeg},
      {with("FloatStorage", 4, dict({text("conj"), kTrue})),
       "corrupt: a conjugated tensor that is not complex"},
      {with("BoolStorage", 16, dict({text("neg"), kTrue})),
       "corrupt: a negated tensor of a type without negatives"},
  });
}

TEST(TensorForgeries, HaveStoragesThatAreThere) {
  const auto size_error = [](std::uint64_t claimed) {
    return "corrupt: a storage and its record differ in size: 16 bytes in the archive, " +
           std::to_string(claimed) + " in the pickle, storage 0";
  };
  const auto persistent = [](std::string_view item, std::string_view storage_class,
                             std::string_view key, std::string_view location,
                             std::string_view count) {
    return tuple({item, storage_class, key, location, count}) + "Q";
  };
  const std::string word = text("storage");
  const std::string floats = symbol("torch", "FloatStorage");
  const std::string key = text("0");
  const std::string cpu = text("cpu");
  const std::string kNoStorage = "corrupt: a persistent id that is not a storage";
  const std::string kNoNumber = "corrupt: a storage whose size is not a number: 0";
  const std::string more = "\x8a\x09" + std::string(7, '\0') + "\x80" + std::string(1, '\0');
  expect_all({
      {storage("0", 3), size_error(12)},
      {storage("0", 5), size_error(20)},
      {storage("0", 4, "DoubleStorage"), size_error(32)},
      {storage("0", std::int64_t{1} << 40), size_error(std::uint64_t{4} << 40)},
      {storage("9", 4), "corrupt: a storage whose record is not in the archive: 9"},
      {storage("../version", 4),
       "corrupt: a storage whose record is not in the archive: ../version"},
      {storage("0", std::int64_t{1} << 62, "LongStorage"),
       "corrupt: a storage whose size overflows: 0"},
      {persistent(word, floats, key, cpu, kTrue), kNoNumber},
      {persistent(word, floats, key, cpu, real(4)), kNoNumber},
      {persistent(word, floats, key, cpu, integer(-4)), kNoNumber},
      {persistent(word, floats, key, cpu, more), kNoNumber},
      {persistent(word, floats, key, cpu, kNone), kNoNumber},
      {persistent(word, floats, key, cpu, text("4")), kNoNumber},
      {persistent(text("Storage"), floats, key, cpu, integer(4)), kNoStorage},
      {persistent(word, text("FloatStorage"), key, cpu, integer(4)), kNoStorage},
      {persistent(word, floats, integer(0), cpu, integer(4)), kNoStorage},
      {persistent(word, floats, key, kNone, integer(4)), kNoStorage},
      {tuple({word, floats, key, cpu}) + "Q", kNoStorage},
      {tuple({word, floats, key, cpu, integer(4), kNone}) + "Q", kNoStorage},
      {list({word, floats, key, cpu, integer(4)}) + "Q", kNoStorage},
      {text("0") + "Q", kNoStorage},
      {persistent(word, symbol("evil", "FloatStorage"), key, cpu, integer(4)),
       "corrupt: a storage of an unknown class: FloatStorage"},
      {persistent(word, symbol("torch", "float32"), key, cpu, integer(4)),
       "corrupt: a storage of an unknown class: float32"},
      {persistent(word, symbol("torch", "Float8Storage"), key, cpu, integer(4)),
       "corrupt: a storage of an unknown class: Float8Storage"},
  });
}

TEST(TensorForgeries, DescribeAStorageInOneWay) {
  const auto then = [](const std::string& first, const std::string& second,
                       const std::string& key) {
    expect_all({{list({first, second}), "corrupt: a storage that is described in two ways: " + key,
                 second}});
  };
  then(kStorage, storage("0", 4, "IntStorage"), "0");
  then(kStorage, storage("0", 16, "UntypedStorage"), "0");
  then(kStorage, storage("0", 16, "ByteStorage"), "0");
  then(kStorage, storage("0", 4, "FloatStorage", "cuda:0"), "0");
  then(storage("a", 3, "ByteStorage"), storage("a", 3, "CharStorage"), "a");
  then(storage("e", 0), storage("e", 4, "FloatStorage", "meta"), "e");
  then(kStorage, storage("0", 4, "FloatStorage", "meta"), "0");
}

TEST(TensorForgeries, DamageEveryTensorOnAStorageButNothingElse) {
  const std::string bad = storage("0", 5);
  CheckpointBuilder file = kStorages;
  file.value(dict({text("bad"), tensor(memoized(1, bad), 0, {1}, {1}), text("too"),
                   tensor(fetched(1), 0, {1}, {1}), text("good"),
                   tensor(storage("a", 3, "ByteStorage"), 0, {3}, {1})}));
  const auto opened = open(file);
  ASSERT_TRUE(opened);
  EXPECT_EQ(value_text(opened->root()),
            "{\"bad\": damaged value, \"too\": damaged value, \"good\": U8 [3] of a}");
  ASSERT_EQ(opened->issues().size(), 1u);
  EXPECT_EQ(opened->issues()[0].member, "archive/data.pkl");
}

TEST(TensorForgeries, WrapOnlyKnownFunctions) {
  const std::string arguments =
      tuple({kStorage, integer(0), integers({2}), integers({1}), kFalse, ordered_dict()});
  const auto from_type = [&](std::string_view function, std::string_view inner,
                             std::string_view tensor_class) {
    return reduce(symbol("torch._tensor", "_rebuild_from_type_v2"),
                  {function, tensor_class, inner, "}"});
  };
  const std::string plain = symbol("torch", "Tensor");
  const std::string v2 = symbol("torch._utils", "_rebuild_tensor_v2");
  expect_all({
      {from_type(symbol("os", "system"), arguments, plain), named("_rebuild_from_type_v2")},
      {from_type(symbol("torch._tensor", "_rebuild_from_type_v2"), arguments, plain),
       named("_rebuild_from_type_v2")},
      {from_type(v2, kStorage, plain), named("_rebuild_from_type_v2")},
      {from_type(v2, arguments, text("Tensor")), named("_rebuild_from_type_v2")},
      {from_type(v2, tuple({kStorage}), plain), named("_rebuild_tensor_v2")},
      {from_type(v2, ")", plain), named("_rebuild_tensor_v2")},
      {from_type(symbol("torch._utils", "_rebuild_parameter"), arguments, plain),
       named("_rebuild_parameter")},
      {from_type(v2, tuple({kStorage, integer(0), integers({5}), integers({1}), kFalse, kNone}),
                 plain),
       "corrupt: a tensor that reaches out of its storage"},
      {from_type(v2, tuple({kStorage, integer(0), integers({5}), integers({1}), kFalse, kNone}),
                 symbol("m", "T")),
       "corrupt: a tensor that reaches out of its storage"},
  });
}

TEST(TensorForgeries, HaveSmallValuesThatMakeSense) {
  const auto device = [](std::initializer_list<std::string_view> arguments) {
    return reduce(symbol("torch", "device"), arguments);
  };
  const std::string sizes = repeated("K\1", 65);
  expect_all({
      {device({text("cuda:128")}), "corrupt: an impossible device: cuda:128"},
      {device({text("cuda"), integer(128)}), "corrupt: an impossible device: cuda"},
      {device({text("cuda:1"), integer(1)}), "corrupt: an impossible device: cuda:1"},
      {device({text("")}), "corrupt: an impossible device"},
      {device({text("CPU")}), "corrupt: an impossible device: CPU"},
      {device({text("cuda:")}), "corrupt: an impossible device: cuda:"},
      {device({text("cuda:-1")}), "corrupt: an impossible device: cuda:-1"},
      {device({text("cuda:1 ")}), "corrupt: an impossible device: cuda:1 "},
      {device({integer(0)}), named("device")},
      {device({text("cuda"), integer(-1)}), named("device")},
      {reduce(symbol("torch", "Size"), {integers({-1})}), named("Size")},
      {reduce(symbol("torch", "Size"), {tuple({kTrue})}), named("Size")},
      {reduce(symbol("torch", "Size"), {integer(5)}), named("Size")},
      {reduce(symbol("torch", "Size"), {sizes}),
       "corrupt: a torch.Size with more dimensions than Limits::max_dims"},
      {reduce(symbol("torch.serialization", "_get_layout"), {text("torch.dense")}),
       "corrupt: an unknown layout: torch.dense"},
      {reduce(symbol("torch.torch_version", "TorchVersion"), {integer(2)}), named("TorchVersion")},
  });
}

}  // namespace
