// FilePool: files by path, of which only the last few that were used are open: a set may have more
// files than a process may have open.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/joined_source.h"
#include "base/mutex.h"
#include "base/source.h"
#include "os/file.h"
#include "safe_load/shared_bytes.h"
#include "safe_load/source.h"

namespace safe_load::os {

class FilePool;

// A file of a pool. It keeps the pool alive. One that was closed is opened again when it is read,
// and must then be the same file in the same state.
class PooledFile final : public Source {
 public:
  PooledFile(std::shared_ptr<FilePool> pool, std::size_t number, const File& file);

  std::uint64_t size() const override { return size_; }
  Status read_at(std::uint64_t offset, std::span<std::byte> into) const override;
  std::uint64_t first_step() const override { return base::kLocalStep; }
  std::string name() const override { return name_; }

  Result<std::shared_ptr<const File>> use() const;

  // Its state when it was opened first.
  FileIdentity first_identity() const;

 private:
  std::shared_ptr<FilePool> pool_;
  std::size_t number_;
  std::uint64_t size_;
  std::string name_;
};

class FilePool : public std::enable_shared_from_this<FilePool> {
 public:
  // As File::open.
  Result<std::shared_ptr<const PooledFile>> open(std::string_view path);
  Result<std::shared_ptr<const PooledFile>> add(File file);

 private:
  friend class PooledFile;
  using OpenFile = std::shared_ptr<const File>;

  struct Slot {
    std::string path;
    FileIdentity identity;
    OpenFile file;  // null: closed
  };

  Result<OpenFile> use(std::size_t number);
  FileIdentity first_identity(std::size_t number);
  void close_oldest();

  base::Mutex mutex_;  // guards all of it
  std::vector<Slot> slots_;
  std::vector<std::size_t> order_;  // of the open ones, the one that was used last in front
};

// A file as one block, as Memory::map of it; and all files of a pool that are joined.
Result<SharedBytes> map(const PooledFile& file);
// REQUIRES: each part is a PooledFile and begins at a multiple of the page size.
Result<SharedBytes> map(const base::JoinedSource& files);

}  // namespace safe_load::os
