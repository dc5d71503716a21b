// Quantized tensors that lie: bounds, scales, zero points, axes, and values that are packed.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "support/forgery.h"
#include "support/tensor_builder.h"

namespace {

using namespace test_support;

const std::string kForm = "corrupt: quantization parameters in no known form";
const std::string kScale = "corrupt: a quantization scale that is not above zero";
const std::string kPoint = "corrupt: a quantization zero point that the type cannot hold";
const std::string kPerTensor = symbol("torch", "per_tensor_affine");
const std::string kPerChannel = symbol("torch", "per_channel_affine");
const std::string kPlain = tuple({kPerTensor, real(0.5), integer(0)});

// Sizes, strides and parameters over a storage.
std::string quantized(std::string_view storage, std::int64_t offset,
                      std::initializer_list<std::int64_t> sizes,
                      std::initializer_list<std::int64_t> strides, std::string_view parameters) {
  return rebuild("_rebuild_qtensor", {storage, integer(offset), integers(sizes), integers(strides),
                                      parameters, kFalse, ordered_dict()});
}

// A storage "0" of six bytes, of another class each time.
void expect_all(std::initializer_list<Forgery> forgeries) {
  expect_complaints(forgeries, CheckpointBuilder(kNone).storage("0", "abcdef"));
}
const std::string kSix = storage("0", 6, "QInt8Storage");

TEST(QuantizedForgeries, BreakNoBound) {
  const std::string outside = "corrupt: a tensor that reaches out of its storage";
  constexpr std::int64_t kHuge = std::int64_t{1} << 62;
  expect_all({
      {quantized(kSix, 0, {7}, {1}, kPlain), outside},
      {quantized(kSix, 1, {6}, {1}, kPlain), outside},
      {quantized(kSix, kHuge, {1}, {1}, kPlain), outside},
      {quantized(kSix, 0, {2}, {6}, kPlain), outside},
      {quantized(storage("e", 0, "QInt8Storage"), 0, {1}, {1}, kPlain), outside},
      {quantized(kSix, 0, {-1}, {1}, kPlain), "corrupt: a tensor with a negative size"},
      {quantized(kSix, 0, {2}, {-1}, kPlain), "corrupt: a tensor with a negative stride"},
      {quantized(kSix, 0, {kHuge, 4}, {0, 0}, kPlain),
       "corrupt: a tensor with more elements than can be counted"},
      {quantized(kSix, 0, {2, 3}, {1}, kPlain),
       "corrupt: a tensor with another number of strides than of sizes"},
      {quantized(kSix, -1, {1}, {1}, kPlain),
       "corrupt: a known name is called with arguments it never gets: _rebuild_qtensor"},
  });
}

TEST(QuantizedForgeries, LieOverAStorageOfTheirType) {
  const std::string other = "corrupt: a quantized tensor over a storage of another type";
  for (const char* kind : {"CharStorage", "ByteStorage", "UntypedStorage", "HalfStorage"})
    expect_all({{quantized(storage("0", kind == std::string("HalfStorage") ? 3 : 6, kind), 0, {2},
                           {1}, kPlain),
                 other}});
}

TEST(QuantizedForgeries, PackNoMoreValuesThanFit) {
  const std::string packed = "corrupt: a tensor of packed values that does not fit its storage";
  const std::string twos = storage("0", 6, "QUInt4x2Storage");
  const std::string fours = storage("0", 6, "QUInt2x4Storage");
  expect_all({
      {quantized(twos, 0, {13}, {1}, kPlain), packed},
      {quantized(fours, 0, {25}, {1}, kPlain), packed},
      {quantized(fours, 0, {5, 5}, {5, 1}, kPlain), packed},
      {quantized(twos, 1, {2}, {1}, kPlain), packed},
      {quantized(twos, 0, {2, 3}, {1, 2}, kPlain), packed},
      {quantized(twos, 0, {1'000'000}, {0}, kPlain), packed},
      {quantized(twos, 0, {-1}, {1}, kPlain), "corrupt: a tensor with a negative size"},
      {quantized(twos, 0, {INT64_MAX}, {1}, kPlain), packed},
      {quantized(fours, 0, {INT64_MAX}, {1}, kPlain), packed},
      {quantized(twos, 0, {INT64_MAX, 4}, {4, 1}, kPlain),
       "corrupt: a tensor with more elements than can be counted"},
  });
}

TEST(QuantizedForgeries, HaveAScaleAboveZero) {
  const auto scaled = [](double scale) {
    return Forgery{quantized(kSix, 0, {6}, {1}, tuple({kPerTensor, real(scale), integer(0)})),
                   kScale};
  };
  expect_all({scaled(0), scaled(-0.0), scaled(-1), scaled(std::nan("")),
              scaled(std::numeric_limits<double>::infinity())});
}

TEST(QuantizedForgeries, HaveAZeroPointThatTheirTypeHolds) {
  const auto at = [](std::string_view kind, std::int64_t point) {
    const std::string own = storage("0", kind == "QInt32Storage" ? 1 : 4, kind);
    return Forgery{quantized(own, 0, {1}, {1}, tuple({kPerTensor, real(1), integer(point)})),
                   kPoint};
  };
  expect_complaints({at("QInt8Storage", 128), at("QInt8Storage", -129), at("QUInt8Storage", 256),
                     at("QUInt8Storage", -1), at("QInt32Storage", std::int64_t{1} << 31),
                     at("QInt32Storage", INT64_MIN), at("QUInt4x2Storage", 16),
                     at("QUInt2x4Storage", 4), at("QUInt2x4Storage", -1)},
                    CheckpointBuilder(kNone).storage("0", "abcd"));
}

TEST(QuantizedForgeries, HaveParametersInAKnownForm) {
  const auto with = [](std::string_view parameters, const std::string& complaint = kForm) {
    return Forgery{quantized(kSix, 0, {2}, {1}, parameters), complaint};
  };
  const std::string big = "\x8a\x09" + std::string(8, '\0') + "\1";
  expect_all({
      with(")"),
      with(tuple({text("per_tensor_affine"), real(1), integer(0)})),
      with(tuple({symbol("m", "per_tensor_affine"), real(1), integer(0)})),
      with(tuple({kPerTensor})),
      with(tuple({kPerTensor, real(1)})),
      with(tuple({kPerTensor, real(1), integer(0), kNone})),
      with(tuple({kPerTensor, integer(1), integer(0)})),
      with(tuple({kPerTensor, real(1), real(0)})),
      with(tuple({kPerTensor, real(1), kFalse})),
      with(tuple({kPerTensor, real(1), big})),
      with(tuple({symbol("torch", "per_tensor_symmetric"), real(1), integer(0)}),
           "corrupt: an unknown quantization scheme: per_tensor_symmetric"),
      with(tuple({symbol("torch", "float32"), real(1), integer(0)}),
           "corrupt: an unknown quantization scheme: float32"),
      with(list({kPerTensor, real(1), integer(0)}),
           "corrupt: a known name is called with arguments it never gets: _rebuild_qtensor"),
  });
}

TEST(QuantizedForgeries, HaveAsManyParametersAsTheirAxis) {
  const std::string count = "corrupt: another number of quantization parameters than the axis has";
  const std::string axis = "corrupt: a quantization axis that the tensor does not have";
  TensorBuilder made;
  const std::string storage = made.storage("QInt8Storage", "abcdef");
  const std::string two = made.numbers<double>({2}, {1, 1});
  const std::string points = made.numbers<std::int64_t>({2}, {0, 0});
  const std::string three = made.numbers<double>({3}, {1, 1, 1});
  const std::string square = made.numbers<double>({2, 1}, {1, 1});
  const auto with = [&](std::string_view scales, std::string_view zero_points,
                        std::string_view along, const std::string& complaint) {
    return Forgery{
        quantized(storage, 0, {2, 3}, {3, 1}, tuple({kPerChannel, scales, zero_points, along})),
        complaint};
  };
  expect_complaints(
      {
          with(two, points, integer(1), count),
          with(three, points, integer(0), count),
          with(three, points, integer(1), count),
          with(square, points, integer(0), count),
          with(list({real(1)}), points, integer(0), count),
          with(two, list({integer(0), integer(0), integer(0)}), integer(0), count),
          with(tuple({real(1), real(1)}), points, integer(0), count),
          with(two, kNone, integer(0), count),
          with(real(1), integer(0), integer(0), count),
          with(two, points, integer(2), axis),
          with(two, points, integer(-1), axis),
          with(two, points, integer(INT64_MAX), axis),
          with(two, points, real(0), kForm),
          with(two, points, kFalse, kForm),
          {quantized(storage, 0, {}, {}, tuple({kPerChannel, two, points, integer(0)})), axis},
          {quantized(storage, 0, {2}, {1}, tuple({kPerChannel, two, points})), kForm},
      },
      made.storages());
}

TEST(QuantizedForgeries, ShowTheirChannelsOnlyInTheirElements) {
  TensorBuilder made;
  const std::string signed_bytes = made.storage("QInt8Storage", "ab");
  const std::string bytes = made.storage("QUInt8Storage", "ab");
  const std::string scales = made.numbers<double>({2}, {1, 0.5});
  const std::string points = made.numbers<std::int64_t>({2}, {0, 1});
  const double nan = std::nan("");
  const auto with = [&](std::string_view storage, std::string_view own_scales,
                        std::string_view zero_points, const std::string& complaint) {
    return Forgery{
        quantized(storage, 0, {2}, {1}, tuple({kPerChannel, own_scales, zero_points, integer(0)})),
        complaint};
  };
  const auto zero_point = [&](std::int64_t point) {
    return made.numbers<std::int64_t>({2}, {0, point});
  };
  expect_element_complaints(
      {
          with(bytes, made.numbers<double>({2}, {1, 0}), points, kScale),
          with(bytes, made.numbers<double>({2}, {nan, 1}), points, kScale),
          with(bytes, made.numbers<float>({2}, {-1, 1}), points, kScale),
          with(bytes, list({real(1), real(0)}), points, kScale),
          with(bytes, scales, zero_point(256), kPoint),
          with(bytes, scales, zero_point(-1), kPoint),
          with(signed_bytes, scales, zero_point(128), kPoint),
          with(signed_bytes, scales, zero_point(-129), kPoint),
          with(bytes, scales, list({integer(0), integer(INT64_MIN)}), kPoint),
          with(bytes, scales, made.numbers<float>({2}, {0, std::numeric_limits<float>::infinity()}),
               kPoint),
          with(bytes, list({real(1), text("1")}), points,
               "corrupt: quantization parameters that are not numbers"),
          with(bytes, scales, list({integer(0), real(1)}),
               "corrupt: quantization parameters that are not numbers"),
      },
      made.storages());
}

TEST(QuantizedForgeries, AmplifyNoParameters) {
  TensorBuilder made;
  constexpr std::int64_t kMany = std::int64_t{1} << 40;
  const std::string storage = made.storage("QInt8Storage", "a");
  const std::string one = made.storage<double>({1});
  const std::string scales = tensor(one, 0, {kMany}, {0});
  const std::string points = tensor(made.storage<std::int64_t>({0}), 0, {kMany}, {0});
  const std::string meta =
      rebuild("_rebuild_meta_tensor_no_storage",
              {symbol("torch", "float64"), integers({kMany}), integers({1}), kFalse});
  const auto with = [&](std::string_view own_scales) {
    return quantized(storage, 0, {kMany}, {0},
                     tuple({kPerChannel, own_scales, points, integer(0)}));
  };
  expect_element_complaints({{with(scales), "corrupt: an index tensor whose elements overlap"},
                             {with(meta), "corrupt: an index tensor on the meta device"}},
                            made.storages());
}

}  // namespace
