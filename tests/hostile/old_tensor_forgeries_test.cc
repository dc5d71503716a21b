// Tensors of old writers: right ones, and ones that lie.
#include <gtest/gtest.h>

#include <limits>

#include "support/array_builder.h"
#include "support/forgery.h"
#include "support/tensor_builder.h"
#include "support/value_text.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::DType;
using safe_load::ValueKind;

const std::string kZero = integer(0);

std::string old_class(std::string_view name) { return symbol("torch", name); }
std::string variable() { return symbol("torch.autograd.variable", "Variable"); }
std::string parameter() { return symbol("torch.nn.parameter", "Parameter"); }
std::string state_of(std::string_view storage) {
  return tuple({storage, kZero, integers({2}), integers({1})});
}
std::string filled(std::string_view callee, std::string_view state) {
  return build(reduce(callee, {}), state);
}

std::string named(const std::string& name) {
  return "corrupt: a known name is called with arguments it never gets: " + name;
}

// The one tensor of a file, as text, or what is wrong with the file.
std::string only_tensor(std::string_view value, const CheckpointBuilder& storages) {
  CheckpointBuilder file = storages;
  file.value(value);
  std::string wrong = complaint(file);
  if (!wrong.empty()) return wrong;
  const auto opened = open(file);
  const auto tensors = opened->tensors();
  return tensors.size() == 1 ? tensor_text(tensors[0].tensor) : std::to_string(tensors.size());
}

TEST(OldTensors, AreFilledByTheirState) {
  TensorBuilder made;
  const std::string floats = made.storage<float>({1, 2, 3});
  const std::string longs = made.storage<std::int64_t>({1, 2});
  const CheckpointBuilder& files = made.storages();
  EXPECT_EQ(only_tensor(filled(old_class("FloatTensor"), state_of(floats)), files), "F32 [2] of 0");
  EXPECT_EQ(only_tensor(filled(symbol("torch.cuda", "FloatTensor"), state_of(floats)), files),
            "F32 [2] of 0");
  EXPECT_EQ(only_tensor(filled(old_class("LongTensor"), state_of(longs)), files), "I64 [2] of 1");
  EXPECT_EQ(only_tensor(filled(old_class("Tensor"), state_of(longs)), files), "I64 [2] of 1");
  EXPECT_EQ(only_tensor(filled(old_class("FloatTensor"),
                               tuple({floats, integer(1), list({integer(2)}), list({integer(1)})})),
                        files),
            "F32 [2] of 0 at 1");
}

TEST(OldTensors, AreVariablesInEachOfTheirForms) {
  TensorBuilder made;
  const std::string whole = made.numbers<float>({2}, {1, 2});
  const std::string floats = made.storage<float>({1, 2, 3});
  const CheckpointBuilder& files = made.storages();
  const std::string old_state = tuple({kTrue, kFalse, ordered_dict()});
  for (const std::string& name : {variable(), parameter()}) {
    const std::string first_state = tuple({whole, kNone, ordered_dict(), kTrue, kFalse});
    for (const std::string& value :
         {reduce(name, {whole}), reduce(name, {whole, kTrue}), newobj(name, {whole, kTrue}),
          build(newobj(name, {whole}), old_state), build(newobj(name, {}), first_state)}) {
      const std::string found = only_tensor(value, files);
      EXPECT_TRUE(found.starts_with("F32 [2] of 0")) << found;
      EXPECT_NE(found.find("grad"), std::string::npos) << found;
    }
    const std::string plain = only_tensor(reduce(name, {whole, kFalse}), files);
    EXPECT_EQ(plain.find("grad"), std::string::npos) << plain;
    EXPECT_TRUE(
        only_tensor(build(newobj(name, {}), state_of(floats)), files).starts_with("F32 [2] of 1"));
  }
}

TEST(OldTensors, LieAboutWhatTheyAre) {
  TensorBuilder made;
  const std::string floats = made.storage<float>({1, 2, 3});
  const std::string bytes = made.storage<std::uint8_t>({1, 2, 3});
  const std::string whole = made.numbers<float>({2}, {1, 2});
  const std::string odd = "corrupt: a tensor with a state it never gets";
  const std::string never = "corrupt: a known value is given a state it never gets: ";
  const auto old = [&](std::string_view name, std::string_view state,
                       const std::string& complaint) {
    const std::string shell = reduce(old_class(name), {});
    return Forgery{build(shell, state), complaint, shell};
  };
  const auto is_variable = [&](std::string_view shell, std::string_view state,
                               const std::string& complaint) {
    return Forgery{build(shell, state), complaint, std::string(shell)};
  };
  expect_complaints(
      {
          old("FloatTensor", state_of(bytes),
              "corrupt: a tensor whose class contradicts its storage: FloatTensor"),
          old("LongTensor", state_of(floats),
              "corrupt: a tensor whose class contradicts its storage: LongTensor"),
          old("FloatTensor", tuple({floats, kZero, integers({4}), integers({1})}),
              "corrupt: a tensor that reaches out of its storage"),
          old("FloatTensor", tuple({floats, kZero, integers({-1}), integers({1})}),
              "corrupt: a tensor with a negative size"),
          old("FloatTensor", tuple({floats, integer(-1), integers({1}), integers({1})}), odd),
          old("FloatTensor", tuple({floats, kZero, integers({1})}), odd),
          old("FloatTensor", tuple({whole, kZero, integers({1}), integers({1})}), odd),
          old("FloatTensor", tuple({kTrue, kFalse, ordered_dict()}), odd),
          old("FloatTensor", ")", odd),
          old("FloatTensor", "}", never + "FloatTensor"),
          old("FloatTensor", kNone, never + "FloatTensor"),
          {reduce(old_class("FloatTensor"), {}), "corrupt: a tensor that is never filled"},
          {reduce(old_class("FloatTensor"), {integer(3)}), named("FloatTensor")},
          {reduce(old_class("FloatTensor"), {floats}), named("FloatTensor")},
          {reduce(old_class("Tensor"), {}), "corrupt: a tensor that is never filled"},
          {reduce(variable(), {}), "corrupt: a tensor that is never filled"},
          {reduce(parameter(), {}), "corrupt: a tensor that is never filled"},
          {reduce(parameter(), {floats}), named("Parameter")},
          {reduce(parameter(), {whole, integer(1)}), named("Parameter")},
          {reduce(parameter(), {whole, kTrue, kTrue}), named("Parameter")},
          is_variable(newobj(variable(), {}), tuple({kTrue, kFalse, kNone}), odd),
          is_variable(newobj(variable(), {whole}), state_of(floats), odd),
          is_variable(newobj(variable(), {whole}), tuple({whole, kNone, kNone, kTrue, kFalse}),
                      odd),
          is_variable(newobj(variable(), {whole}), tuple({kTrue, kFalse}), odd),
          is_variable(newobj(variable(), {}), tuple({floats, kNone, kNone, kTrue, kFalse}), odd),
          is_variable(newobj(variable(), {}), tuple({whole, kNone, kNone, kTrue}), odd),
      },
      made.storages());
}

TEST(OldTensors, TakeOneState) {
  TensorBuilder made;
  const std::string floats = made.storage<float>({1, 2, 3});
  const std::string shell = reduce(old_class("FloatTensor"), {});
  expect_complaints({{build(build(shell, state_of(floats)), state_of(floats)),
                      "corrupt: a value is given two states: FloatTensor", shell}},
                    made.storages());
}

// Whoever takes it before would have seen an empty tensor.
TEST(OldTensors, AreNotUsedBeforeTheyAreFilled) {
  TensorBuilder made;
  const std::string floats = made.storage<float>({1, 2, 3});
  const std::string shell = memoized(1, reduce(old_class("FloatTensor"), {}));
  const auto used_early = [&](std::string_view use) {
    CheckpointBuilder file = made.storages();
    file.value(tuple({list({shell}), use, build(fetched(1), state_of(floats))}));
    const auto opened = open(file);
    for (std::uint32_t i = 0; opened && i < opened->value_count(); ++i)
      EXPECT_NE(opened->value(i).kind(), ValueKind::kMissing);
    return complaint(file);
  };
  for (const std::string& use :
       {reduce(symbol("torch.jit._pickle", "restore_type_tag"), {fetched(1), text("Tensor")}),
        reduce(parameter(), {fetched(1)}),
        rebuild("_rebuild_parameter", {fetched(1), kTrue, ordered_dict()})})
    EXPECT_TRUE(used_early(use).starts_with("corrupt at ")) << used_early(use);
}

TEST(OldTensors, ArePartsOfNothingThatIsDamaged) {
  TensorBuilder made;
  const std::string whole = tensor(storage("9", 2), 0, {2}, {1});  // whose record is missing
  for (const std::string& value :
       {reduce(parameter(), {whole}), filled(old_class("FloatTensor"), state_of(storage("9", 2))),
        build(newobj(variable(), {}), tuple({whole, kNone, kNone, kTrue, kFalse}))}) {
    CheckpointBuilder file = made.storages();
    const std::string found = complaint(file.value(list({value})));
    EXPECT_NE(found.find("a storage whose record is not in the archive: 9"), std::string::npos)
        << found;
    EXPECT_EQ(found.find('\n'), std::string::npos) << found;
  }
}

// ---- as NumPy arrays

std::string from_numpy(std::string_view array, std::string_view dtype, std::string_view device = "",
                       std::string_view function = "_rebuild_device_tensor_from_numpy") {
  return rebuild(function, {array, symbol("torch", dtype),
                            device.empty() ? text("xla:0") : std::string(device), kTrue});
}

const std::string kFloats = raw<float>({1.5f, 2, 3, 4, 5, 6});

TEST(DeviceTensors, AreBuiltFromArrays) {
  const CheckpointBuilder none(kNone);
  const std::string floats = array({2, 3}, dtype("f4"), bytes(kFloats));
  for (const std::string_view function :
       {"_rebuild_device_tensor_from_numpy", "_rebuild_xla_tensor", "_rebuild_mlc_tensor"}) {
    const std::string found = only_tensor(from_numpy(floats, "float32", "", function), none);
    EXPECT_TRUE(found.starts_with("F32 [2, 3] of ")) << found;
  }
  const std::string fortran = array({2, 3}, dtype("f4"), bytes(kFloats), kTrue);
  EXPECT_NE(only_tensor(from_numpy(fortran, "float32"), none).find(" by [1, 2]"),
            std::string::npos);
  const auto opened = open(CheckpointBuilder(from_numpy(floats, "bfloat16")));
  ASSERT_TRUE(opened) << opened.error();
  ASSERT_TRUE(opened->issues().empty()) << opened->issues()[0];
  const auto rounded = opened->tensors()[0].tensor;
  EXPECT_EQ(rounded.dtype(), DType::kBfloat16);
  std::vector<std::byte> copy(12);
  ASSERT_TRUE(rounded.copy_bytes_to(copy).ok());
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(copy.data()), 4), "\xc0\x3f\x00\x40"s);
  const std::string swapped = array({1}, dtype("f4", {.order = ">"}), bytes("\x3f\xc0\0\0"s));
  for (const std::string_view type : {"float32", "bfloat16"}) {
    const auto big = open(CheckpointBuilder(from_numpy(swapped, type)));
    ASSERT_TRUE(big && big->issues().empty()) << type;
    std::vector<std::byte> number(type == "float32" ? 4 : 2);
    ASSERT_TRUE(big->tensors()[0].tensor.copy_bytes_to(number).ok());
    EXPECT_EQ(std::to_integer<int>(number.back()), 0x3f) << type;
  }
  EXPECT_EQ(complaint(CheckpointBuilder(from_numpy(array({0}, dtype("f4"), bytes("")), "float32"))),
            "");
  EXPECT_EQ(complaint(CheckpointBuilder(
                from_numpy(array({}, dtype("f4"), bytes("\1\1\1\1")), "float32"))),
            "");
  EXPECT_EQ(complaint(CheckpointBuilder(from_numpy(
                floats, "float32", reduce(symbol("torch", "device"), {text("xla"), integer(1)})))),
            "");
}

TEST(DeviceTensors, LieAboutTheirArrays) {
  const std::string floats = array({6}, dtype("f4"), bytes(kFloats));
  const std::string differs = "corrupt: an array of another type than its tensor: ";
  const std::string function = "_rebuild_device_tensor_from_numpy";
  expect_complaints({
      {from_numpy(floats, "int32"), differs + "int32"},
      {from_numpy(floats, "float64"), differs + "float64"},
      {from_numpy(floats, "float16"), differs + "float16"},
      {from_numpy(array({3}, dtype("f8"), bytes(kFloats)), "bfloat16"), differs + "bfloat16"},
      {from_numpy(array({12}, dtype("u2"), bytes(kFloats)), "uint16"), differs + "uint16"},
      {from_numpy(array({3}, dtype("m8", {.metadata = unit("ns")}), bytes(kFloats)), "int64"),
       differs + "int64"},
      {from_numpy(array({1}, dtype("O", {.order = "|", .flags = 63}), list({kNone})), "uint8"),
       differs + "uint8"},
      {from_numpy(array({1}, dtype("f4"), bytes("\1\2\3\4")), "bfloat16"),
       "corrupt: a bfloat16 that was stored with more digits"},
      {from_numpy(floats, "float32", text("../x\x1b")), "corrupt: an impossible device: ../x\\x1b"},
      {from_numpy(floats, "float32", kNone), named(function)},
      {from_numpy(list({kZero}), "float32"), named(function)},
      {from_numpy(scalar(dtype("f4"), bytes("\1\1\1\1")), "float32"), named(function)},
      {rebuild(function, {floats, symbol("torch", "float32"), text("xla")}), named(function)},
      {rebuild(function, {floats, text("float32"), text("xla"), kTrue}), named(function)},
  });
}

// ---- storages as lists of numbers

std::string storage_of(std::string_view kind, std::initializer_list<std::string_view> numbers) {
  return reduce(symbol("torch", kind), {list(numbers)});
}

TEST(StoragesFromLists, HoldTheirNumbers) {
  const std::string floats = storage_of("FloatStorage", {real(0.5), real(1.5)});
  const auto opened = open(CheckpointBuilder(tensor(floats, 0, {2}, {1})));
  ASSERT_TRUE(opened) << opened.error();
  ASSERT_TRUE(opened->issues().empty()) << opened->issues()[0];
  EXPECT_EQ((*opened->tensors()[0].tensor.as_span<float>())[1], 1.5f);
  const auto bytes_of = [](std::string_view storage) -> std::string {
    const auto file = open(CheckpointBuilder(storage));
    if (!file || !file->issues().empty()) return "bad";
    const auto bytes = file->root().storage()->bytes();
    return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
  };
  EXPECT_EQ(bytes_of(storage_of("DoubleStorage", {real(0.1)})), raw<double>({0.1}));
  EXPECT_EQ(bytes_of(storage_of("LongStorage", {integer(-1), integer(INT64_MAX)})),
            raw<std::int64_t>({-1, INT64_MAX}));
  EXPECT_EQ(bytes_of(storage_of("IntStorage", {integer(INT32_MIN)})),
            raw<std::int32_t>({INT32_MIN}));
  EXPECT_EQ(bytes_of(storage_of("ShortStorage", {integer(-2)})), raw<std::int16_t>({-2}));
  EXPECT_EQ(bytes_of(storage_of("CharStorage", {integer(-128), integer(127)})), "\x80\x7f");
  EXPECT_EQ(bytes_of(storage_of("ByteStorage", {integer(255)})), "\xff");
  EXPECT_EQ(bytes_of(storage_of("FloatStorage", {})), "");
  EXPECT_EQ(bytes_of(storage_of("FloatStorage", {real(std::numeric_limits<double>::infinity())})),
            raw<float>({std::numeric_limits<float>::infinity()}));
}

TEST(StoragesFromLists, HoldNothingElse) {
  const auto cannot = [](const std::string& name) {
    return "corrupt: a storage of numbers that its type cannot hold: " + name;
  };
  std::string changed = memoized(1, list({real(1)}));
  expect_complaints({
      {storage_of("FloatStorage", {real(0.1)}), cannot("FloatStorage")},
      {storage_of("FloatStorage", {real(1e300)}), cannot("FloatStorage")},
      {storage_of("FloatStorage", {integer(1)}), cannot("FloatStorage")},
      {storage_of("LongStorage", {real(1)}), cannot("LongStorage")},
      {storage_of("LongStorage", {kTrue}), cannot("LongStorage")},
      {storage_of("IntStorage", {integer(std::int64_t{1} << 31)}), cannot("IntStorage")},
      {storage_of("ShortStorage", {integer(40'000)}), cannot("ShortStorage")},
      {storage_of("CharStorage", {integer(128)}), cannot("CharStorage")},
      {storage_of("ByteStorage", {integer(256)}), cannot("ByteStorage")},
      {storage_of("ByteStorage", {integer(-1)}), cannot("ByteStorage")},
      {storage_of("ByteStorage", {text("a")}), cannot("ByteStorage")},
      {storage_of("ByteStorage", {kNone}), cannot("ByteStorage")},
      {storage_of("HalfStorage", {real(1)}), cannot("HalfStorage")},
      {reduce(symbol("torch", "FloatStorage"), {tuple({real(1)})}), named("FloatStorage")},
      {reduce(symbol("torch", "FloatStorage"), {integer(1 << 30)}), named("FloatStorage")},
      {reduce(symbol("torch", "FloatStorage"), {}), named("FloatStorage")},
  });
  CheckpointBuilder file(
      tuple({reduce(symbol("torch", "FloatStorage"), {changed}), fetched(1) + real(2) + "a"}));
  EXPECT_TRUE(complaint(file).starts_with("corrupt at ")) << complaint(file);
}

// ---- helpers of TorchScript

TEST(ScriptHelpers, AreTheirFirstArgument) {
  const auto helped = [](std::string_view name, std::initializer_list<std::string_view> given) {
    return opened_text(CheckpointBuilder(reduce(symbol("torch.jit._pickle", name), given)));
  };
  EXPECT_EQ(helped("build_intlist", {list({integer(1), integer(2)})}), "[1, 2]");
  EXPECT_EQ(helped("build_doublelist", {list({real(0.5)})}), "[0.5]");
  EXPECT_EQ(helped("build_boollist", {list({kTrue})}), "[True]");
  EXPECT_EQ(helped("restore_type_tag", {dict({text("a"), integer(1)}), text("Dict[str, int]")}),
            "{\"a\": 1}");
  EXPECT_EQ(helped("restore_type_tag", {ordered_dict(), text("x")}).find("corrupt"),
            std::string::npos);
}

TEST(ScriptHelpers, LieAboutTheirArguments) {
  const auto call = [](std::string_view name, std::initializer_list<std::string_view> given) {
    return reduce(symbol("torch.jit._pickle", name), given);
  };
  expect_complaints({
      {call("build_intlist", {}), named("build_intlist")},
      {call("build_intlist", {tuple({integer(1)})}), named("build_intlist")},
      {call("build_intlist", {list({kZero}), kZero}), named("build_intlist")},
      {call("restore_type_tag", {list({kZero})}), named("restore_type_tag")},
      {call("restore_type_tag", {list({kZero}), kZero}), named("restore_type_tag")},
      {call("build_tensor_from_id", {integer(-1)}), named("build_tensor_from_id")},
      {call("build_tensor_from_id", {integer(0)}),
       "corrupt: a tensor by number in a file without a table of them"},
  });
}

}  // namespace
