// TensorView: the elements where they are, copied, gathered, widened, resolved and swapped.
#include <gtest/gtest.h>
#include <safe_load/safe_load.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "support/checkpoint_builder.h"

namespace {

using namespace test_support;
using safe_load::Checkpoint;
using safe_load::ErrorCode;
using safe_load::OpenOptions;
using safe_load::TensorView;

// A file whose root is one tensor over the storage "0".
Checkpoint file(const std::string& value, const std::string& bytes,
                const OpenOptions& options = {}) {
  auto opened = open(CheckpointBuilder(value).storage("0", bytes), options);
  EXPECT_TRUE(opened) << (opened ? "" : opened.error().text());
  EXPECT_EQ(opened->issues().size(), 0u);
  return *std::move(opened);
}

TensorView tensor_of(const Checkpoint& checkpoint) { return *checkpoint.root().tensor(); }

// The elements, or nothing if they cannot be had as T.
template <class T>
std::vector<T> copied(const TensorView& tensor) {
  std::vector<T> out(tensor.element_count());
  return tensor.copy_to(std::span(out)) ? out : std::vector<T>();
}

const std::string kSix = raw<float>({0, 1, 2, 3, 4, 5});
const std::string kSixStorage = storage("0", 6);

// All elements of `values` as a tensor of the type `T`, which torch calls `kind`.
template <class T>
Checkpoint row(std::initializer_list<T> values, std::string_view kind) {
  const auto count = static_cast<std::int64_t>(values.size());
  return file(tensor(storage("0", count, kind), 0, {count}, {1}), raw(values));
}

template <class T>
void expect_span(std::initializer_list<T> values, std::string_view kind) {
  const Checkpoint checkpoint = row(values, kind);
  const auto span = tensor_of(checkpoint).as_span<T>();
  ASSERT_TRUE(span) << kind << span.error().reason();
  EXPECT_EQ(std::vector<T>(span->begin(), span->end()), std::vector<T>(values)) << kind;
  EXPECT_EQ(copied<T>(tensor_of(checkpoint)), std::vector<T>(values)) << kind;
}

TEST(Dims, HoldsFewInPlaceAndManyElsewhere) {
  static_assert(sizeof(safe_load::Dims) <= 96);
  safe_load::Dims dims;
  for (std::int64_t i = 0; i < 64; ++i) {
    EXPECT_EQ(dims.size(), static_cast<std::size_t>(i));
    dims.push_back(i);
    const safe_load::Dims copy = dims;
    ASSERT_EQ(copy, dims);
    for (std::int64_t j = 0; j <= i; ++j) ASSERT_EQ(copy[static_cast<std::size_t>(j)], j);
  }
  const safe_load::Dims moved = std::move(dims);
  EXPECT_EQ(moved.size(), 64u);
}

TEST(Tensor, GivesTheElementsOfEveryCppType) {
  expect_span<float>({1.5f, -2, 0}, "FloatStorage");
  expect_span<double>({1.5, -2, 0}, "DoubleStorage");
  expect_span<std::int8_t>({1, -2}, "CharStorage");
  expect_span<std::int16_t>({1, -2}, "ShortStorage");
  expect_span<std::int32_t>({1, -2}, "IntStorage");
  expect_span<std::int64_t>({1, -2}, "LongStorage");
  expect_span<std::uint8_t>({1, 255}, "ByteStorage");
  expect_span<std::complex<float>>({{1, 2}, {3, -4}}, "ComplexFloatStorage");
  expect_span<std::complex<double>>({{1, 2}, {3, -4}}, "ComplexDoubleStorage");
  const Checkpoint truths = file(tensor(storage("0", 2, "BoolStorage"), 0, {2}, {1}), {"\1\0", 2});
  EXPECT_EQ((*tensor_of(truths).as_span<bool>())[0], true);
  EXPECT_EQ((*tensor_of(truths).as_span<bool>())[1], false);
  const Checkpoint wide = file(tensor_v3(storage("0", 8, "UntypedStorage"), "uint32", 0, {2}, {1}),
                               raw<std::uint32_t>({7, 0xFFFFFFFF}));
  EXPECT_EQ((*tensor_of(wide).as_span<std::uint32_t>())[1], 0xFFFFFFFF);
}

TEST(Tensor, GivesNoSpanOfWhatIsNotARowOfThatType) {
  const auto refusal = [](const std::string& value, const std::string& bytes = kSix) {
    const Checkpoint checkpoint = file(value, bytes);
    const auto span = tensor_of(checkpoint).as_span<float>();
    if (span) return std::string("a span of ") + std::to_string(span->size());
    EXPECT_EQ(span.error().code(), ErrorCode::kMismatch);
    return std::string(span.error().reason());
  };
  const std::string row = "the elements do not lie in one row; use copy_to";
  const std::string negative =
      rebuild("_rebuild_tensor_v2", {kSixStorage, integer(0), integers({6}), integers({1}), kFalse,
                                     ordered_dict(), dict({text("neg"), kTrue})});
  EXPECT_EQ(refusal(tensor(kSixStorage, 0, {6}, {1})), "a span of 6");
  EXPECT_EQ(refusal(tensor(kSixStorage, 2, {2, 2}, {2, 1})), "a span of 4");
  EXPECT_EQ(refusal(tensor(kSixStorage, 9, {0}, {1})), "a span of 0");
  EXPECT_EQ(refusal(tensor(kSixStorage, 0, {3}, {2})), row);
  EXPECT_EQ(refusal(tensor(kSixStorage, 0, {2, 3}, {1, 2})), row);
  EXPECT_EQ(refusal(tensor(kSixStorage, 0, {2}, {0})), row);
  EXPECT_EQ(refusal(negative), "the bytes are conjugated or negated; use copy_to");
  EXPECT_EQ(refusal(tensor(storage("0", 6, "IntStorage"), 0, {6}, {1})),
            "the elements are of another type");
  EXPECT_EQ(refusal(tensor(storage("0", 6, "FloatStorage", "meta"), 0, {6}, {1})),
            "a storage on the meta device has no data");
}

TEST(Tensor, GivesNoSpanOfMisalignedElements) {
  const std::string bytes =
      CheckpointBuilder(tensor(kSixStorage, 0, {6}, {1})).storage("0", kSix).build();
  int aligned = 0;
  std::vector<double> buffer(bytes.size() / sizeof(double) + 2);
  const auto all = std::as_writable_bytes(std::span(buffer));
  for (std::size_t shift = 0; shift < sizeof(float); ++shift) {
    const auto place = all.subspan(shift, bytes.size());
    const auto source = safe_load::base::as_bytes(bytes);
    std::copy(source.begin(), source.end(), place.begin());
    const auto opened = Checkpoint::open(std::span<const std::byte>(place));
    ASSERT_TRUE(opened);
    aligned += tensor_of(*opened).as_span<float>() ? 1 : 0;
    EXPECT_EQ(copied<float>(tensor_of(*opened)), std::vector<float>({0, 1, 2, 3, 4, 5}));
  }
  EXPECT_EQ(aligned, 1);
}

TEST(Tensor, GathersViewsInRowMajorOrder) {
  const struct {
    std::string value;
    std::vector<float> elements;
  } cases[] = {
      {tensor(kSixStorage, 0, {2, 3}, {3, 1}), {0, 1, 2, 3, 4, 5}},
      {tensor(kSixStorage, 0, {3, 2}, {1, 3}), {0, 3, 1, 4, 2, 5}},  // transposed
      {tensor(kSixStorage, 0, {2, 2}, {3, 2}), {0, 2, 3, 5}},        // x[:, ::2]
      {tensor(kSixStorage, 1, {2}, {3}), {1, 4}},                    // a column
      {tensor(kSixStorage, 2, {2, 3}, {0, 1}), {2, 3, 4, 2, 3, 4}},  // expanded
      {tensor(kSixStorage, 5, {3}, {0}), {5, 5, 5}},                 // one element
      {tensor(kSixStorage, 0, {4, 3}, {1, 1}), {0, 1, 2, 1, 2, 3, 2, 3, 4, 3, 4, 5}},  // windows
      {tensor(kSixStorage, 0, {2, 1, 3}, {3, 99, 1}), {0, 1, 2, 3, 4, 5}},
      {tensor(kSixStorage, 0, {1, 2, 3}, {-7, 1, 2}), {0, 2, 4, 1, 3, 5}},
      {tensor(kSixStorage, 4, {}, {}), {4}},
      {tensor(kSixStorage, 0, {1, 3, 1, 2}, {6, 1, 6, 3}), {0, 3, 1, 4, 2, 5}},
      {tensor(kSixStorage, 0, {3, 0}, {1, 1}), {}},
  };
  for (const auto& c : cases) {
    const Checkpoint checkpoint = file(c.value, kSix);
    EXPECT_EQ(copied<float>(tensor_of(checkpoint)), c.elements);
    EXPECT_EQ(copied<double>(tensor_of(checkpoint)),
              std::vector<double>(c.elements.begin(), c.elements.end()));
  }
}

TEST(Tensor, CopiesOnlyIntoRoomOfItsOwnSize) {
  const Checkpoint checkpoint = file(tensor(kSixStorage, 0, {6}, {1}), kSix);
  for (const std::size_t size : {0u, 5u, 7u}) {
    std::vector<float> room(size);
    const auto copy = tensor_of(checkpoint).copy_to(std::span(room));
    ASSERT_FALSE(copy) << size;
    EXPECT_EQ(copy.error().code(), ErrorCode::kMismatch);
  }
}

TEST(Tensor, ConvertsOnlyWhatLosesNothing) {
  const Checkpoint small = row<std::int8_t>({-128, 127}, "CharStorage");
  EXPECT_EQ(copied<std::int16_t>(tensor_of(small)), std::vector<std::int16_t>({-128, 127}));
  EXPECT_EQ(copied<std::int64_t>(tensor_of(small)), std::vector<std::int64_t>({-128, 127}));
  EXPECT_TRUE(copied<std::uint8_t>(tensor_of(small)).empty());
  EXPECT_TRUE(copied<std::uint64_t>(tensor_of(small)).empty());
  EXPECT_TRUE(copied<float>(tensor_of(small)).empty());
  const Checkpoint bytes = row<std::uint8_t>({0, 255}, "ByteStorage");
  EXPECT_EQ(copied<std::int16_t>(tensor_of(bytes)), std::vector<std::int16_t>({0, 255}));
  EXPECT_EQ(copied<std::uint64_t>(tensor_of(bytes)), std::vector<std::uint64_t>({0, 255}));
  EXPECT_TRUE(copied<std::int8_t>(tensor_of(bytes)).empty());
  bool truths[2];
  EXPECT_FALSE(tensor_of(bytes).copy_to(std::span<bool>(truths)));
  const Checkpoint halves = row<std::uint16_t>({0x3C00, 0xC000}, "HalfStorage");
  EXPECT_EQ(copied<float>(tensor_of(halves)), std::vector<float>({1, -2}));
  EXPECT_TRUE(copied<std::int16_t>(tensor_of(halves)).empty());
  const Checkpoint brains = row<std::uint16_t>({0x3F80, 0xC040}, "BFloat16Storage");
  EXPECT_EQ(copied<double>(tensor_of(brains)), std::vector<double>({1, -3}));
  const Checkpoint doubles = row<double>({0.5}, "DoubleStorage");
  EXPECT_TRUE(copied<float>(tensor_of(doubles)).empty());
  const Checkpoint complexes = row<std::complex<float>>({{1, -2}}, "ComplexFloatStorage");
  EXPECT_EQ(copied<std::complex<double>>(tensor_of(complexes)),
            std::vector<std::complex<double>>({{1, -2}}));
  EXPECT_TRUE(copied<float>(tensor_of(complexes)).empty());
}

std::string with_bits(std::string_view kind, std::int64_t count,
                      std::initializer_list<std::int64_t> sizes,
                      std::initializer_list<std::int64_t> strides,
                      std::initializer_list<std::string_view> bits, std::int64_t offset = 0) {
  std::string flags = "}(";
  for (const std::string_view bit : bits) flags += text(bit) + std::string(kTrue);
  return rebuild("_rebuild_tensor_v2", {storage("0", count, kind), integer(offset), integers(sizes),
                                        integers(strides), kFalse, ordered_dict(), flags + "u"});
}

TEST(Tensor, ResolvesConjugatesAndNegatives) {
  using Complex = std::complex<float>;
  const std::string data = raw<Complex>({{1, 2}, {-3, -4}});
  const auto resolved = [&](std::initializer_list<std::string_view> bits) {
    return copied<Complex>(
        tensor_of(file(with_bits("ComplexFloatStorage", 2, {2}, {1}, bits), data)));
  };
  EXPECT_EQ(resolved({}), std::vector<Complex>({{1, 2}, {-3, -4}}));
  EXPECT_EQ(resolved({"conj"}), std::vector<Complex>({{1, -2}, {-3, 4}}));
  EXPECT_EQ(resolved({"neg"}), std::vector<Complex>({{-1, -2}, {3, 4}}));
  EXPECT_EQ(resolved({"conj", "neg"}), std::vector<Complex>({{-1, 2}, {3, -4}}));
  const Checkpoint conjugate = file(with_bits("ComplexFloatStorage", 2, {2}, {1}, {"conj"}), data);
  EXPECT_EQ(copied<std::complex<double>>(tensor_of(conjugate)),
            std::vector<std::complex<double>>({{1, -2}, {-3, 4}}));
  // x.conj().imag, as torch saves it.
  const Checkpoint imaginary = file(with_bits("FloatStorage", 4, {2}, {2}, {"neg"}, 1), data);
  EXPECT_EQ(copied<float>(tensor_of(imaginary)), std::vector<float>({-2, 4}));
  EXPECT_EQ(copied<double>(tensor_of(imaginary)), std::vector<double>({-2, 4}));
  EXPECT_EQ(tensor_of(imaginary).statistics()->minimum, -2);
  const Checkpoint brains =
      file(with_bits("BFloat16Storage", 1, {1}, {1}, {"neg"}), raw<std::uint16_t>({0x3F80}));
  EXPECT_EQ(copied<float>(tensor_of(brains)), std::vector<float>({-1}));
}

TEST(Tensor, ResolvesBitsInHalvesOfEverySize) {
  const auto bytes_of = [](const std::string& value, const std::string& data) {
    const Checkpoint checkpoint = file(value, data);
    std::string out(data.size(), '\0');
    EXPECT_TRUE(tensor_of(checkpoint).copy_bytes_to(safe_load::base::as_writable_bytes(out)));
    return out;
  };
  const std::string chalf =
      rebuild("_rebuild_tensor_v3",
              {storage("0", 4, "UntypedStorage"), integer(0), integers({1}), integers({1}), kFalse,
               ordered_dict(), symbol("torch", "complex32"), dict({text("conj"), kTrue})});
  EXPECT_EQ(bytes_of(chalf, raw<std::uint16_t>({0x3C00, 0x4000})),
            raw<std::uint16_t>({0x3C00, 0xC000}));
  EXPECT_EQ(
      bytes_of(with_bits("ComplexDoubleStorage", 1, {1}, {1}, {"neg"}), raw<double>({1.5, -2.5})),
      raw<double>({-1.5, 2.5}));
}

TEST(Tensor, LimitsHowMuchAFewBytesMayFill) {
  constexpr std::int64_t kMany = 1'000'000'000'000;
  const Checkpoint bomb = file(tensor(kSixStorage, 0, {kMany}, {0}), kSix);
  EXPECT_EQ(tensor_of(bomb).element_count(), static_cast<std::uint64_t>(kMany));
  ASSERT_FALSE(tensor_of(bomb).copy_size());
  EXPECT_EQ(tensor_of(bomb).copy_size().error().code(), ErrorCode::kLimit);
  EXPECT_EQ(tensor_of(bomb).statistics().error().code(), ErrorCode::kLimit);

  OpenOptions options;
  options.limits.max_copied_bytes = 100;
  options.limits.max_copied_ratio = 2;  // times 24 bytes
  const auto copy_size = [&](std::int64_t count) {
    const Checkpoint checkpoint = file(tensor(kSixStorage, 0, {count}, {0}), kSix, options);
    const auto size = tensor_of(checkpoint).copy_size();
    return size ? static_cast<std::int64_t>(*size) : -1;
  };
  EXPECT_EQ(copy_size(25), 100);
  EXPECT_EQ(copy_size(26), -1);
  options.limits.max_copied_ratio = 5;
  EXPECT_EQ(copy_size(30), 120);
  EXPECT_EQ(copy_size(31), -1);
}

TEST(Tensor, HasStatisticsOfItsFiniteElements) {
  const float infinity = std::numeric_limits<float>::infinity();
  const Checkpoint mixed = row<float>({1, NAN, 3, infinity, -infinity, -4, NAN}, "FloatStorage");
  const auto statistics = tensor_of(mixed).statistics();
  ASSERT_TRUE(statistics);
  EXPECT_EQ(statistics->count, 7u);
  EXPECT_EQ(statistics->nan_count, 2u);
  EXPECT_EQ(statistics->infinite_count, 2u);
  EXPECT_EQ(statistics->minimum, -4);
  EXPECT_EQ(statistics->maximum, 3);
  EXPECT_DOUBLE_EQ(statistics->mean, 0);
  EXPECT_DOUBLE_EQ(statistics->standard_deviation, std::sqrt(26.0 / 3));
  // A large mean costs no precision.
  const Checkpoint far = row<double>({1e9 + 1, 1e9 + 2, 1e9 + 3}, "DoubleStorage");
  EXPECT_DOUBLE_EQ(tensor_of(far).statistics()->standard_deviation, std::sqrt(2.0 / 3));
  // A view has statistics of what it shows.
  const Checkpoint view = file(tensor(kSixStorage, 1, {2}, {3}), kSix);
  EXPECT_EQ(tensor_of(view).statistics()->mean, 2.5);
  const Checkpoint empty = file(tensor(kSixStorage, 0, {0}, {1}), kSix);
  EXPECT_EQ(tensor_of(empty).statistics()->count, 0u);
  const Checkpoint none = row<float>({NAN}, "FloatStorage");
  EXPECT_EQ(tensor_of(none).statistics()->nan_count, 1u);
  const Checkpoint complexes = row<std::complex<float>>({{1, 2}}, "ComplexFloatStorage");
  EXPECT_EQ(tensor_of(complexes).statistics().error().code(), ErrorCode::kMismatch);
}

TEST(Tensor, TellsWhereItLies) {
  const std::string bytes =
      CheckpointBuilder(tensor(kSixStorage, 2, {4}, {1})).storage("0", kSix).build();
  const auto opened = open_bytes(bytes);
  const std::uint64_t offset = tensor_of(*opened).file_offset();
  EXPECT_EQ(bytes.substr(offset, 16), raw<float>({2, 3, 4, 5}));
  EXPECT_EQ(tensor_of(*opened).byte_count(), 16u);
  const Checkpoint empty = file(tensor(kSixStorage, 0, {0}, {1}), kSix);
  EXPECT_EQ(tensor_of(empty).file_offset(), 0u);
}

TEST(Storage, SharesWhatIsWritten) {
  const Checkpoint checkpoint =
      file(list({tensor(kSixStorage, 0, {6}, {1}), tensor(kSixStorage, 4, {2}, {1})}), kSix);
  const TensorView first = *checkpoint.root()[0].tensor();
  const TensorView second = *checkpoint.root()[1].tensor();
  EXPECT_EQ(first.storage().id(), second.storage().id());
  EXPECT_NE(first.id(), second.id());
  const auto bytes = first.storage().writable_bytes(4);
  ASSERT_TRUE(bytes);
  std::fill(bytes->begin(), bytes->end(), std::byte{0});
  EXPECT_EQ(copied<float>(second), std::vector<float>({0, 0}));
}

TEST(Storage, IsNotWrittenIfItIsBorrowed) {
  const std::string bytes =
      CheckpointBuilder(tensor(kSixStorage, 0, {6}, {1})).storage("0", kSix).build();
  const auto opened = Checkpoint::open(safe_load::base::as_bytes(bytes));
  ASSERT_TRUE(opened);
  EXPECT_EQ(tensor_of(*opened).storage().writable_bytes().error().code(), ErrorCode::kMismatch);
  EXPECT_EQ(tensor_of(*opened).storage().bytes()->size(), kSix.size());
}

}  // namespace
