// Sparse tensors that lie. torch 2.13 looks at none of these unless it is asked to, and reads
// foreign memory where an index lies outside.
#include <gtest/gtest.h>

#include <string>

#include "support/forgery.h"
#include "support/tensor_builder.h"

namespace {

using namespace test_support;

const std::string kParts = "corrupt: a sparse tensor whose parts contradict each other";
const std::string kIndex = "corrupt: a sparse tensor with an index outside of its size";
constexpr std::int64_t kHuge = std::int64_t{1} << 62;

std::string coo(std::string_view indices, std::string_view values, std::string_view size) {
  return sparse("torch.sparse_coo", {indices, values, size, kFalse});
}

TEST(SparseForgeries, HaveCoordinatesOfTheirShape) {
  TensorBuilder made;
  const std::string indices = made.numbers<std::int64_t>({2, 3}, {0, 0, 1, 0, 1, 2});
  const std::string values = made.numbers<float>({3}, {1, 2, 3});
  const std::string dense = made.numbers<float>({3, 2}, {1, 2, 3, 4, 5, 6});
  const std::string size = integers({2, 3});
  expect_complaints(
      {
          {coo(made.numbers<std::int32_t>({2, 3}, {0, 0, 1, 0, 1, 2}), values, size), kParts},
          {coo(made.numbers<float>({2, 3}, {0, 0, 1, 0, 1, 2}), values, size), kParts},
          {coo(made.numbers<std::int64_t>({6}, {0, 0, 1, 0, 1, 2}), values, size), kParts},
          {coo(list({integer(0)}), values, size), kParts},
          {coo(kNone, values, size), kParts},
          {coo(indices, made.numbers<float>({2}, {1, 2}), size), kParts},
          {coo(indices, made.numbers<float>({}, {1}), size), kParts},
          {coo(indices, kNone, size), kParts},
          {coo(indices, dense, size), kParts},
          {coo(indices, dense, integers({2, 3, 3})), kParts},
          {coo(indices, values, integers({2})), kParts},
          {coo(indices, values, integers({2, 3, 1})), kParts},
          {coo(indices, values, integers({})), kParts},
          {coo(indices, values, integers({-2, 3})), kParts},
          {coo(indices, dense, integers({2, 3, -2})), kParts},
      },
      made.storages());
}

TEST(SparseForgeries, HaveASizeOfNumbers) {
  TensorBuilder made;
  const std::string indices = made.numbers<std::int64_t>({1, 1}, {0});
  const std::string values = made.numbers<float>({1}, {1});
  const std::string no_numbers = "corrupt: a tensor whose sizes are not integers";
  const auto with = [&](std::string_view size, const std::string& complaint) {
    return Forgery{coo(indices, values, size), complaint};
  };
  expect_complaints(
      {
          with(tuple({text("a")}), no_numbers),
          with(tuple({kTrue}), no_numbers),
          with(tuple({real(1)}), no_numbers),
          with(integer(1), no_numbers),
          with(kNone, no_numbers),
          with(text("ab"), no_numbers),
          with(dict({integer(1), integer(1)}), no_numbers),
          with(values, no_numbers),
          // Records that are no torch.Size, with and without a tuple of numbers in them.
          with(reduce(symbol("numpy.ma.core", "MaskedConstant"), {}), no_numbers),
          with(newobj(symbol("argparse", "Namespace"), {}), no_numbers),
          with(reduce(symbol("time", "struct_time"), {integers({1, 1, 1, 1, 1, 1, 1, 1, 1})}),
               no_numbers),
      },
      made.storages());
}

TEST(SparseForgeries, ChangeNoSizeAfterwards) {
  TensorBuilder made;
  const std::string call = coo(made.numbers<std::int64_t>({2, 1}, {0, 0}),
                               made.numbers<float>({1}, {1}), memoized(9, "](K\1e"));
  expect_complaints({{tuple({call, fetched(9) + integer(9) + "a"}), kParts, call}},
                    made.storages());
}

TEST(SparseForgeries, HaveThePartsOfTheirLayout) {
  TensorBuilder made;
  const std::string indices = made.numbers<std::int64_t>({1, 1}, {0});
  const std::string row = made.numbers<std::int64_t>({2}, {0, 1});
  const std::string column = made.numbers<std::int64_t>({1}, {0});
  const std::string narrow = made.numbers<std::int32_t>({1}, {0});
  const std::string values = made.numbers<float>({1}, {1});
  const std::string size = integers({1, 1});
  const std::string odd =
      "corrupt: a known name is called with arguments it never gets: _rebuild_sparse_tensor";
  const std::string csr = "torch.sparse_csr";
  expect_complaints(
      {
          {sparse("torch.sparse_coo", {}), kParts},
          {sparse("torch.sparse_coo", {indices, values}), kParts},
          {sparse("torch.sparse_coo", {indices, values, integers({1}), kFalse, kNone}), kParts},
          {sparse("torch.sparse_coo", {indices, values, integers({1}), integer(1)}), kParts},
          {sparse(csr, {row, column, values}), kParts},
          {sparse(csr, {row, column, values, size, kTrue}), kParts},
          {sparse(csr, {row, column, kNone, size}), kParts},
          {sparse(csr, {row, values, values, size}), kParts},
          {sparse(csr, {values, column, values, size}), kParts},
          {sparse(csr, {row, narrow, values, size}), kParts},
          {sparse(csr, {row, indices, values, size}), kParts},
          {sparse(csr, {row, column, values, integers({1})}), kParts},
          {sparse(csr, {row, column, values, integers({1, -1})}), kParts},
          {sparse(csr, {made.numbers<std::int64_t>({}, {0}), column, values, size}), kParts},
          {sparse(csr, {list({}), column, values, size}), kParts},
          {sparse("torch.strided", {indices, values, size}),
           "corrupt: a sparse tensor of another layout: torch.strided"},
          {sparse("torch.jagged", {indices, values, size}),
           "corrupt: a sparse tensor of another layout: torch.jagged"},
          {rebuild("_rebuild_sparse_tensor", {text("torch.sparse_coo"), tuple({indices})}), odd},
          {rebuild("_rebuild_sparse_tensor", {layout(csr), list({row, column, values, size})}),
           odd},
          {rebuild("_rebuild_sparse_csr_tensor",
                   {layout("torch.sparse_csc"), tuple({row, column, values, size})}),
           kParts},
      },
      made.storages());
}

TEST(SparseForgeries, OfOtherWritersHaveThePartsOfTheirLayout) {
  TensorBuilder made;
  const std::string indices = made.numbers<std::int64_t>({1, 1}, {0});
  const std::string row = made.numbers<std::int64_t>({2}, {0, 1});
  const std::string column = made.numbers<std::int64_t>({1}, {0});
  const std::string values = made.numbers<float>({1}, {1});
  const std::string size = integers({1, 1});
  const std::string hooks = reduce(symbol("collections", "OrderedDict"), {});
  const std::string odd = "corrupt: a known name is called with arguments it never gets: ";
  const auto scripted = [&](std::initializer_list<std::string_view> arguments) {
    return rebuild("_rebuild_sparse_tensor", arguments);
  };
  const auto old = [&](std::string_view name, std::initializer_list<std::string_view> arguments) {
    return reduce(symbol("torch.sparse", name), arguments);
  };
  const std::string of_script = odd + "_rebuild_sparse_tensor";
  expect_complaints(
      {
          {scripted({integer(1), size, kFalse, row, column, values, hooks}), kParts},
          {scripted({integer(2), size, kFalse, indices, values, hooks}), kParts},
          {scripted({integer(0), size, kFalse, indices, values, hooks}), kParts},
          {scripted({integer(kHuge), size, kFalse, indices, values, hooks}), kParts},
          {scripted({integer(1), size, kFalse, indices, values, hooks}), kParts},
          {scripted({integer(1), integers({-1}), kFalse, indices, values, hooks}), kParts},
          {scripted({integer(1), integers({1}), kFalse, indices, values}), of_script},
          {scripted({integer(1), integers({1}), integer(0), indices, values, hooks}), of_script},
          {scripted({integer(-1), integers({1}), kFalse, indices, values, hooks}), of_script},
          {scripted({integer(1), integers({1}), kFalse, indices, kNone, hooks}), of_script},
          {scripted({}), of_script},
          {old("FloatTensor", {indices, values, size}), kParts},
          {old("DoubleTensor", {indices, values, integers({1})}),
           "corrupt: a tensor whose class contradicts its storage: DoubleTensor"},
          {old("FloatTensor", {indices, values}), odd + "FloatTensor"},
          {old("FloatTensor", {indices, kNone, integers({1})}), odd + "FloatTensor"},
          {old("FloatTensor", {}), odd + "FloatTensor"},
      },
      made.storages());
}

TEST(SparseForgeries, ComplainOnlyAboutThePartThatIsDamaged) {
  TensorBuilder made;
  const std::string indices = made.numbers<std::int64_t>({1, 1}, {0});
  const std::string missing = storage("none", 1);
  const std::string values = tensor(missing, 0, {1}, {1});
  expect_complaints({{coo(indices, values, integers({1})),
                      "corrupt: a storage whose record is not in the archive: none", missing}},
                    made.storages());
}

TEST(SparseForgeries, PointOutsideOnlyInTheirElements) {
  TensorBuilder made;
  const std::string values = made.numbers<float>({3}, {1, 2, 3});
  const auto with = [&](std::initializer_list<std::int64_t> indices) {
    return Forgery{coo(made.numbers<std::int64_t>({2, 3}, indices), values, integers({2, 3})),
                   kIndex};
  };
  const std::string far = made.storage<std::int64_t>({0});
  expect_element_complaints(
      {
          with({0, 0, 2, 0, 1, 2}),
          with({0, 0, -1, 0, 1, 2}),
          with({0, 0, 1, 0, 1, 3}),
          with({INT64_MIN, 0, 1, 0, 1, 2}),
          with({0, 0, 1, 0, 1, INT64_MAX}),
          {coo(made.numbers<std::int64_t>({1, 1}, {0}), made.numbers<float>({1}, {1}),
               integers({0})),
           kIndex},
          {coo(tensor(far, 0, {1, kHuge}, {0, 0}),
               tensor(made.storage<float>({1}), 0, {kHuge}, {0}), integers({1})),
           "corrupt: an index tensor whose elements overlap"},
      },
      made.storages());
}

TEST(SparseForgeries, ReadNoIndicesOfTheMetaDevice) {
  const auto meta = [](std::string_view dtype, std::initializer_list<std::int64_t> sizes,
                       std::initializer_list<std::int64_t> strides) {
    return rebuild("_rebuild_meta_tensor_no_storage",
                   {symbol("torch", dtype), integers(sizes), integers(strides), kFalse});
  };
  constexpr std::int64_t kMany = std::int64_t{1} << 40;
  expect_element_complaints({
      {coo(meta("int64", {1, kMany}, {kMany, 1}), meta("float32", {kMany}, {1}), integers({4})),
       "corrupt: an index tensor on the meta device"},
  });
}

TEST(SparseForgeries, HaveRowsThatFollowEachOther) {
  TensorBuilder made;
  const std::string values = made.numbers<float>({3}, {1, 2, 3});
  const auto csr = [&](std::initializer_list<std::int64_t> starts,
                       std::initializer_list<std::int64_t> places, const std::string& complaint) {
    const auto rows = static_cast<std::int64_t>(starts.size());
    const auto count = static_cast<std::int64_t>(places.size());
    return Forgery{sparse("torch.sparse_csr",
                          {made.numbers<std::int64_t>({rows}, starts),
                           made.numbers<std::int64_t>({count}, places), values, integers({2, 3})}),
                   complaint};
  };
  expect_element_complaints(
      {
          csr({1, 2, 3}, {0, 1, 2}, kIndex),
          csr({0, 2, 2}, {0, 1, 2}, kIndex),
          csr({0, 2, 4}, {0, 1, 2}, kIndex),
          csr({0, 4, 3}, {0, 1, 2}, kIndex),
          csr({0, -1, 3}, {0, 1, 2}, kIndex),
          csr({0, INT64_MAX, 3}, {0, 1, 2}, kIndex),
          csr({0, 2, 3}, {0, 3, 2}, kIndex),
          csr({0, 2, 3}, {0, -1, 2}, kIndex),
          csr({0, 2, 3}, {1, 0, 2}, kIndex),
          csr({0, 2, 3}, {1, 1, 2}, kIndex),
          csr({0, 3}, {0, 1, 2}, kParts),
          csr({0, 1, 2, 3}, {0, 1, 2}, kParts),
          csr({0, 1, 2}, {0, 1}, kParts),
          // By column it has three of them.
          {sparse("torch.sparse_csc",
                  {made.numbers<std::int64_t>({3}, {0, 2, 3}),
                   made.numbers<std::int64_t>({3}, {0, 1, 0}), values, integers({2, 3})}),
           kParts},
      },
      made.storages());
}

TEST(SparseForgeries, HaveBlocksAndBatchesThatFit) {
  TensorBuilder made;
  const std::string starts = made.numbers<std::int64_t>({2}, {0, 1});
  const std::string place = made.numbers<std::int64_t>({1}, {0});
  const std::string block = made.numbers<float>({1, 2, 2}, {1, 2, 3, 4});
  const std::string empty_block = tensor(made.storage<float>({1}), 0, {1, 0, 2}, {2, 2, 1});
  const std::string none = made.storage<std::int64_t>({0});
  const auto bsr = [&](std::string_view values, std::string_view size) {
    return Forgery{sparse("torch.sparse_bsr", {starts, place, values, size}), kParts};
  };
  const std::string no_starts = tensor(none, 0, {kHuge / 4, 2, 0, 2}, {1, 1, 1, 1});
  const std::string no_places = tensor(none, 0, {kHuge / 4, 2, 0, 1}, {1, 1, 1, 1});
  expect_element_complaints(
      {
          bsr(block, integers({3, 2})),
          bsr(block, integers({2, 3})),
          bsr(block, integers({4, 2})),
          bsr(block, integers({2, 2, 2})),
          bsr(empty_block, integers({2, 2})),
          bsr(made.numbers<float>({1}, {1}), integers({2, 2})),
          {sparse("torch.sparse_csr",
                  {starts, place, made.numbers<float>({1}, {1}), integers({INT64_MAX, INT64_MAX})}),
           kParts},
          {sparse("torch.sparse_csr", {made.numbers<std::int64_t>({1, 2}, {0, 1}),
                                       made.numbers<std::int64_t>({1, 1}, {0}),
                                       made.numbers<float>({1, 1}, {1}), integers({2, 1, 1})}),
           kParts},
          {sparse("torch.sparse_csr",
                  {no_starts, no_places,
                   tensor(made.storage<float>({1}), 0, {kHuge / 4, 2, 0, 2}, {1, 1, 1, 1}),
                   integers({kHuge / 4, 2, 0, 1, 1})}),
           kParts},
      },
      made.storages());
}

TEST(SparseForgeries, AreNotWhatOnlyLooksOdd) {
  TensorBuilder made;
  const std::string none = made.storage<std::int64_t>({0});
  const std::string no_starts = tensor(none, 0, {kHuge / 4, 2, 0, 2}, {1, 1, 1, 1});
  const std::string no_places = tensor(none, 0, {kHuge / 4, 2, 0, 1}, {1, 1, 1, 1});
  const std::string no_values =
      tensor(made.storage<float>({1}), 0, {kHuge / 4, 2, 0, 1}, {1, 1, 1, 1});
  const std::string empty = tensor(none, 0, {2, 0}, {1, 1});
  const std::string values = tensor(made.storage<float>({1}), 0, {0}, {1});
  CheckpointBuilder file = made.storages();
  file.value(list({
      coo(empty, values, integers({2, 3})),
      coo(empty, values, integers({0, kHuge})),
      sparse("torch.sparse_csr",
             {no_starts, no_places, no_values, integers({kHuge / 4, 2, 0, 1, 1})}),
  }));
  const auto opened = open(file);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->issues().empty());
  EXPECT_TRUE(opened->check_elements(opened->root()).empty());
}

}  // namespace
