// TensorInterpreter: storages of every class and tensors of every element type, by every function.
#include "torch/tensor_interpreter.h"

#include <gtest/gtest.h>

#include <string>

#include "support/value_text.h"
#include "types/known.h"

namespace {

using namespace test_support;
using safe_load::DType;
using safe_load::types::Known;
using safe_load::types::SymbolKind;

// A file with the storages "0" (16 bytes) and "e" (none).
std::string shown(const std::string& value) {
  return opened_text(CheckpointBuilder(value).storage("0", std::string(16, '\1')).storage("e", ""));
}

const std::string kStorage = storage("0", 4);
const std::string kTensor = tensor(kStorage, 0, {2, 2}, {2, 1});
const std::string kNumbers =
    integer(0) + integers({2}) + integers({1});  // offset, sizes and strides

std::string from_type(std::string_view function, std::string_view tensor_class,
                      std::string_view arguments, std::string_view state) {
  return reduce(symbol("torch._tensor", "_rebuild_from_type_v2"),
                {symbol("torch._utils", function), tensor_class, arguments, state});
}

TEST(TensorInterpreter, ReadsEveryStorageClass) {
  int classes = 0;
  for (const Known& row : safe_load::types::known_names()) {
    if (row.kind != SymbolKind::kStorageClass) continue;
    ++classes;
    const bool is_untyped = row.value == safe_load::types::kUntyped;
    const DType dtype = is_untyped ? DType::kUint8 : static_cast<DType>(row.value);
    const auto count = static_cast<std::int64_t>(16 / size_of(dtype));
    const std::string value = tuple({text("storage"), symbol(row.module, row.name), text("0"),
                                     text("cpu"), integer(count)}) +
                              "Q";
    EXPECT_EQ(shown(tensor(value, 0, {count}, {1})),
              std::string(info(dtype).label) + " [" + std::to_string(count) + "] of 0")
        << row.module << '.' << row.name;
    EXPECT_EQ(shown(value), "storage 0");
  }
  EXPECT_EQ(classes, 35 + 29);  // those of Python, and those that only TorchScript names
}

TEST(TensorInterpreter, ReadsEveryElementTypeOverBytes) {
  int names = 0;
  for (const Known& row : safe_load::types::known_names()) {
    if (row.kind != SymbolKind::kTensorDtype) continue;
    ++names;
    const auto dtype = static_cast<DType>(row.value);
    const auto count = static_cast<std::int64_t>(16 / size_of(dtype));
    const std::string text =
        std::string(info(dtype).label) + " [" + std::to_string(count) + "] of 0";
    EXPECT_EQ(shown(tensor_v3(storage("0", 16, "UntypedStorage"), row.name, 0, {count}, {1})),
              text);
    EXPECT_EQ(shown(tensor_v3(storage("0", 16, "ByteStorage"), row.name, 0, {count}, {1})), text);
    EXPECT_EQ(shown(tensor_v3(storage("0", 16, "UntypedStorage"), row.name, 0, {count + 1}, {1}))
                  .substr(0, 7),
              "corrupt");
  }
  EXPECT_EQ(names, 46 + 9);
}

TEST(TensorInterpreter, ReadsEveryRebuildFunction) {
  const std::string v1 = rebuild("_rebuild_tensor", {kStorage, kNumbers});
  const struct {
    std::string value;
    std::string_view text;
  } cases[] = {
      {v1, "F32 [2] of 0"},
      {rebuild("_rebuild_tensor_v2", {kStorage, kNumbers, kTrue, ordered_dict()}),
       "F32 [2] of 0 grad"},
      {rebuild("_rebuild_tensor_v2", {kStorage, kNumbers, kFalse, kNone}), "F32 [2] of 0"},
      {rebuild("_rebuild_tensor_v2", {kStorage, kNumbers, kFalse, ordered_dict(), "}"}),
       "F32 [2] of 0"},
      {rebuild("_rebuild_tensor_v3", {storage("0", 16, "UntypedStorage"), kNumbers, kTrue,
                                      ordered_dict(), symbol("torch", "bfloat16"), "}"}),
       "BF16 [2] of 0 grad"},
      {rebuild("_rebuild_parameter", {kTensor, kTrue, ordered_dict()}),
       "F32 [2, 2] of 0 grad parameter"},
      {rebuild("_rebuild_parameter", {kTensor, kFalse, kNone}), "F32 [2, 2] of 0 parameter"},
      {rebuild("_rebuild_parameter_with_state",
               {kTensor, kTrue, ordered_dict(), dict({text("a"), integer(1)})}),
       "F32 [2, 2] of 0 grad parameter.build({\"a\": 1})"},
      {rebuild("_rebuild_parameter_with_state",
               {kTensor, kTrue, ordered_dict(), tuple({kNone, dict({text("a"), integer(1)})})}),
       "F32 [2, 2] of 0 grad parameter.build((None, {\"a\": 1}))"},
      {rebuild("_rebuild_parameter_with_state", {kTensor, kTrue, ordered_dict(), kNone}),
       "F32 [2, 2] of 0 grad parameter"},
  };
  for (const auto& c : cases) EXPECT_EQ(shown(c.value), c.text);
}

TEST(TensorInterpreter, ReadsTensorsThatCarryAttributes) {
  const std::string arguments = tuple({kStorage, kNumbers, kTrue, ordered_dict()});
  const std::string constant = tuple({kStorage, kNumbers, kFalse, ordered_dict()});
  const std::string state = dict({text("a"), integer(1)});
  const std::string plain = symbol("torch", "Tensor");
  const struct {
    std::string value;
    std::string_view text;
  } cases[] = {
      {from_type("_rebuild_tensor_v2", plain, arguments, state),
       "F32 [2] of 0 grad.build({\"a\": 1})"},
      {from_type("_rebuild_tensor_v2", plain, arguments, kNone), "F32 [2] of 0 grad"},
      {from_type("_rebuild_tensor_v2", symbol("torch.nn.parameter", "Buffer"), constant, state),
       "F32 [2] of 0.build({\"a\": 1})"},
      {from_type("_rebuild_tensor_v2", symbol("torch.nn.parameter", "Parameter"), constant, "}"),
       "F32 [2] of 0 parameter.build({})"},
      {from_type("_rebuild_tensor_v2", symbol("torch.nn.parameter", "Parameter"), arguments, "}"),
       "corrupt at 197: a Parameter made of a tensor that requires a gradient"},
      {from_type("_rebuild_parameter", plain, tuple({kTensor, kFalse, ordered_dict()}), state),
       "F32 [2, 2] of 0 parameter.build({\"a\": 1})"},
      {from_type("_rebuild_tensor", plain, tuple({kStorage, kNumbers}), state),
       "F32 [2] of 0.build({\"a\": 1})"},
      {reduce(symbol("torch._tensor", "_rebuild_from_type"),
              {symbol("torch._utils", "_rebuild_tensor_v2"), plain, arguments, "}"}),
       "F32 [2] of 0 grad.build({})"},
      {reduce(symbol("torch.tensor", "_rebuild_from_type"),
              {symbol("torch._utils", "_rebuild_tensor_v2"), plain, arguments, state}),
       "F32 [2] of 0 grad.build({\"a\": 1})"},
  };
  for (const auto& c : cases) EXPECT_EQ(shown(c.value), c.text);
}

TEST(TensorInterpreter, KeepsTensorsInUnknownWrappersReachable) {
  EXPECT_EQ(shown(rebuild("_rebuild_parameter",
                          {reduce(symbol("m", "wrap"), {kTensor}), kTrue, ordered_dict()})),
            "torch._utils._rebuild_parameter(m.wrap(F32 [2, 2] of 0), True, "
            "collections.OrderedDict(){})");
}

TEST(TensorInterpreter, TakesSizesInEveryForm) {
  const auto sized = [](std::string_view sizes, std::string_view strides) {
    return rebuild("_rebuild_tensor", {kStorage, integer(0), sizes, strides});
  };
  const std::string size = reduce(symbol("torch", "Size"), {integers({2, 1})});
  EXPECT_EQ(shown(sized(size, integers({1, 9}))), "F32 [2, 1] of 0");
  EXPECT_EQ(shown(sized(size, size)), "F32 [2, 1] of 0 by [2, 1]");
  EXPECT_EQ(shown(sized("](K\2K\2e", "](K\2K\1e")), "F32 [2, 2] of 0");
  EXPECT_EQ(shown(sized("(I2\nL2L\nt", "(I2\nL1L\nt")), "F32 [2, 2] of 0");
  EXPECT_EQ(shown(sized(")", ")")), "F32 [] of 0");
}

TEST(TensorInterpreter, KeepsViewsAsTheyAre) {
  const struct {
    std::string value;
    std::string_view text;
  } cases[] = {
      {tensor(kStorage, 1, {3}, {1}), "F32 [3] of 0 at 1"},
      {tensor(kStorage, 0, {2, 2}, {1, 2}), "F32 [2, 2] of 0 by [1, 2]"},
      {tensor(kStorage, 3, {}, {}), "F32 [] of 0 at 3"},
      {tensor(kStorage, 0, {5, 4}, {0, 1}), "F32 [5, 4] of 0 by [0, 1]"},
      {tensor(kStorage, 0, {2, 1, 2}, {2, 99, 1}), "F32 [2, 1, 2] of 0"},
      {tensor(kStorage, 100, {0, 3}, {3, 1}), "F32 [0, 3] of 0 at 100"},
      {tensor(kStorage, 0, {1, 1, 1, 1, 2, 2}, {4, 4, 4, 4, 2, 1}), "F32 [1, 1, 1, 1, 2, 2] of 0"},
  };
  for (const auto& c : cases) EXPECT_EQ(shown(c.value), c.text);
}

TEST(TensorInterpreter, ReadsBitsThatArePartOfTheValue) {
  const auto with = [](std::string_view kind, std::int64_t count, std::string_view bits) {
    return rebuild("_rebuild_tensor_v2",
                   {storage("0", count, kind), kNumbers, kFalse, ordered_dict(), bits});
  };
  const std::string conj = dict({text("conj"), kTrue});
  const std::string neg = dict({text("neg"), kTrue});
  const std::string both = dict({text("neg"), kTrue, text("conj"), kTrue});
  EXPECT_EQ(shown(with("ComplexFloatStorage", 2, conj)), "C64 [2] of 0 conj");
  EXPECT_EQ(shown(with("FloatStorage", 4, neg)), "F32 [2] of 0 neg");
  EXPECT_EQ(shown(with("ComplexFloatStorage", 2, both)), "C64 [2] of 0 conj neg");
  EXPECT_EQ(shown(with("FloatStorage", 4, dict({text("backend"), integer(1)}))), "F32 [2] of 0");
  EXPECT_EQ(
      shown(rebuild("_rebuild_tensor_v3", {storage("0", 16, "UntypedStorage"), kNumbers, kFalse,
                                           ordered_dict(), symbol("torch", "complex32"), conj})),
      "C32 [2] of 0 conj");
}

TEST(TensorInterpreter, GivesOneStorageForOneKey) {
  const std::string bytes = storage("0", 16, "ByteStorage");
  const std::string untyped = storage("0", 16, "UntypedStorage");
  const auto count = [](const std::string& value) {
    return (*open(CheckpointBuilder(value).storage("0", std::string(16, '\1')))).storage_count();
  };
  // torch writes a uint8 tensor and its view as uint16 in this way.
  for (const std::string& both :
       {list({tensor(bytes, 0, {16}, {1}), tensor_v3(untyped, "uint16", 0, {8}, {1})}),
        list({tensor_v3(untyped, "uint16", 0, {8}, {1}), tensor(bytes, 0, {16}, {1})}),
        list({kTensor, kTensor, tensor(kStorage, 1, {1}, {1})})}) {
    EXPECT_EQ(shown(both).substr(0, 1), "[");
    EXPECT_EQ(count(both), 1u);
  }
}

TEST(TensorInterpreter, LetsEmptyStoragesShareAKey) {
  const std::string value = list({tensor(storage("e", 0), 0, {0}, {1}),
                                  tensor(storage("e", 0, "LongStorage"), 0, {0}, {1}),
                                  tensor(storage("gone", 0), 0, {3, 0}, {1, 1}), storage("e", 0)});
  EXPECT_EQ(shown(value), "[F32 [0] of e, I64 [0] of e, F32 [3, 0] of gone, storage e]");
}

TEST(TensorInterpreter, NeedsNoRecordOnTheMetaDevice) {
  const std::string meta = storage("m", 1'000'000, "FloatStorage", "meta");
  EXPECT_EQ(shown(tensor(meta, 0, {1000, 1000}, {1000, 1})), "F32 [1000, 1000] of m meta");
  EXPECT_EQ(shown(tensor(meta, 1, {1000, 1000}, {1000, 1})).substr(0, 7), "corrupt");
}

TEST(TensorInterpreter, KeepsTheDeviceOfAStorage) {
  const auto opened =
      open(CheckpointBuilder(tensor(storage("0", 4, "FloatStorage", "cuda:7"), 0, {4}, {1}))
               .storage("0", std::string(16, '\1')));
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->root().tensor()->storage().location(), "cuda:7");
}

TEST(TensorInterpreter, ReadsPersistentIdsOfPython2) {
  const std::string value = tuple({python2("storage"), symbol("torch", "FloatStorage"),
                                   python2("0"), python2("cpu"), "\x8a\1\4"}) +
                            "Q";
  EXPECT_EQ(shown(tensor(value, 0, {4}, {1})), "F32 [4] of 0");
}

TEST(TensorInterpreter, TakesNoGradientOfWholeNumbers) {
  const auto opened =
      open(CheckpointBuilder(rebuild("_rebuild_tensor_v2", {storage("0", 2, "LongStorage"),
                                                            kNumbers, kTrue, ordered_dict()}))
               .storage("0", std::string(16, '\1')));
  ASSERT_TRUE(opened);
  EXPECT_FALSE(opened->root().tensor()->requires_grad());
  ASSERT_EQ(opened->container().notes.size(), 1u);
  EXPECT_NE(opened->container().notes[0].find("asks for a gradient"), std::string::npos);
}

}  // namespace
