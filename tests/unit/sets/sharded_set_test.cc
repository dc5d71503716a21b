// Sharded sets: several files and an index, opened as one checkpoint.
#include <gtest/gtest.h>
#include <safe_load/checkpoint.h>

#include "support/checkpoint_builder.h"
#include "support/legacy_builder.h"
#include "support/safetensors_builder.h"
#include "support/temporary_file.h"
#include "support/temporary_folder.h"

namespace {

using namespace std::string_literals;
using namespace test_support;
using safe_load::Access;
using safe_load::Checkpoint;
using safe_load::ErrorCode;
using safe_load::Issue;

constexpr std::string_view kIndex = "model.safetensors.index.json";
constexpr std::string_view kFirst = "model-00001-of-00002.safetensors";
constexpr std::string_view kSecond = "model-00002-of-00002.safetensors";

std::string index_of(std::initializer_list<std::pair<std::string_view, std::string_view>> rows) {
  std::string map;
  for (const auto& [name, shard] : rows)
    map += (map.empty() ? "\"" : ",\"") + std::string(name) + "\":\"" + std::string(shard) + "\"";
  return "{\"metadata\":{\"total_size\":24},\"weight_map\":{" + map + "}}";
}

std::string good_index() { return index_of({{"b", kSecond}, {"a", kFirst}, {"c", kFirst}}); }

void fill(TemporaryFolder& folder) {
  folder.file(kFirst, safetensors(json_object({safetensors_entry("a", "F32", {2}, 0, 8),
                                               safetensors_entry("c", "F32", {1}, 8, 12)}),
                                  raw<float>({1, 2, 3})));
  folder.file(kSecond, safetensors(json_object({safetensors_entry("b", "F32", {3}, 0, 12)}),
                                   raw<float>({4, 5, 6})));
  folder.file(kIndex, good_index());
}

void expect_whole(const Checkpoint& opened) {
  EXPECT_TRUE(opened.issues().empty());
  EXPECT_EQ(opened.container().format, safe_load::Format::kShardedSet);
  const auto tensors = opened.tensors();
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors[0].name + tensors[1].name + tensors[2].name, "bac");
  EXPECT_EQ((*tensors[0].tensor.as_span<float>())[2], 6.0f);
  EXPECT_EQ((*tensors[1].tensor.as_span<float>())[0], 1.0f);
  EXPECT_EQ((*tensors[2].tensor.as_span<float>())[0], 3.0f);
}

Issue refused(const std::string& path) {
  const auto opened = Checkpoint::open(path);
  EXPECT_FALSE(opened.ok()) << path;
  return opened ? Issue() : opened.error();
}

// What is wrong with the set once it has this index.
std::string with_index(TemporaryFolder& folder, std::string_view index) {
  folder.file(kIndex, index);
  const auto opened = Checkpoint::open(folder.path(kIndex));
  if (!opened) return std::string(to_text(opened.error().code)) + ": " + opened.error().message;
  return opened->issues().empty() ? "" : opened->issues()[0].text();
}

TEST(ShardedSets, OpenByIndexAndByFolder) {
  TemporaryFolder folder;
  fill(folder);
  for (const std::string& path : {folder.path(kIndex), folder.path(), folder.path() + "/"}) {
    for (const Access access : {Access::kAutomatic, Access::kMapped, Access::kCopied}) {
      const auto opened = Checkpoint::open(path, {.access = access, .verify = true});
      ASSERT_TRUE(opened.ok()) << path << opened.error();
      expect_whole(*opened);
    }
  }
  const auto opened = Checkpoint::open(folder.path());
  EXPECT_EQ(opened->container().file_size, good_index().size() +
                                               read_file(folder.path(kFirst)).size() +
                                               read_file(folder.path(kSecond)).size());
}

TEST(ShardedSets, OpenOneShardWithAHint) {
  TemporaryFolder folder;
  fill(folder);
  const auto opened = Checkpoint::open(folder.path(kFirst));
  ASSERT_TRUE(opened.ok()) << opened.error();
  EXPECT_EQ(opened->container().format, safe_load::Format::kSafetensors);
  ASSERT_EQ(opened->container().notes.size(), 1u);
  EXPECT_NE(opened->container().notes[0].find("one shard of a set"), std::string::npos);
}

TEST(ShardedSets, OfZipFilesShareNothingButTheirNames) {
  TemporaryFolder folder;
  const auto shard = [](std::string_view name, float value) {
    return CheckpointBuilder(dict({text(name), tensor(storage("0", 1), 0, {1}, {1})}))
        .storage("0", raw<float>({value}))
        .build();
  };
  folder.file("x-00001-of-00002.bin", shard("a", 1)).file("x-00002-of-00002.bin", shard("b", 2));
  folder.file("pytorch_model.bin.index.json",
              index_of({{"a", "x-00001-of-00002.bin"}, {"b", "x-00002-of-00002.bin"}}));
  const auto opened = Checkpoint::open(folder.path(), {.verify = true});
  ASSERT_TRUE(opened.ok()) << opened.error();
  ASSERT_EQ(opened->tensors().size(), 2u);
  EXPECT_EQ((*opened->tensors()[0].tensor.as_span<float>())[0], 1.0f);
  EXPECT_EQ((*opened->tensors()[1].tensor.as_span<float>())[0], 2.0f);
}

TEST(ShardedSets, NameAllShardsThatAreMissing) {
  TemporaryFolder folder;
  fill(folder);
  folder.remove(kFirst).file(kSecond,
                             "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n");
  const Issue issue = refused(folder.path());
  EXPECT_EQ(issue.code, ErrorCode::kTruncated);
  EXPECT_EQ(issue.message, "2 of 2 shards are missing: " + std::string(kFirst) +
                               " (cannot open the file: No such file or directory), " +
                               std::string(kSecond) + " (a Git LFS pointer)");
  EXPECT_EQ(issue.member, kIndex);
  EXPECT_EQ(issue.hint, "download them into the same folder");
}

TEST(ShardedSets, LookOnlyInTheirFolder) {
  TemporaryFolder folder;
  fill(folder);
  for (const std::string shard :
       {"../model", "/etc/passwd", "a/b", "a\\\\b", "", ".", "..", "C:x", "a\\u0000b"})
    EXPECT_TRUE(with_index(folder, index_of({{"a", shard}}))
                    .starts_with("corrupt: an index that names a path"))
        << shard << with_index(folder, index_of({{"a", shard}}));
}

TEST(ShardedSets, AgreeWithTheirIndex) {
  TemporaryFolder folder;
  fill(folder);
  EXPECT_EQ(with_index(folder, good_index()), "");
  EXPECT_EQ(
      with_index(folder, index_of({{"a", kFirst}, {"b", kFirst}, {"c", kFirst}})),
      "corrupt: a tensor that is not in the shard that the index names: b, " + std::string(kFirst));
  EXPECT_EQ(
      with_index(folder, index_of({{"d", kFirst}})),
      "corrupt: a tensor that is not in the shard that the index names: d, " + std::string(kFirst));
  EXPECT_TRUE(
      with_index(folder, index_of({{"a", kFirst}, {"a", kFirst}})).starts_with("corrupt: "));
  EXPECT_TRUE(with_index(folder, "{\"weight_map\":{\"a\":7}}").starts_with("corrupt: "));
  EXPECT_TRUE(with_index(folder, "{\"weight_map\":[]}").starts_with("unsupported: "));
  EXPECT_TRUE(with_index(folder, "{\"other\":{}}").starts_with("unsupported: "));

  // What the index leaves out is there all the same.
  folder.file(kIndex, index_of({{"c", kFirst}, {"b", kSecond}}));
  const auto opened = Checkpoint::open(folder.path());
  ASSERT_TRUE(opened.ok()) << opened.error();
  EXPECT_EQ(opened->tensors().size(), 3u);
  ASSERT_EQ(opened->container().notes.size(), 1u);
  EXPECT_EQ(opened->container().notes[0], "values that the index does not name: 1");

  folder.file(kSecond, read_file(folder.path(kFirst)));
  EXPECT_EQ(with_index(folder, good_index()), "ambiguous: a tensor that is in two shards: a");
  folder.file(kSecond, pickled(list({})));
  EXPECT_EQ(with_index(folder, good_index()), "unsupported: a shard that holds no dict of tensors");
}

TEST(ShardedSets, OfOneFileAreThatFile) {
  TemporaryFolder folder;
  const std::string weights = pickled(dict({text("w"), integer(1)}));
  folder.file("README.md", "about");
  folder.file("optimizer.pt", weights);
  folder.file("adapter_model.bin", weights);
  const auto opened = Checkpoint::open(folder.path());
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->root()["w"].get_or(0), 1);
  folder.file("other.pth", weights);
  EXPECT_EQ(refused(folder.path()).hint,
            "open one of the files in it: adapter_model.bin, other.pth");
}

TEST(ShardedSets, OfOneShardAreNotWhole) {
  TemporaryFolder folder;
  folder.file("pytorch_model-00001-of-00002.bin", pickled(dict({text("w"), integer(1)})));
  EXPECT_EQ(refused(folder.path()).hint,
            "open one of the files in it: pytorch_model-00001-of-00002.bin");
}

TEST(ShardedSets, ThatAreRecordsSayHowToPackThem) {
  TemporaryFolder folder;
  folder.file("data.pkl", pickled(dict({})));
  folder.file("version", "3");
  const auto issue = refused(folder.path());
  EXPECT_EQ(issue.message, "the records of a checkpoint that somebody unpacked");
  EXPECT_NE(issue.hint.find("zip -0 -r"), std::string::npos);
}

TEST(ShardedSets, SayWhatAFolderIs) {
  TemporaryFolder folder;
  EXPECT_EQ(refused(folder.path()).message, "a folder without an index of a sharded set");
  folder.file("__0_0.distcp", "");
  EXPECT_NE(refused(folder.path()).message.find("an unfinished checkpoint"), std::string::npos);
  folder.file("model.safetensors", safetensors("{}", ""));
  EXPECT_TRUE(Checkpoint::open(folder.path()).ok());
  folder.file("pytorch_model.bin", pickled(kNone));
  EXPECT_EQ(refused(folder.path()).message,
            "a folder with more than one checkpoint: model.safetensors, pytorch_model.bin");
  fill(folder);
  EXPECT_TRUE(Checkpoint::open(folder.path()).ok());  // the index stands for the folder
  folder.file("other.index.json", good_index());
  EXPECT_EQ(refused(folder.path()).code, ErrorCode::kAmbiguous);
  EXPECT_EQ(refused(folder.path("none")).code, ErrorCode::kIo);
}

TEST(ShardedSets, WithAnIndexThatIsCutOrTurnedEndWell) {
  TemporaryFolder folder;
  fill(folder);
  const std::string index = good_index();
  for (std::size_t size = 0; size < index.size(); ++size) {
    folder.file(kIndex, index.substr(0, size));
    EXPECT_NE(refused(folder.path(kIndex)).message, "") << size;
  }
  std::size_t opened = 0;
  for (std::size_t bit = 0; bit < 8 * index.size(); ++bit) {
    std::string turned = index;
    turned[bit / 8] = static_cast<char>(turned[bit / 8] ^ 1 << bit % 8);
    folder.file(kIndex, turned);
    const auto set = Checkpoint::open(folder.path(kIndex));
    if (!set) {
      EXPECT_NE(set.error().message, "") << bit;
      continue;
    }
    ++opened;
    EXPECT_EQ(set->tensors().size(), 3u) << bit;
  }
  EXPECT_GT(opened, 0u);
}

TEST(ShardedSets, ThatAreCutOffEndWell) {
  TemporaryFolder folder;
  fill(folder);
  const std::string shard = read_file(folder.path(kSecond));
  for (std::size_t size = 0; size < shard.size(); ++size) {
    folder.file(kSecond, shard.substr(0, size));
    const Issue issue = refused(folder.path());
    EXPECT_EQ(issue.member, kSecond) << size << issue;
    EXPECT_NE(issue.message, "") << size;
  }
}

}  // namespace
