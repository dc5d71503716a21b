// The schema language, and the table of known names that is written in it.
#include "types/schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "types/known.h"

namespace {

using namespace safe_load::types;

// A schema as it was understood: "int|float str? list<pair>*" in words of bits would prove little,
// so only the counts are printed: [required..count] per form, with a + if the last one repeats.
std::string counts(const Schema& schema) {
  std::string out;
  for (const Form& form : schema) {
    out += '[' + std::to_string(form.required) + ".." + std::to_string(form.count);
    out += form.repeats ? "+]" : "]";
  }
  return out;
}

TEST(Schema, CountsWhatIsRequired) {
  const struct {
    Schema schema;
    std::string_view counts;
  } cases[] = {
      {"()", "[0..0]"},
      {"(int)", "[1..1]"},
      {"(int,str)", "[2..2]"},
      {"(int,str?)", "[1..2]"},
      {"(int?,str?)", "[0..2]"},
      {"(str*)", "[0..1+]"},
      {"(callable,any*)", "[1..2+]"},
      {"()|(int)|(int,int)", "[0..0][1..1][2..2]"},
      {"()|(dict)|(list/tuple<pair>)|(str)", "[0..0][1..1][1..1][1..1]"},
      {"(storage,uint,ints,ints,bool,hooks,tensor-dtype,dict<str,any>?)", "[7..8]"},
  };
  for (const auto& c : cases) EXPECT_EQ(counts(c.schema), c.counts) << c.schema.text();
}

TEST(Schema, ReadsAlternativesAsAUnion) {
  const Schema schema("(list/tuple/none,bool/uint)");
  const Form& form = *schema.begin();
  EXPECT_EQ(form.arguments[0].sorts, bit(kSortList) | bit(kSortTuple) | bit(kSortNone));
  EXPECT_EQ(form.arguments[1].sorts, bit(kSortBool) | bit(kSortUint));
  EXPECT_EQ(form.arguments[2].sorts, Sorts{0});
}

TEST(Schema, ReadsWhatAContainerHolds) {
  const Schema schema("(dict<str,int/none>,tuple<uint>,list)");
  const Form& form = *schema.begin();
  EXPECT_EQ(form.arguments[0].sorts, bit(kSortDict));
  EXPECT_EQ(form.arguments[0].keys, bit(kSortText));
  EXPECT_EQ(form.arguments[0].items, bit(kSortInt) | bit(kSortNone));
  EXPECT_EQ(form.arguments[1].keys, kAnySort);
  EXPECT_EQ(form.arguments[1].items, bit(kSortUint));
  EXPECT_EQ(form.arguments[2].items, kAnySort);
}

TEST(Schema, KnowsAShorthandForSeveralSorts) {
  const Schema schema("(ints,hooks,any)");
  const Form& form = *schema.begin();
  EXPECT_EQ(form.arguments[0].sorts, bit(kSortTuple) | bit(kSortList) | bit(kSortSize));
  EXPECT_EQ(form.arguments[1].sorts, bit(kSortOrderedDict) | bit(kSortNone));
  EXPECT_EQ(form.arguments[2].sorts, kAnySort);
}

TEST(Schema, IsEmptyOnlyWithoutText) {
  EXPECT_TRUE(Schema().empty());
  EXPECT_FALSE(Schema("()").empty());
  EXPECT_EQ(Schema("(int)").text(), "(int)");
}

TEST(KnownNames, AreSortedAndUnique) {
  const auto names = known_names();
  ASSERT_GT(names.size(), 200u);
  for (std::size_t i = 1; i < names.size(); ++i)
    EXPECT_LT(std::pair(names[i - 1].module, names[i - 1].name),
              std::pair(names[i].module, names[i].name));
}

TEST(KnownNames, AreFoundByBothParts) {
  for (const Known& row : known_names()) EXPECT_EQ(find_known(row.module, row.name), &row);
}

TEST(KnownNames, AreNotFoundByAnythingNear) {
  for (const Known& row : known_names()) {
    const std::string module(row.module);
    const std::string name(row.name);
    EXPECT_EQ(find_known(module, name + ' '), nullptr) << name;
    EXPECT_EQ(find_known(module, name + std::string(1, '\0')), nullptr) << name;
    EXPECT_EQ(find_known(module + '.', name), nullptr) << name;
    EXPECT_EQ(find_known(' ' + module, name), nullptr) << name;
    EXPECT_EQ(find_known("evil." + module, name), nullptr) << name;
    EXPECT_EQ(find_known("", module + '.' + name), nullptr) << name;
    EXPECT_EQ(find_known(module + '.' + name, ""), nullptr) << name;
    EXPECT_EQ(find_known(module, module + '.' + name), nullptr) << name;
    std::string upper = name;
    std::transform(upper.begin(), upper.end(), upper.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    EXPECT_TRUE(upper == name || find_known(module, upper) == nullptr) << name;
  }
}

TEST(KnownNames, HoldNothingThatRunsCode) {
  const struct {
    std::string_view module;
    std::string_view name;
  } dangerous[] = {
      {"builtins", "eval"},
      {"builtins", "exec"},
      {"builtins", "__import__"},
      {"builtins", "compile"},
      {"builtins", "open"},
      {"os", "system"},
      {"posix", "system"},
      {"nt", "system"},
      {"subprocess", "Popen"},
      {"operator", "attrgetter"},
      {"functools", "singledispatch"},
      {"importlib", "import_module"},
      {"torch", "load"},
      {"torch.hub", "load"},
      {"runpy", "run_path"},
      {"numpy.testing", "measure"},
      {"pickle", "loads"},
      {"builtins", "setattr"},
      {"types", "FunctionType"},
      {"builtins", "memoryview"},
  };
  for (const auto& row : dangerous) EXPECT_EQ(find_known(row.module, row.name), nullptr);
}

TEST(KnownNames, HaveASchemaIfTheyCanBeCalled) {
  for (const Known& row : known_names()) {
    EXPECT_EQ(row.call.empty(), row.meaning == Meaning::kNotCallable) << row.name;
    if (row.meaning != Meaning::kNotCallable) continue;
    EXPECT_TRUE(row.state.empty()) << row.name;
    EXPECT_EQ(row.items, Items::kNone) << row.name;
  }
}

}  // namespace
