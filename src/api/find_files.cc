#include "api/find_files.h"

#include <algorithm>
#include <array>
#include <vector>

#include "api/state.h"
#include "archive/sniff.h"
#include "base/text.h"
#include "container/shard_index.h"

namespace safe_load::api {
namespace {

using archive::Sniffed;

constexpr std::size_t kMostFiles = 100'000;
constexpr std::size_t kMostNamed = 20;
constexpr std::string_view kIndexSuffix = ".index.json";
// A folder with one of these and no index is what a library saves for a small model.
constexpr std::string_view kWhole[] = {"model.safetensors", "pytorch_model.bin"};

Issue as_issue(const Error& error, std::string member = "", std::string hint = "") {
  if (hint.empty() && error.code() == ErrorCode::kIo) hint = "check the path and the permissions";
  return describe(error, std::move(member), std::move(hint));
}

std::string in_folder(std::string_view folder, std::string_view name) {
  std::string path(folder);
  if (!path.empty() && path.back() != '/') path += '/';
  return path += name;
}

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash + 1);
}

std::string_view name_of(std::string_view path) { return path.substr(folder_of(path).size()); }

Result<Sniffed> look_at(const os::File& file) {
  std::array<std::byte, 4096> buffer;
  const auto head = std::span(buffer).first(
      static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), buffer.size())));
  const Status read = file.read_at(0, head);
  if (!read) return read.error();
  return archive::sniff(head, file.size());
}

// "model-00001-of-00003.safetensors"
bool is_shard_name(std::string_view name) {
  const std::size_t of = name.find("-of-");
  const auto digits = [](std::string_view text) {
    return text.size() >= 5 &&
           std::all_of(text.begin(), text.begin() + 5, [](char c) { return c >= '0' && c <= '9'; });
  };
  return of != std::string_view::npos && of >= 6 && name[of - 6] == '-' &&
         digits(name.substr(of - 5)) && digits(name.substr(of + 4));
}

// The index's shards, opened; or which of them are not there.
Result<FoundFiles, Issue> open_set(std::string_view path, os::File index_file,
                                   const container::ShardIndex& index) {
  const std::string name(name_of(path));
  FoundFiles found;
  found.files.add(name, std::move(index_file));
  std::string missing;
  std::size_t missing_count = 0;
  for (const std::string& shard : index.shards) {
    auto file = os::File::open(in_folder(folder_of(path), shard));
    std::string why;
    if (!file) {
      why = std::string(file.error().reason()) + ": " + std::string(file.error().subject());
    } else if (const auto kind = look_at(*file); !kind) {
      why = kind.error().reason();
    } else if (kind->kind == Sniffed::Kind::kPointer) {
      why = "a Git LFS pointer";
    }
    if (why.empty()) {
      found.files.add(shard, *std::move(file));
      continue;
    }
    if (++missing_count > kMostNamed) continue;
    missing += (missing.empty() ? "" : ", ") + base::escaped(shard) + " (" + why + ")";
  }
  if (missing_count == 0) return found;
  if (missing_count > kMostNamed)
    missing += " and " + std::to_string(missing_count - kMostNamed) + " more";
  Issue issue = as_issue(Error(ErrorCode::kTruncated, "shards of the set are missing"), name,
                         "download them into the same folder");
  issue.message = std::to_string(missing_count) + " of " + std::to_string(index.shards.size()) +
                  " shards are missing: " + missing;
  return issue;
}

Result<FoundFiles, Issue> open_file(std::string_view path, os::File file, const Limits& limits) {
  const auto kind = look_at(file);
  if (!kind) return as_issue(kind.error());
  if (kind->kind == Sniffed::Kind::kJson && file.size() <= limits.max_pickle_bytes) {
    std::string text(static_cast<std::size_t>(file.size()), '\0');
    const Status read = file.read_at(0, base::as_writable_bytes(text));
    if (!read) return as_issue(read.error());
    const auto index = container::read_shard_index(text);
    if (index) return open_set(path, std::move(file), *index);
    const bool is_index = text.find("\"weight_map\"") != std::string::npos;
    if (is_index)
      return as_issue(index.error(), "",
                      "the index is damaged or was made to mislead; get it again");
  }
  FoundFiles found{os::FileSet(std::move(file)), ""};
  if (is_shard_name(name_of(path)))
    found.note = "one shard of a set; open its folder or its index file to get all of them";
  return found;
}

Result<FoundFiles, Issue> open_folder(std::string_view path, const Limits& limits) {
  const auto names = os::list_folder(path, kMostFiles);
  if (!names) return as_issue(names.error());
  std::vector<std::string> choices;
  const auto choose = [&](auto&& fits) {
    if (choices.empty())
      std::copy_if(names->begin(), names->end(), std::back_inserter(choices), fits);
  };
  choose([](const std::string& name) { return name.ends_with(kIndexSuffix) && name[0] != '.'; });
  choose([](const std::string& name) {
    return std::find(std::begin(kWhole), std::end(kWhole), name) != std::end(kWhole);
  });
  if (choices.size() > 1) {
    std::string listed;
    for (const std::string& name : choices)
      listed += (listed.empty() ? "" : ", ") + base::escaped(name);
    return as_issue(
        Error(ErrorCode::kAmbiguous, "a folder with more than one checkpoint").about(listed), "",
        "open one of them by its name");
  }
  if (choices.size() == 1) {
    const std::string chosen = in_folder(path, choices[0]);
    auto file = os::File::open(chosen);
    if (!file) return as_issue(file.error(), choices[0]);
    return open_file(chosen, *std::move(file), limits);
  }
  if (std::find(names->begin(), names->end(), ".metadata") != names->end())
    return as_issue(
        Error(ErrorCode::kUnsupported,
              "a folder of torch.distributed.checkpoint, which this version names only"));
  return as_issue(Error(ErrorCode::kUnsupported, "a folder without an index of a sharded set"), "",
                  "open one of the files in it");
}

}  // namespace

Result<FoundFiles, Issue> find_files(std::string_view path, const Limits& limits) {
  auto file = os::File::open(path);
  if (file) return open_file(path, *std::move(file), limits);
  if (file.error().code() == ErrorCode::kUnsupported && os::is_folder(path))
    return open_folder(path, limits);
  return as_issue(file.error());
}

}  // namespace safe_load::api
