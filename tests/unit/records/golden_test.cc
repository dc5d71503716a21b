// The tables of tests/golden, which python/tests/test_golden.py reads too: one answer in both
// languages.
#include <gtest/gtest.h>
#include <safe_load/safe_load.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/text.h"

namespace {

using safe_load::Checkpoint;
using safe_load::Dims;
using safe_load::Error;
using safe_load::Issue;
using safe_load::Result;
using safe_load::StateDict;
using safe_load::ValueKind;
using safe_load::Values;
using safe_load::ValueView;

using Row = std::vector<std::string>;

const std::string kGolden = SAFE_LOAD_GOLDEN;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

std::vector<Row> rows(const std::string& table) {
  std::ifstream file(kGolden + '/' + table + ".tsv");
  std::vector<Row> found;
  for (std::string line; std::getline(file, line);)
    if (!line.empty() && line[0] != '#') found.push_back(split(line, '\t'));
  EXPECT_FALSE(found.empty()) << table;
  return found;
}

// Holds that each file of a table gives the answer that the table has.
template <class Answer, class Check>
void check(const std::string& table, const Answer& answer, const Check& is_expected) {
  for (const Row& row : rows(table)) {
    const auto opened = Checkpoint::open(kGolden + "/files/" + table + '/' + row.at(0) + ".pt");
    ASSERT_TRUE(opened) << row[0] << ": " << opened.error();
    const std::string found = answer(*opened);
    EXPECT_TRUE(is_expected(found, row.at(1))) << row[0] << ": " << found;
  }
}

bool is_same(const std::string& found, const std::string& expected) { return found == expected; }

std::string text_of(const Error& error) {
  std::string text = std::string(to_text(error.code())) + ": " + std::string(error.reason());
  if (!error.subject().empty()) text += ": " + std::string(error.subject());
  return text;
}

std::string names_of(const StateDict& weights) {
  std::string names;
  for (const auto& [name, tensor] : weights) names += (names.empty() ? "" : " ") + name;
  return names.empty() ? "-" : names;
}

std::string text_of(const Result<StateDict>& found) {
  return found ? names_of(*found) : text_of(found.error());
}

std::string state_dict_answer(const Checkpoint& checkpoint) {
  return text_of(checkpoint.state_dict());
}

Result<Checkpoint, Issue> open_state_dict(const std::string& name) {
  return Checkpoint::open(kGolden + "/files/state_dict/" + name + ".pt");
}

// The marks of names are explained in the table.
bool is_expected_state_dict(const std::string& found, const std::string& expected) {
  if (expected.find(": ") != std::string::npos) return found.starts_with(expected);
  std::string names;
  for (const std::string& name : split(expected, ' ')) {
    if (name.ends_with('*') || name.ends_with('!'))
      return found == "unsupported: a weight that is not a plain tensor; see root(): " +
                          name.substr(0, name.size() - 1);
    if (!name.starts_with('(')) names += (names.empty() ? "" : " ") + name;
  }
  return found == names;
}

TEST(Golden, StateDicts) { check("state_dict", state_dict_answer, is_expected_state_dict); }

TEST(Golden, Keys) {
  for (const Row& row : rows("keys")) {
    const auto opened = open_state_dict(row.at(0));
    ASSERT_TRUE(opened) << row[0];
    const Row keys = split(row.at(1), '|');
    const std::vector<std::string_view> views(keys.begin(), keys.end());
    const std::string found =
        text_of(keys.size() == 1 ? opened->state_dict(keys[0]) : opened->state_dict(views));
    EXPECT_TRUE(is_expected_state_dict(found, row.at(2)))
        << row[0] << ' ' << row[1] << ": " << found;
  }
}

TEST(Golden, Prefixes) {
  for (const Row& row : rows("prefixes")) {
    const auto opened = open_state_dict(row.at(0));
    ASSERT_TRUE(opened) << row[0];
    auto weights = opened->state_dict();
    ASSERT_TRUE(weights) << weights.error();
    const std::string before = names_of(*weights);
    std::vector<std::string_view> prefixes = {row.at(1)};
    if (row[1] == "usual") {
      prefixes.clear();
      for (const auto& known : safe_load::usual_prefixes()) prefixes.push_back(known.text);
    }
    safe_load::Status done;
    for (const std::string_view prefix : prefixes)
      if (done) done = weights->strip_prefix(prefix);
    const std::string found =
        done ? names_of(*weights) : "two names: " + std::string(done.error().subject());
    EXPECT_EQ(found, row.at(2)) << row[0] << ' ' << row[1];
    EXPECT_TRUE(done || names_of(*weights) == before) << "changed all the same";
  }
}

std::string in_brackets(const Dims& dims) {
  std::string text;
  for (std::size_t i = 0; i < dims.size(); ++i)
    text += (text.empty() ? "" : ", ") + std::to_string(dims[i]);
  return '[' + text + ']';
}

std::string distributed_answer(const Checkpoint& checkpoint) {
  const auto found = safe_load::distributed_tensor(checkpoint.root());
  if (!found) return text_of(found.error());
  std::string names;
  for (const std::string& name : found->mesh.names) names += (names.empty() ? "" : ", ") + name;
  return in_brackets(found->local.tensor()->shape()) + " of " + in_brackets(found->shape) + ": " +
         to_text(*found) + (names.empty() ? "" : " (" + names + ')') +
         (found->is_replicated() ? ", replicated" : "");
}

TEST(Golden, DistributedTensors) { check("distributed", distributed_answer, is_same); }

std::string shown(const ValueView& value) {
  const ValueView resolved = value.resolved();
  const Values content = resolved.content();
  if (resolved.is_mapping()) {
    std::string text;
    for (std::size_t i = 0; i + 1 < content.size(); i += 2)
      text += (text.empty() ? "" : ", ") + content[i].get_or<std::string>("?") + ": " +
              shown(content[i + 1]);
    return '{' + text + '}';
  }
  if (resolved.kind() != ValueKind::kOpaque && resolved.kind() != ValueKind::kList)
    return safe_load::summary(resolved);
  if (resolved.kind() == ValueKind::kOpaque && content.empty()) return resolved.class_name();
  std::string text;
  for (std::size_t i = 0; i < content.size(); ++i)
    text += (text.empty() ? "" : ", ") + shown(content[i]);
  return '[' + text + ']';
}

TEST(Golden, Containers) {
  check(
      "containers", [](const Checkpoint& checkpoint) { return shown(checkpoint.root()); }, is_same);
}

TEST(Golden, Issues) {
  const auto texts = [](const Checkpoint& checkpoint) {
    std::string text;
    for (const safe_load::Issue& issue : checkpoint.issues())
      text += (text.empty() ? "" : " | ") + issue.text();
    return text.empty() ? "-" : text;
  };
  check("issues", texts, is_same);
}

TEST(Golden, Escaping) {
  for (const Row& row : rows("escaping")) {
    std::string text;
    for (std::size_t i = 0; i + 1 < row.at(1).size(); i += 2)
      text += static_cast<char>(std::stoi(row[1].substr(i, 2), nullptr, 16));
    EXPECT_EQ(safe_load::printable(text), row.at(2)) << row[0];
    EXPECT_EQ(safe_load::base::escaped(text), row.at(2)) << row[0];
  }
}

}  // namespace
