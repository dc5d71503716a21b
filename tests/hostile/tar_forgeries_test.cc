// Tar archives of torch 0.1 in which one thing lies: rules T1 to T8 of docs/format/tar.md.
#include <gtest/gtest.h>

#include "hostile/zip_forgery.h"
#include "support/legacy_builder.h"
#include "support/tar_builder.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::ErrorCode;

constexpr std::int64_t kRoot = 11;
constexpr std::int64_t kView = 12;
constexpr std::int64_t kWeight = 21;
constexpr std::int64_t kRow = 22;

// A storage of six floats, a view of its last four, a tensor on each.
TarCheckpoint honest_tar() {
  TarCheckpoint tar;
  tar.value = dict({text("w"), tar_id(std::to_string(kWeight)), text("r"), tar_id(kRow)});
  tar.storages = {tar_storage(kRoot, raw<float>({1, 2, 3, 4, 5, 6}), 6)};
  tar.views = {tar_view(kView, kRoot, 2, 4)};
  tar.tensors = {tar_tensor(kWeight, kRoot, {2, 3}, {3, 1}), tar_tensor(kRow, kView, {2}, {1}, 1)};
  return tar;
}

template <class Lie>
std::string lying(Lie&& lie) {
  TarCheckpoint tar = honest_tar();
  lie(tar);
  return tar.build();
}

// The members of the honest one, in a tar file that a test arranges.
TarBuilder with_members(TarBuilder tar, std::initializer_list<std::string_view> names = {
                                            "pickle", "tensors", "storages"}) {
  for (const std::string_view name : names) {
    const TarCheckpoint whole = honest_tar();
    tar.member(name, name == "pickle"    ? pickled(whole.value)
                     : name == "tensors" ? whole.tensors_member()
                                         : whole.storages_member());
  }
  return tar;
}

void expect_whole(const std::string& file, const std::string& what = "") {
  const auto opened = open_bytes(file);
  ASSERT_TRUE(opened) << what << ": " << opened.error();
  EXPECT_TRUE(opened->issues().empty()) << what;
  EXPECT_EQ(opened->container().format, safe_load::Format::kTar) << what;
  const auto tensors = opened->tensors();
  ASSERT_EQ(tensors.size(), 2u) << what;
  EXPECT_EQ(tensors[0].name, "w");
  EXPECT_EQ((*tensors[0].tensor.as_span<float>())[5], 6.0f);
  EXPECT_EQ((*tensors[1].tensor.as_span<float>())[0], 4.0f);
  EXPECT_EQ((*tensors[1].tensor.as_span<float>())[1], 5.0f);
}

// The table of storages with this between the opcodes of its first row.
std::string told_of_table(const std::string& opcodes) {
  return told(lying([&](TarCheckpoint& tar) { tar.storages[0].insert(2, opcodes); }));
}

TEST(TarForgeries, HaveTablesOfPlainValues) {
  EXPECT_EQ(told_of_table("N0"), "");
  EXPECT_EQ(told_of_table("ccollections\nOrderedDict\n)R0"),
            "corrupt: a table that asks for calls");
  EXPECT_EQ(told_of_table("I 15\n0"), "corrupt: a table that is odd");
  EXPECT_EQ(told_of_table("K\1Q0"), "corrupt: a table with persistent ids");
}

TEST(TarForgeries, OpenIfTheyAreNone) {
  expect_whole(honest_tar().build());
  expect_whole(with_members({}, {"storages", "tensors", "pickle"}).build(), "another order");
  expect_whole(with_members({}).end("").build(), "no blocks of zeros");
  expect_whole(with_members({}).end(std::string(512, '\0')).build(), "one block of zeros");
  expect_whole(with_members(TarBuilder().member("notes", "x").member("folder/", "", '5')).build());
  TarBuilder old = with_members({});
  old.lie([](TarHeader& header) { header.magic = std::string(8, '\0'); });
  expect_whole(with_members(TarBuilder().pax({{"mtime", "1.5"}})).build(), "pax");
}

TEST(TarForgeries, HaveIdsAsTextOrNumbers) {
  for (const auto& id : {tar_id(kWeight), tar_id(std::to_string(kWeight)),
                         python2(std::to_string(kWeight)) + "Q", "P21\n"s})
    expect_whole(lying([&](auto& tar) {
      tar.value = dict({text("w"), id, text("r"), tar_id(kRow)});
    }));
}

TEST(TarForgeries, T1HaveHeadersThatHold) {
  TarBuilder checksum = with_members({});
  checksum.lie([](TarHeader& header) { header.checksum = 1; });
  TarBuilder letters = with_members({});
  letters.lie([](TarHeader& header) { header.size = "0000000009a"; });
  TarBuilder huge = with_members({});
  huge.lie([](TarHeader& header) { header.size = "\xff" + std::string(11, '\xff'); });
  TarBuilder large = with_members({});
  large.lie([](TarHeader& header) { header.size = base256(std::uint64_t{8} << 30); });
  TarBuilder full = with_members({});
  full.lie([](TarHeader& header) { header.size = base256(~std::uint64_t{0}); });
  const std::uint64_t last = with_members({}).header_offset(2);
  expect_refused({
      {"a checksum", checksum.build(), ErrorCode::kCorrupt, last,
       "a tar header whose checksum does not hold"},
      {"no number", letters.build(), ErrorCode::kCorrupt, last,
       "a tar member whose size is not a number"},
      {"more than 64 bits", huge.build(), ErrorCode::kCorrupt, last,
       "a tar member whose size is not a number"},
      {"8 GiB", large.build(), ErrorCode::kTruncated, last,
       "the file ends before the end of a tar member: storages"},
      {"all of 64 bits", full.build(), ErrorCode::kTruncated, last,
       "the file ends before the end of a tar member: storages"},
  });
  TarBuilder binary = with_members({});
  const std::uint64_t size = honest_tar().storages_member().size();
  binary.lie([&](TarHeader& header) { header.size = base256(size); });
  expect_whole(binary.build(), "a true size in base 256");
}

TEST(TarForgeries, T1HonourWhatPaxSays) {
  const std::string storages = honest_tar().storages_member();
  TarBuilder named = with_members({}, {"pickle", "tensors"});
  named.pax({{"path", "storages"}, {"size", std::to_string(storages.size())}})
      .member("s", storages);
  named.lie([](TarHeader& header) { header.size = octal(0); });
  expect_whole(named.build(), "pax path and size");
  TarBuilder gnu = with_members({}, {"pickle", "tensors"});
  expect_whole(gnu.long_name("storages").member("s", storages).build(), "a GNU long name");
  TarBuilder longer = with_members({}, {"pickle", "tensors"});
  longer.pax({{"size", std::to_string(std::uint64_t{1} << 63)}}).member("storages", storages);
  EXPECT_EQ(told(longer.build()),
            "truncated: the file ends before the end of a tar member: storages");
  for (const std::string_view size : {"-1", "x", "", "18446744073709551616", "1.5"}) {
    TarBuilder odd = with_members({}, {"pickle", "tensors"});
    odd.pax({{"size", size}}).member("storages", storages);
    EXPECT_EQ(told(odd.build()), "corrupt: a pax size that is not a number") << size;
  }
  for (const std::string& records :
       {"5 a=\n"s, "6 a=b"s, "a=b\n"s, "99999999999999999999 a=b\n"s, "0 a=b\n"s, "7  a=b\n"s,
        "6 ab\n\n"s, "\n"s, " "s, "6 a=b\n7"s}) {
    TarBuilder odd = with_members(TarBuilder().member("PaxHeader", records, 'x'));
    const auto opened = open_bytes(odd.build());
    if (opened) continue;  // some are only unusual
    EXPECT_EQ(told(odd.build()), "corrupt: a pax record in no known form") << records;
  }
  TarBuilder wide = with_members(TarBuilder().member("PaxHeader", std::string(70'000, 'a'), 'x'));
  EXPECT_EQ(told(wide.build()), "limit: a tar extension over 64 KiB");
}

// Readers of tar differ on these, so that each would see other members.
TEST(TarForgeries, SayNothingInTwoWays) {
  const std::string storages = honest_tar().storages_member();
  const std::string twice = "ambiguous: two tar headers that say different things of one member";
  const std::string for_all = "ambiguous: a name or size for all members of an archive";
  TarBuilder two_names = with_members({}, {"pickle", "tensors"});
  two_names.pax({{"path", "other"}}).long_name("storages").member("s", storages);
  EXPECT_EQ(told(two_names.build()), twice);
  TarBuilder two_sizes = with_members({}, {"pickle", "tensors"});
  two_sizes.pax({{"size", "5"}}).pax({{"size", "6"}}).member("storages", storages);
  EXPECT_EQ(told(two_sizes.build()), twice);
  EXPECT_EQ(told(with_members(TarBuilder().pax({{"path", "pickle"}}, 'g')).build()), for_all);
  EXPECT_EQ(told(with_members(TarBuilder().pax({{"size", "5"}}, 'g')).build()), for_all);
  expect_whole(with_members(TarBuilder().pax({{"comment", "5f2a"}}, 'g')).build(), "a comment");
  for (const char type : {'1', '2', '3', '4', '5', '6'})
    EXPECT_EQ(told(with_members(TarBuilder().member("x", std::string(600, 'x'), type)).build()),
              "ambiguous: a link, folder or device with bytes of its own")
        << type;
}

TEST(TarForgeries, T1TakeNoLinkForAMember) {
  for (const char type : {'1', '2', '3', '5', 'S'}) {
    TarBuilder tar = with_members({}, {"pickle", "tensors"});
    tar.member("storages", "", type);
    const std::string found = told(tar.build());
    EXPECT_TRUE(found.starts_with("unsupported: this is a tar archive")) << type << found;
  }
  // What nobody knows is a file to Python's tarfile.
  expect_whole(with_members({}, {"pickle", "tensors"})
                   .member("storages", honest_tar().storages_member(), 'V')
                   .build(),
               "an unknown type");
  TarBuilder sparse = with_members({}, {"pickle", "tensors"});
  sparse.pax({{"GNU.sparse.major", "1"}}).member("storages", honest_tar().storages_member());
  EXPECT_TRUE(told(sparse.build()).starts_with("unsupported: this is a tar archive"));
}

TEST(TarForgeries, T2HoldEachMemberOnce) {
  for (const std::string_view name : {"pickle", "tensors", "storages"}) {
    TarBuilder tar = with_members({});
    tar.member(name, "N.");
    EXPECT_EQ(told(tar.build()), "ambiguous: two members of one name: " + std::string(name));
  }
}

TEST(TarForgeries, T3CountNoMoreThanTheyHold) {
  const std::string more = "corrupt: a table with more items than the archive can hold";
  for (const std::int64_t lie : {std::int64_t{1000}, INT64_MAX - 5, std::int64_t{-3}}) {
    EXPECT_EQ(told(lying([&](auto& tar) { tar.storage_count = lie; })), more) << lie;
    EXPECT_EQ(told(lying([&](auto& tar) { tar.tensor_count = lie; })), more) << lie;
  }
  const std::string one_more = told(lying([&](auto& tar) { tar.tensor_count = 1; }));
  EXPECT_TRUE(one_more.starts_with("truncated: ") || one_more == more) << one_more;
  const std::string dims = "corrupt: a tensor with more than 64 dimensions";
  const auto with_dims = [&](std::uint32_t count) {
    return told(lying([&](auto& tar) {
      std::string& row = tar.tensors[1];
      row.replace(row.size() - 32, 4, little(count, 4));
    }));
  };
  EXPECT_EQ(with_dims(65), dims);
  EXPECT_EQ(with_dims(0xFFFFFFFF), dims);
  EXPECT_EQ(with_dims(1), "");
  EXPECT_EQ(with_dims(64), "truncated: the table of a tar checkpoint ends early");
}

TEST(TarForgeries, T4GiveEachKeyToOneValue) {
  const std::string twice = "corrupt: a key that two values of the archive have: ";
  const std::string two = raw<float>({1, 2});
  EXPECT_EQ(told(lying([&](auto& tar) { tar.storages.push_back(tar_storage(kRoot, two, 2)); })),
            twice + "11");
  EXPECT_EQ(told(lying([&](auto& tar) { tar.views.push_back(tar_view(kRoot, kRoot, 0, 1)); })),
            twice + "11");
  EXPECT_EQ(told(lying([&](auto& tar) { tar.views.push_back(tar_view(kView, kRoot, 2, 4)); })),
            twice + "12");
  EXPECT_EQ(
      told(lying([&](auto& tar) { tar.tensors.push_back(tar_tensor(kRoot, kRoot, {}, {})); })),
      twice + "11");
  EXPECT_EQ(told(lying([&](auto& tar) { tar.tensors.push_back(tar_tensor(kRow, kRoot, {}, {})); })),
            twice + "22");
}

TEST(TarForgeries, T5ViewNothingOutsideTheirStorage) {
  const std::string outside = "corrupt: a view that reaches past its storage: 11";
  const auto viewed = [](std::int64_t offset, std::int64_t count, std::int64_t root = kRoot) {
    return told(lying([&](auto& tar) { tar.views.push_back(tar_view(77, root, offset, count)); }));
  };
  EXPECT_EQ(viewed(0, 6), "");
  EXPECT_EQ(viewed(6, 0), "");
  EXPECT_EQ(viewed(1, 1, kView), "");
  EXPECT_EQ(viewed(0, 7), outside);
  EXPECT_EQ(viewed(6, 1), outside);
  EXPECT_EQ(viewed(-1, 2), outside);
  EXPECT_EQ(viewed(0, -1), outside);
  EXPECT_EQ(viewed(std::int64_t{1} << 62, 1), outside);
  EXPECT_EQ(viewed(1, std::int64_t{1} << 62), outside);
  EXPECT_EQ(viewed(1, 4, kView), outside);
  EXPECT_EQ(viewed(0, 1, 99), "corrupt: a view of a storage that is not in the archive");
  const std::string odd = "corrupt: a view of a storage in no known form";
  for (const std::string& view :
       {integers({77, kRoot, 0}), integers({77, kRoot, 0, 1, 1}), text("x"), std::string(kNone),
        tuple({text("x"), integer(kRoot), integer(0), integer(1)}),
        tuple({integer(77), integer(kRoot), real(0), integer(1)})})
    EXPECT_EQ(told(lying([&](auto& tar) { tar.views.push_back(view); })), odd);
}

TEST(TarForgeries, HaveStoragesOfKnownClasses) {
  const std::string four(4, '\1');
  const auto stored = [&](std::string_view row) {
    return told(lying([&](auto& tar) { tar.storages.push_back(std::string(row)); }));
  };
  const std::string unknown = "corrupt: a storage of an unknown class: ";
  const std::string odd = "corrupt: a storage that is described in no known form";
  EXPECT_EQ(stored(tar_storage(5, four, 4, "ByteStorage")), "");
  EXPECT_EQ(stored(tar_storage(5, four, 4, "OddStorage")), unknown + "OddStorage");
  EXPECT_EQ(stored(tar_storage(5, four, 4, "FloatTensor")), unknown + "FloatTensor");
  EXPECT_EQ(stored(tar_storage(5, four, 4, "UntypedStorage")), unknown + "UntypedStorage");
  EXPECT_EQ(stored(pickled(integers({1, 2, 3})) + little(1, 8) + four), odd);
  EXPECT_EQ(stored(pickled(tuple({text("x"), text("cpu"), symbol("torch", "ByteStorage")})) +
                   little(4, 8) + four),
            odd);
  EXPECT_EQ(stored(pickled(kNone) + little(4, 8) + four + four), odd);
  const std::string early = "truncated: the archive ends before the end of a storage: 5";
  EXPECT_EQ(stored(tar_storage(5, four, 4000)), early);
  EXPECT_EQ(stored(tar_storage(5, four, std::uint64_t{1} << 62)), early);
  EXPECT_EQ(stored(tar_storage(5, four, ~std::uint64_t{0}, "ByteStorage")), early);
}

TEST(TarForgeries, HaveTensorsInTheirStorage) {
  const auto placed = [](std::string_view row) {
    return told(lying([&](auto& tar) { tar.tensors.push_back(std::string(row)); }));
  };
  EXPECT_EQ(placed(tar_tensor(5, kRoot, {6}, {1})), "");
  EXPECT_EQ(placed(tar_tensor(5, kRoot, {}, {}, 5)), "");
  EXPECT_EQ(placed(tar_tensor(5, kRoot, {0}, {1})), "");
  EXPECT_EQ(placed(tar_tensor(5, 99, {1}, {1})),
            "corrupt: a tensor on a storage that is not in the archive: 5");
  for (const std::string& row :
       {tar_tensor(5, kRoot, {7}, {1}), tar_tensor(5, kRoot, {1}, {1}, 6),
        tar_tensor(5, kRoot, {2}, {6}), tar_tensor(5, kRoot, {2}, {-1}),
        tar_tensor(5, kRoot, {-1}, {1}), tar_tensor(5, kRoot, {1}, {1}, -1),
        tar_tensor(5, kView, {5}, {1}), tar_tensor(5, kRoot, {INT64_MAX, INT64_MAX}, {1, 1}),
        tar_tensor(5, kRoot, {2}, {INT64_MAX})})
    EXPECT_TRUE(placed(row).starts_with("corrupt: ")) << placed(row);
}

TEST(TarForgeries, NameNothingThatIsInNoTable) {
  const auto told_of = [](std::string_view id) {
    return told(lying([&](auto& tar) { tar.value = list({id}); }));
  };
  const std::string no_row = "corrupt: a persistent id that is in no table of the archive: ";
  const std::string odd = "corrupt: a persistent id that is neither a number nor a class";
  EXPECT_EQ(told_of(tar_id(99)), no_row + "99");
  EXPECT_EQ(told_of(tar_id("99")), no_row + "99");
  EXPECT_EQ(told_of(tar_id("x")), odd);
  EXPECT_EQ(told_of(tar_id("")), odd);
  EXPECT_EQ(told_of(tar_id("99999999999999999999")), odd);
  EXPECT_EQ(told_of("NQ"), odd);
  EXPECT_EQ(told_of(real(21) + "Q"), odd);
  EXPECT_EQ(told_of(tuple({text("storage"), text("x")}) + "Q"), odd);
  EXPECT_EQ(told_of(tuple({symbol("m", "Net"), text("net.py"), text("import os")}) + "Q"), "");
}

TEST(TarForgeries, AreNoCheckpointWithoutTheirMembers) {
  const std::string found =
      complaint(TarBuilder().member("model.pt", "x").member("a.txt", "y").build());
  EXPECT_TRUE(found.starts_with("unsupported at 0: this is a tar archive")) << found;
  EXPECT_NE(found.find("it holds model.pt, a.txt"), std::string::npos) << found;
  for (const std::string_view missing : {"pickle", "storages"}) {
    TarBuilder tar = missing == "pickle" ? with_members({}, {"tensors", "storages"})
                                         : with_members({}, {"tensors", "pickle"});
    EXPECT_TRUE(told(tar.build()).starts_with("unsupported: this is a tar archive"));
  }
}

TEST(TarForgeries, T7EndInZerosOrAtTheirEnd) {
  const std::string whole = with_members({}).end("").build();
  EXPECT_TRUE(
      told(whole + "x").starts_with("truncated: the file ends in the middle of a tar header"));
  EXPECT_EQ(told(whole + std::string(512, 'x')),
            "corrupt: a tar header whose checksum does not hold");
  const std::uint64_t last = with_members({}).header_offset(2);
  EXPECT_EQ(told(whole.substr(0, static_cast<std::size_t>(last) + 599)),
            "truncated: the file ends before the end of a tar member: storages");
}

// A storage may be larger than what is read of a row at first, and so may its description.
TEST(TarForgeries, MayHaveLongRows) {
  const std::string location(10'000, 'x');
  const std::string bytes(100'000, '\1');
  const std::string file = lying([&](auto& tar) {
    tar.storages.insert(tar.storages.begin(),
                        tar_storage(5, bytes, bytes.size(), "ByteStorage", location));
  });
  expect_whole(file);
}

}  // namespace
