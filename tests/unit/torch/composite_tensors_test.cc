// Tensors of several parts: quantized, sparse, nested, jagged, of a device, of a class of their
// own.
#include <gtest/gtest.h>

#include <string>

#include "support/tensor_builder.h"
#include "support/value_cases.h"

namespace {

using namespace test_support;
using safe_load::QuantScheme;
using safe_load::ValueKind;
using safe_load::types::Known;
using safe_load::types::Meaning;

std::string quantized(std::string_view storage, std::initializer_list<std::int64_t> sizes,
                      std::initializer_list<std::int64_t> strides, std::string_view parameters) {
  return rebuild("_rebuild_qtensor", {storage, integer(0), integers(sizes), integers(strides),
                                      parameters, kFalse, ordered_dict()});
}
std::string per_tensor(double scale, std::int64_t zero_point) {
  return tuple({symbol("torch", "per_tensor_affine"), real(scale), integer(zero_point)});
}
std::string per_channel(std::string_view scales, std::string_view zero_points, std::int64_t axis) {
  return tuple({symbol("torch", "per_channel_affine"), scales, zero_points, integer(axis)});
}
std::string meta(std::string_view dtype, std::initializer_list<std::int64_t> sizes,
                 std::initializer_list<std::int64_t> strides) {
  return rebuild("_rebuild_meta_tensor_no_storage",
                 {symbol("torch", dtype), integers(sizes), integers(strides), kTrue});
}
std::string device(std::string_view name) {
  return reduce(symbol("torch", "device"), {text(name)});
}
std::string jagged(std::string_view parts) {
  return reduce(symbol("torch.nested._internal.nested_tensor", "_rebuild_njt"), {parts});
}

ValueCases sparse_tensors(TensorBuilder& made) {
  const std::string indices = made.numbers<std::int64_t>({2, 3}, {0, 0, 1, 0, 1, 2});
  const std::string values = made.numbers<float>({3}, {1, 2, 3});
  const std::string starts = made.numbers<std::int64_t>({3}, {0, 2, 3});
  const std::string places = made.numbers<std::int64_t>({3}, {0, 1, 2});
  const std::string size = reduce(symbol("torch", "Size"), {integers({2, 3})});
  const std::string compressed = "(I64 [3] of 2, I64 [3] of 3, F32 [3] of 1, ";
  return {
      {sparse("torch.sparse_coo", {indices, values, size, kTrue}),
       "sparse tensor(torch.layout(\"torch.sparse_coo\"), (I64 [2, 3] of 0, F32 [3] of 1, "
       "torch.Size[2, 3], True))"},
      {sparse("torch.sparse_coo", {indices, values, list({integer(2), integer(3)})}),
       "sparse tensor(torch.layout(\"torch.sparse_coo\"), (I64 [2, 3] of 0, F32 [3] of 1, "
       "[2, 3]))"},
      {sparse("torch.sparse_csr", {starts, places, values, size}),
       "sparse tensor(torch.layout(\"torch.sparse_csr\"), " + compressed + "torch.Size[2, 3]))"},
      {sparse("torch.sparse_csc", {starts, places, values, integers({3, 2})}),
       "sparse tensor(torch.layout(\"torch.sparse_csc\"), " + compressed + "(3, 2)))"},
      // TorchScript
      {rebuild("_rebuild_sparse_tensor",
               {integer(1), size, kFalse, indices, values, ordered_dict()}),
       "sparse tensor(torch.layout(\"torch.sparse_coo\"), (I64 [2, 3] of 0, F32 [3] of 1, "
       "torch.Size[2, 3]), False)"},
      {rebuild("_rebuild_sparse_tensor",
               {integer(2), size, kTrue, starts, places, values, ordered_dict()}),
       "sparse tensor(torch.layout(\"torch.sparse_csr\"), " + compressed +
           "torch.Size[2, 3]), True)"},
      // torch 1.9 to 1.13
      {rebuild("_rebuild_sparse_csr_tensor",
               {layout("torch.sparse_csr"), tuple({starts, places, values, integers({2, 3})})}),
       "sparse tensor(torch.layout(\"torch.sparse_csr\"), " + compressed + "(2, 3)))"},
  };
}

ValueCases nested_tensors(TensorBuilder& made) {
  const std::string key = std::to_string(4);
  const std::string buffer = made.numbers<float>({6}, {1, 2, 3, 4, 5, 6});
  const std::string sizes = made.numbers<std::int64_t>({2, 1}, {2, 4});
  const std::string strides = made.numbers<std::int64_t>({2, 1}, {1, 1});
  const std::string offsets = made.numbers<std::int64_t>({2}, {0, 2});
  const std::string edges = made.numbers<std::int64_t>({3}, {0, 2, 6});
  const std::string parts = dict({text("values"), buffer, text("offsets"), edges, text("lengths"),
                                  kNone, text("_ragged_idx"), integer(1)});
  const std::string shown =
      "{\"values\": F32 [6] of 4, \"offsets\": I64 [3] of 8, \"lengths\": "
      "None, \"_ragged_idx\": 1}";
  return {
      {rebuild("_rebuild_nested_tensor", {buffer, sizes, strides, offsets}),
       "nested tensor(F32 [6] of 4, I64 [2, 1] of 5, I64 [2, 1] of 6, I64 [2] of 7)"},
      {rebuild("_rebuild_nested_tensor", {buffer, sizes, strides, list({integer(0), integer(2)})}),
       "nested tensor(F32 [6] of 4, I64 [2, 1] of 5, I64 [2, 1] of 6, [0, 2])"},
      {jagged(parts), "jagged tensor(" + shown + ")"},
      {reduce(symbol("torch._tensor", "_rebuild_from_type_v2"),
              {symbol("torch.nested._internal.nested_tensor", "_rebuild_njt"),
               symbol("torch.nested._internal.nested_tensor", "NestedTensor"), tuple({parts}),
               dict({text("_ragged_idx"), integer(1)})}),
       "jagged tensor(" + shown + ").build({\"_ragged_idx\": 1})"},
  };
}

ValueCases other_tensors(TensorBuilder& made) {
  const std::string whole = made.numbers<float>({2}, {1, 2});
  const std::string bytes = made.numbers<std::uint8_t>({2}, {1, 2});
  const std::string wrapper =
      tuple({symbol("m", "T"), symbol("torch", "float32"), integers({2}), integers({1}), integer(0),
             layout("torch.strided"), device("cpu"), kFalse});
  const std::string wrapped =
      "m.T, torch.float32, (2), (1), 0, torch.layout(\"torch.strided\"), "
      "torch.device(\"cpu\"), False)";
  return {
      {meta("float16", {1000, 1000}, {1000, 1}), "F16 [1000, 1000] of  grad meta"},
      {meta("int8", {0}, {1}), "I8 [0] of  meta"},
      {rebuild("_rebuild_device_tensor_from_cpu_tensor",
               {whole, symbol("torch", "float32"), text("xla:0"), kTrue}),
       "F32 [2] of 9 grad"},
      {rebuild("_rebuild_device_tensor_from_cpu_tensor",
               {whole, symbol("torch", "float32"), device("mtia:0"), kFalse}),
       "F32 [2] of 9"},
      {reduce(symbol("torch._utils", "_rebuild_wrapper_subclass"),
              {wrapper.substr(1, wrapper.size() - 2)}),
       "torch._utils._rebuild_wrapper_subclass(" + wrapped},
      {from_type("_rebuild_wrapper_subclass", symbol("m", "T"), wrapper,
                 tuple({kNone, dict({text("inner"), whole})})),
       "m.T(" + wrapped + ".build((None, {\"inner\": F32 [2] of 9}))"},
      {build(reduce(symbol("torch._C", "Generator"), {device("cuda:0")}),
             tuple({integer(5), integer(0), bytes})),
       "torch.Generator(torch.device(\"cuda:0\")).build((5, 0, U8 [2] of 10))"},
  };
}

// torch before 0.4: a class for each type of element, on two devices.
ValueCases old_sparse_tensors(TensorBuilder& made) {
  struct Type {
    std::string_view name;
    std::string_view label;
    std::size_t size;
  };
  constexpr Type kTypes[] = {{"Byte", "U8", 1},   {"Char", "I8", 1},    {"Short", "I16", 2},
                             {"Int", "I32", 4},   {"Long", "I64", 8},   {"Half", "F16", 2},
                             {"Float", "F32", 4}, {"Double", "F64", 8}, {"BFloat16", "BF16", 2}};
  const std::string indices = made.numbers<std::int64_t>({1, 2}, {0, 2});
  int storages = 12;
  ValueCases cases;
  for (const Type& type : kTypes) {
    const std::string name(type.name);
    const std::string values = tensor(
        made.storage(name + "Storage", std::string(2 * type.size, '\1'), type.size), 0, {2}, {1});
    const std::string text =
        "sparse tensor(torch.layout(\"torch.sparse_coo\"), (I64 [1, 2] of 12, " +
        std::string(type.label) + " [2] of " + std::to_string(++storages) + ", (3)))";
    for (const std::string_view module : {"torch.sparse", "torch.cuda.sparse"})
      cases.push_back(
          {reduce(symbol(module, name + "Tensor"), {indices, values, integers({3})}), text});
  }
  return cases;
}

ValueCases all_cases(TensorBuilder& made) {
  ValueCases all = sparse_tensors(made);
  for (const ValueCases& some : {nested_tensors(made), other_tensors(made)})
    all.insert(all.end(), some.begin(), some.end());
  const std::string storage = made.storage("QInt8Storage", "ab");
  all.push_back({quantized(storage, {2}, {1}, per_tensor(0.5, 1)), "QI8 [2] of 11"});
  const ValueCases old = old_sparse_tensors(made);
  all.insert(all.end(), old.begin(), old.end());
  return all;
}

TEST(CompositeTensors, AreReadInEverySpelling) {
  TensorBuilder made;
  const ValueCases cases = all_cases(made);
  expect_texts(cases, made.storages());
}

TEST(CompositeTensors, CoverEveryKnownName) {
  TensorBuilder made;
  expect_all_names(all_cases(made), [](const Known& row) {
    const bool is_other =
        row.meaning >= Meaning::kRebuildQuantized && row.meaning <= Meaning::kGenerator &&
        row.meaning != Meaning::kRebuildFromType && row.meaning != Meaning::kLoadFromBytes;
    return is_other;
  });
}

TEST(CompositeTensors, AgreeWithTheirElements) {
  TensorBuilder made;
  const ValueCases cases = all_cases(made);
  for (const ValueCase& c : cases) {
    CheckpointBuilder file = made.storages();
    const auto opened = open(file.value(c.value));
    ASSERT_TRUE(opened);
    for (const auto& issue : opened->check_elements(opened->root()))
      ADD_FAILURE() << c.text << ": " << issue.text();
  }
}

TEST(CompositeTensors, AgreeWithElementsInBlocksAndBatches) {
  TensorBuilder made;
  const std::string bsr =
      sparse("torch.sparse_bsr",
             {made.numbers<std::int32_t>({3}, {0, 1, 2}), made.numbers<std::int32_t>({2}, {1, 0}),
              made.numbers<float>({2, 1, 2}, {1, 2, 3, 4}), integers({2, 4})});
  const std::string bsc =
      sparse("torch.sparse_bsc",
             {made.numbers<std::int32_t>({3}, {0, 1, 2}), made.numbers<std::int32_t>({2}, {1, 0}),
              made.numbers<float>({2, 1, 2}, {1, 2, 3, 4}), integers({2, 4})});
  const std::string batches = sparse(
      "torch.sparse_csr",
      {made.numbers<std::int64_t>({2, 2}, {0, 1, 0, 1}), made.numbers<std::int64_t>({2, 1}, {2, 0}),
       made.numbers<float>({2, 1, 2}, {1, 2, 3, 4}), integers({2, 1, 3, 2})});
  CheckpointBuilder file = made.storages();
  const auto opened = open(file.value(list({bsr, bsc, batches})));
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->issues().empty());
  for (const auto& issue : opened->check_elements(opened->root())) ADD_FAILURE() << issue.text();
}

// ---- what a file shares is shared

TEST(CompositeTensors, ShareTheStoragesOfTheirParts) {
  TensorBuilder made;
  const std::string values = memoized(9, made.numbers<float>({3}, {1, 2, 3}));
  const std::string indices = made.numbers<std::int64_t>({1, 3}, {0, 1, 2});
  CheckpointBuilder file = made.storages();
  const auto opened = open(file.value(
      dict({text("sparse"), sparse("torch.sparse_coo", {indices, values, integers({3})}),
            text("plain"), fetched(9), text("view"), tensor(storage("0", 3), 1, {2}, {1})})));
  ASSERT_TRUE(opened);
  const auto root = opened->root();
  const auto inner = root["sparse"].arguments()[1].items()[1];
  EXPECT_EQ(inner.id(), root["plain"].id());
  EXPECT_EQ(inner.tensor()->storage().id(), root["view"].tensor()->storage().id());
  EXPECT_EQ(opened->storage_count(), 2u);
}

TEST(CompositeTensors, KeepTheStateOfASubclass) {
  TensorBuilder made;
  const std::string inner = memoized(9, made.numbers<float>({2}, {1, 2}));
  const std::string arguments =
      tuple({symbol("m", "T"), symbol("torch", "float32"), integers({2}), integers({1}), integer(0),
             layout("torch.strided"), device("cpu"), kFalse});
  const std::string object = from_type("_rebuild_wrapper_subclass", symbol("m", "T"), arguments,
                                       dict({text("data"), inner, text("scale"), real(0.5)}));
  CheckpointBuilder file = made.storages();
  const auto opened = open(file.value(dict({text("w"), object, text("same"), fetched(9)})));
  ASSERT_TRUE(opened);
  const auto own = opened->root()["w"];
  EXPECT_EQ(own.kind(), ValueKind::kOpaque);
  EXPECT_EQ(own.class_name(), "m.T");
  EXPECT_EQ(own.attribute("scale").get_or<double>(0), 0.5);
  EXPECT_EQ(own.attribute("data").id(), opened->root()["same"].id());
  EXPECT_EQ(opened->path(own.attribute("scale")), "$[\"w\"].scale");
}

TEST(CompositeTensors, KeepTheAttributesOfASparseTensor) {
  TensorBuilder made;
  const std::string arguments = tuple(
      {layout("torch.sparse_coo"), tuple({made.numbers<std::int64_t>({1, 1}, {0}),
                                          made.numbers<float>({1}, {1}), integers({1}), kFalse})});
  const std::string value = from_type("_rebuild_sparse_tensor", symbol("torch", "Tensor"),
                                      arguments, dict({text("a"), integer(1)}));
  CheckpointBuilder file = made.storages();
  const auto opened = open(file.value(value));
  ASSERT_TRUE(opened);
  for (const auto& issue : opened->issues()) ADD_FAILURE() << issue.text();
  EXPECT_EQ(opened->root().kind(), ValueKind::kSparseTensor);
  EXPECT_EQ(opened->root().attribute("a").get_or<int>(0), 1);
}

// ---- quantized

TEST(Quantizers, TellHowNumbersStandForOthers) {
  TensorBuilder made;
  const std::string storage = made.storage("QUInt8Storage", "abcdef");
  const std::string scales = made.numbers<double>({2}, {0.5, 0.25});
  const std::string points = made.numbers<std::int64_t>({2}, {0, 1});
  const std::string single = made.numbers<float>({2}, {0.5, 0.25});
  const auto of = [&](const std::string& parameters) {
    CheckpointBuilder file = made.storages();
    return open(file.value(quantized(storage, {2, 3}, {3, 1}, parameters)));
  };
  const auto whole = of(per_tensor(0.5, 255));
  ASSERT_TRUE(whole);
  const auto quantizer = whole->root().quantizer();
  ASSERT_TRUE(quantizer);
  EXPECT_EQ(quantizer->scheme, QuantScheme::kPerTensor);
  EXPECT_EQ(quantizer->scale, 0.5);
  EXPECT_EQ(quantizer->zero_point, 255);
  EXPECT_TRUE(quantizer->scales.is_missing());

  const auto channels = of(per_channel(scales, points, 0));
  ASSERT_TRUE(channels);
  const auto each = channels->root().quantizer();
  ASSERT_TRUE(each);
  EXPECT_EQ(each->scheme, QuantScheme::kPerChannel);
  EXPECT_EQ(each->axis, 0);
  EXPECT_EQ(value_text(each->scales), "F64 [2] of 1");
  EXPECT_EQ(value_text(each->zero_points), "I64 [2] of 2");
  EXPECT_TRUE(channels->check_elements(channels->root()).empty());

  // torch's writer gives both schemes one name: the type of the zero points tells.
  const auto floats = of(per_channel(single, single, 0));
  ASSERT_TRUE(floats);
  EXPECT_EQ(floats->root().quantizer()->scheme, QuantScheme::kPerChannelFloat);
  EXPECT_TRUE(floats->check_elements(floats->root()).empty());

  const auto lists = of(per_channel(list({real(1), real(2), real(3)}),
                                    list({integer(0), integer(0), integer(255)}), 1));
  ASSERT_TRUE(lists);
  EXPECT_EQ(value_text(lists->root().quantizer()->scales), "[1.0, 2.0, 3.0]");
  EXPECT_TRUE(lists->check_elements(lists->root()).empty());
}

TEST(Quantizers, AreOnlyThereForQuantizedTensors) {
  TensorBuilder made;
  CheckpointBuilder file = made.storages();
  const std::string plain = made.numbers<float>({1}, {1});
  file = made.storages();
  const auto opened = open(file.value(list({plain, integer(1)})));
  ASSERT_TRUE(opened);
  for (const std::size_t i : {0u, 1u}) {
    const auto quantizer = opened->root().items()[i].quantizer();
    ASSERT_FALSE(quantizer);
    EXPECT_EQ(quantizer.error().code(), safe_load::ErrorCode::kMismatch);
  }
}

TEST(Quantizers, PackSeveralValuesInAByte) {
  TensorBuilder made;
  const std::string twos = made.storage("QUInt4x2Storage", "abc");
  const std::string fours = made.storage("QUInt2x4Storage", "abc");
  CheckpointBuilder file = made.storages();
  EXPECT_EQ(opened_text(file.value(list({quantized(twos, {2, 3}, {3, 1}, per_tensor(1, 15)),
                                         quantized(fours, {11}, {1}, per_tensor(1, 3)),
                                         quantized(fours, {12}, {1}, per_tensor(1, 0))}))),
            "[QU4X2 [2, 3] of 0, QU2X4 [11] of 1, QU2X4 [12] of 1]");
}

}  // namespace
