// ScriptLexer: where the words of a source end, as torch's own lexer has it.
#include "scan/script_lexer.h"

#include <gtest/gtest.h>

#include <string>

namespace {

using safe_load::scanner::ScriptLexer;
using safe_load::scanner::ScriptToken;
using Kind = ScriptToken::Kind;

// The words, each with a letter for its kind.
std::string words(std::string_view source) {
  ScriptLexer lexer(source);
  std::string text;
  for (ScriptToken token = lexer.next(); token.kind != Kind::kEnd; token = lexer.next()) {
    constexpr std::string_view kLetters = "n9'.-?";
    text += (text.empty() ? "" : " ") +
            std::string(1, kLetters[static_cast<std::size_t>(token.kind)]) +
            std::string(token.text);
  }
  return text;
}

struct Case {
  std::string_view source;
  std::string_view words;
};

void expect_all(std::initializer_list<Case> cases) {
  for (const Case& each : cases) EXPECT_EQ(words(each.source), each.words) << each.source;
}

TEST(ScriptLexer, FindsNamesAndSigns) {
  expect_all({
      {"", ""},
      {" \t\r\n\v\f", ""},
      {"torch.add(_x0, y)", "ntorch .. nadd .( n_x0 ., ny .)"},
      {"a\n . b", "na .. nb"},
      {"x = [1,]", "nx .= .[ 91 ., .]"},
  });
}

TEST(ScriptLexer, EndsNumbersWhereStrtodDoes) {
  expect_all({
      {"1 1. .5 1.5 1e5 1.e-05 2E+3 3j 1.5j", "91 91. 9.5 91.5 91e5 91.e-05 92E+3 93j 91.5j"},
      {"1.0.save", "91.0 .. nsave"},
      {"1..save", "91. .. nsave"},
      {"x.5", "nx 9.5"},
      {"-1", ".- 91"},
      {"1.save", "?1 .. nsave"},
      {"0x1F", "?0 nx1F"},
      {"1_0", "?1 n_0"},
      {"1e", "?1 ne"},
      {"1e+x", "?1 ne .+ nx"},
      {"1jj", "?1 njj"},
  });
}

TEST(ScriptLexer, EndsStringsAtTheirOwnMarks) {
  expect_all({
      {R"("a" 'b' "")", R"('"a" ''b' '"")"},
      {R"("a'b" 'a"b')", R"('"a'b" ''a"b')"},
      {R"("a\"b" x)", R"('"a\"b" nx)"},
      {R"("a\\" x)", R"('"a\\" nx)"},
      {"\"a\\\nb\" x", "'\"a\\\nb\" nx"},
      {"'''a\n'b''' x", "''''a\n'b''' nx"},
      {R"("""a"b""" x)", R"('"""a"b""" nx)"},
      {"\"\xC3\xA4\"", "'\"\xC3\xA4\""},
  });
}

TEST(ScriptLexer, SaysWhatTorchNeverWrites) {
  expect_all({
      {"\"a", "?\" na"},
      {"\"a\nb", "?\" na nb"},
      {"'''a''", "?' ''' ?a '''"},
      {"\"a\\", "?\" na ?\\"},
      {"a # b", "na ?# nb"},
      {"a \\\n b", "na ?\\ nb"},
      {"b\"x\"", "?b '\"x\""},
      {"\xC3\xA4", "?\xC3 ?\xA4"},
      {std::string_view("\0", 1), std::string_view("?\0", 2)},
      {"a`b", "na ?` nb"},
  });
}

TEST(ScriptLexer, PlacesItsWords) {
  ScriptLexer lexer("ab  'c'\n.");
  EXPECT_EQ(lexer.next().offset, 0u);
  EXPECT_EQ(lexer.next().offset, 4u);
  EXPECT_EQ(lexer.next().offset, 8u);
  EXPECT_EQ(lexer.next().offset, 9u);
  EXPECT_EQ(lexer.next().kind, Kind::kEnd);
}

}  // namespace
