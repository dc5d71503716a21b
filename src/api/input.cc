#include "api/input.h"

#include <algorithm>
#include <utility>

#include "base/source.h"
#include "base/try.h"
#include "container/failure.h"
#include "os/file_pool.h"
#include "os/memory.h"
#include "sets/find_files.h"

namespace safe_load::api {
namespace {

using container::describe;

class LocalFiles final : public sets::Files {
 public:
  Result<std::shared_ptr<const Source>> open(const std::string& path) override {
    auto file = pool_->open(path);
    if (!file) return file.error();
    return std::shared_ptr<const Source>(*std::move(file));
  }
  bool is_folder(const std::string& path) const override { return os::is_folder(path); }
  Result<std::vector<std::string>> list(const std::string& path, std::size_t most) const override {
    return os::list_folder(path, most);
  }
  bool leaves_folder(const std::string& folder, const std::string& path) const override {
    return os::leaves_folder(folder, path);
  }

 private:
  std::shared_ptr<os::FilePool> pool_ = std::make_shared<os::FilePool>();
};

// A source and those beside it.
class Siblings final : public sets::Files {
 public:
  explicit Siblings(std::shared_ptr<const Source> source) : source_(std::move(source)) {}

  Result<std::shared_ptr<const Source>> open(const std::string& path) override {
    return source_->sibling(path);
  }
  bool is_folder(const std::string&) const override { return false; }
  Result<std::vector<std::string>> list(const std::string& path, std::size_t) const override {
    return Error(ErrorCode::kUnsupported, "a source that lists no files").about(path);
  }
  bool leaves_folder(const std::string&, const std::string&) const override { return false; }

 private:
  std::shared_ptr<const Source> source_;
};

Input input_of_files(sets::FoundFiles found, std::uint64_t step) {
  Input input;
  input.note = std::move(found.note);
  if (found.files.size() == 1 && found.files[0].name.empty()) {
    input.source = std::move(found.files[0].source);
    return input;
  }
  const auto set = std::make_shared<base::JoinedSource>(step);
  for (sets::FoundFiles::File& file : found.files) {
    set->add(std::move(file.source));
    input.names.push_back(std::move(file.name));
  }
  input.source = input.set = set;
  return input;
}

Result<Input, Issue> read_whole(Input input) {
  auto memory = os::Memory::allocate(input.source->size());
  if (!memory) return describe(memory.error());
  const Status read = input.source->read_at(0, memory->bytes());
  if (!read) return describe(read.error(), "", "read it again when nobody writes to it");
  const auto kept = std::make_shared<os::Memory>(*std::move(memory));
  Input whole = input_of_memory({kept->bytes(), kept});
  whole.note = std::move(input.note);
  whole.files = std::move(input.files);
  return whole;
}

std::vector<std::shared_ptr<const os::PooledFile>> files_of(const Input& input) {
  std::vector<std::shared_ptr<const os::PooledFile>> files;
  const auto add = [&](const std::shared_ptr<const Source>& source) {
    files.push_back(std::static_pointer_cast<const os::PooledFile>(source));
  };
  if (input.set == nullptr) add(input.source);
  if (input.set != nullptr)
    for (const base::JoinedSource::Part& part : input.set->parts()) add(part.source);
  return files;
}

// Adds what only a file of the system can do. REQUIRES: every source is a PooledFile.
Result<Input, Issue> finish_local(Input input, const OpenOptions& options) {
  const auto files = files_of(input);
  for (const auto& file : files) input.files.push_back(file->first_identity());
  const bool is_small = !input.set && input.source->size() <= kSmallFile;
  if (is_small && options.access != Access::kMapped) return read_whole(std::move(input));
  const auto first = files.front()->use();
  if (!first) return describe(first.error());
  input.is_on_network = (*first)->is_on_network();
  input.map = [file = files.front(), set = input.set] {
    return set ? os::map(*set) : os::map(*file);
  };
  input.identify = [files]() -> Result<std::vector<os::FileIdentity>> {
    std::vector<os::FileIdentity> found;
    for (const auto& file : files) {
      SAFE_LOAD_TRY_ASSIGN(const auto open, file->use());
      SAFE_LOAD_TRY_ASSIGN(found.emplace_back(), open->identity());
    }
    return found;
  };
  return input;
}

}  // namespace

Result<Input, Issue> find_input(std::string_view path, const OpenOptions& options) {
  LocalFiles files;
  auto found = sets::find_files(files, path, options.limits);
  if (!found) return std::move(found).error();
  Input input = input_of_files(*std::move(found), os::page_size());
  return finish_local(std::move(input), options);
}

Result<Input, Issue> input_of_descriptor(int descriptor, std::uint64_t start,
                                         const OpenOptions& options) {
  auto file = os::File::from_descriptor(descriptor, start);
  if (!file)
    return describe(file.error(), "",
                    file.error().code() == ErrorCode::kIo ? "check the descriptor" : "");
  auto pooled = std::make_shared<os::FilePool>()->add(*std::move(file));
  if (!pooled) return describe(pooled.error());
  Input input;
  input.source = *std::move(pooled);
  return finish_local(std::move(input), options);
}

Result<Input, Issue> input_of_source(std::shared_ptr<const Source> source,
                                     const OpenOptions& options) {
  constexpr std::uint64_t kStep = 64;  // storages may begin at any multiple of it
  const std::string name = source->name();
  Siblings siblings(source);
  auto found = sets::find_files(siblings, name, std::move(source), options.limits);
  if (!found) return std::move(found).error();
  return input_of_files(*std::move(found), kStep);
}

Input input_of_memory(SharedBytes bytes) {
  struct Owned {
    explicit Owned(const SharedBytes& from) : bytes(from), source(base::Bytes(bytes.bytes)) {}
    SharedBytes bytes;
    base::MemorySource source;
  };
  const auto owned = std::make_shared<const Owned>(bytes);
  Input input;
  input.source = std::shared_ptr<const Source>(owned, &owned->source);
  input.whole.owned = std::move(bytes);
  return input;
}

Input input_of_borrowed(std::span<const std::byte> bytes) {
  Input input;
  input.source = std::make_shared<base::MemorySource>(bytes);
  input.whole.borrowed = bytes;
  input.whole.is_borrowed = true;
  return input;
}

}  // namespace safe_load::api
