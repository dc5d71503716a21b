// Archives of torch.package whose persistent ids lie.
#include <gtest/gtest.h>

#include "property/fixtures.h"
#include "support/value_text.h"

namespace {

using namespace test_support;

std::string package(std::string_view value) {
  return ZipBuilder()
      .stored("p/.data/extern_modules", "")
      .stored("p/.data/0.storage", raw<float>({1, 2}))
      .stored("p/m/m.pkl", pickled(value, 3))
      .build();
}

std::string persistent(std::initializer_list<std::string_view> parts) { return tuple(parts) + "Q"; }

TEST(Packages, HaveStoragesInTheirRecords) {
  const std::string kind = symbol("torch", "FloatStorage");
  const std::string name = text("storage");
  EXPECT_EQ(told(package(package_storage(0, 2))), "");
  EXPECT_EQ(told(package(package_storage(0, 3))),
            "corrupt: a storage and its record differ in size: 0");
  EXPECT_EQ(told(package(package_storage(1, 2))),
            "corrupt: a storage whose record is not in the archive: 1");
  EXPECT_EQ(told(package(package_storage(-1, 2))),
            "corrupt: a storage whose record is not in the archive: -1");
  EXPECT_EQ(told(package(list({package_storage(0, 2), package_storage(0, 2, "IntStorage")}))),
            "corrupt: a storage that is described in two ways: 0");
  EXPECT_EQ(told(package(persistent({name, kind, text("0"), text("cpu"), integer(2)}))),
            "corrupt: a persistent id that is not a storage");
  EXPECT_EQ(told(package(persistent({name, kind, integer(0), text("cpu")}))),
            "corrupt: a persistent id that is not a storage");
}

TEST(Packages, HavePersistentIdsOfTheirForm) {
  const std::string name = text("reduce_package");
  const std::string no_object = "corrupt: a persistent id that is not an object of a package";
  EXPECT_EQ(told(package(package_object("m", "f", tuple({})))), "");
  EXPECT_EQ(told(package(package_object("m", "f", tuple({}), 5))), "");
  EXPECT_EQ(told(package(package_object("m", "f", kNone))), no_object);
  EXPECT_EQ(told(package(persistent({name}))), no_object);
  EXPECT_EQ(told(package(persistent({name, integer(1), tuple({})}))), no_object);
  EXPECT_EQ(told(package(persistent({name, text("x"), symbol("m", "f"), tuple({})}))), no_object);
  EXPECT_EQ(told(package(persistent({text("module"), integer(1)}))),
            "corrupt: a persistent id that torch.package never writes: module");
  for (const std::string& odd : {persistent({}), persistent({integer(1)}), integer(1) + "Q"})
    EXPECT_EQ(told(package(odd)), "corrupt: a persistent id that is not a tuple with a name");
}

TEST(Packages, HaveAPickle) {
  EXPECT_EQ(told(ZipBuilder().stored("p/.data/extern_modules", "").build()),
            "unsupported: a torch.package archive without a pickle");
}

TEST(Packages, GiveOneObjectForOneId) {
  const std::string made = package_object("m", "f", tuple({integer(1)}), 5);
  const std::string file = package(list({made, made, package_object("m", "f", tuple({}), 6)}));
  const auto opened = open_bytes(file);
  ASSERT_TRUE(opened.ok()) << opened.error();
  EXPECT_EQ(opened->root()[0].class_name(), "m.f");
  EXPECT_EQ(opened->root()[0].arguments()[0].get_or<int>(0), 1);
  EXPECT_TRUE(opened->has_unknown_symbols());
}

TEST(Packages, HoldSeveralPicklesByName) {
  const std::string file = torch_package();
  const auto opened = open_bytes(file);
  ASSERT_TRUE(opened.ok()) << opened.error();
  const auto values = opened->root().at("m/m.pkl");
  const auto whole = values.at("w").tensor();
  const auto part = values.at("v").tensor();
  ASSERT_TRUE(whole.ok() && part.ok());
  EXPECT_EQ(whole->storage().id(), part->storage().id());
  EXPECT_EQ((*part->as_span<float>())[0], 2.0f);
  EXPECT_EQ(opened->root().at("m/g.pkl")[0].class_name(), "m.make");
}

}  // namespace
