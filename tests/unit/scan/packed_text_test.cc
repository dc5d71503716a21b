#include "scan/packed_text.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_literals;
using safe_load::scanner::for_each_packed_pickle;
using safe_load::scanner::looks_like_pickle;

// "key=bytes;" of each.
std::string found_in(std::string_view json) {
  std::string all;
  for_each_packed_pickle(json, [&](std::string_view key, const std::vector<std::byte>& pickle) {
    all += std::string(key) + "=";
    for (const std::byte byte : pickle) all += std::to_integer<char>(byte);
    all += ";";
  });
  return all;
}

// base64.b64encode(b"\x80\x04N0N0N0N0N0N.")
const std::string kPickle = "\x80\4N0N0N0N0N0N.";
const std::string kBase64 = "gAROME4wTjBOME4wTi4=";
const std::string kHex = "80044e304e304e304e304e304e2e";

TEST(PackedText, FindsPicklesAsBase64AndHex) {
  EXPECT_EQ(found_in(R"({"a": "x", "b": ")" + kBase64 + R"("})"), "b=" + kPickle + ";");
  EXPECT_EQ(found_in(R"({"a": [1, ")" + kHex + R"("]})"), "a=" + kPickle + ";");
  EXPECT_EQ(found_in(R"({"a": "text", "b": "gAAAAAAAAAAAAAAA", "c": "800"})"), "");
}

TEST(PackedText, DecodesWhatStableBaselinesUnpicklesWhateverItLooksLike) {
  // base64.b64encode(b"N.")
  EXPECT_EQ(found_in(R"({":serialized:": "Ti4="})"), ":serialized:=N.;");
  EXPECT_EQ(found_in(R"({":type:": "Ti4="})"), "");
  EXPECT_EQ(found_in(R"({"\u003aserialized:" : "\u0054i4="})"), ":serialized:=N.;");
}

// As binascii does: base64.b64decode("T-i\n4==abcd") == b"N."
TEST(PackedText, PassesOverWhatPythonPassesOver) {
  EXPECT_EQ(found_in(R"({":serialized:": "T-i\n_4=="})"), ":serialized:=N.;");
  EXPECT_EQ(found_in(R"({":serialized:": "=Ti4==abcd"})"), ":serialized:=N.;");
  EXPECT_EQ(found_in(R"({":serialized:": ""})"), ":serialized:=;");
}

TEST(PackedText, NeedsNoWholeJson) {
  EXPECT_EQ(found_in(R"({"a": }}}, ":serialized:": "Ti4=)"), ":serialized:=N.;");
  EXPECT_EQ(found_in("\""), "");
  EXPECT_EQ(found_in("\"\\"), "");
  EXPECT_EQ(found_in("\"\\u12"), "");
}

TEST(PackedText, KnowsHowPicklesBegin) {
  EXPECT_TRUE(looks_like_pickle("\x80\2}q\1."s));
  EXPECT_TRUE(looks_like_pickle(kBase64));
  EXPECT_TRUE(looks_like_pickle(kHex));
  EXPECT_FALSE(looks_like_pickle("gAS"));
  EXPECT_FALSE(looks_like_pickle("gABBBBBBBBBBBBBB"));
  EXPECT_FALSE(looks_like_pickle("80044e304e304e304e304e304e2g"));
}

}  // namespace
