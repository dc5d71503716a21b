// AtomicFile: a file that is under its name only when it is whole.
//
//   auto file = safe_load::AtomicFile::create("weights.bin");
//   bool is_kept = file && file->write(std::as_bytes(std::span("weights")));
//   is_kept = is_kept && file->commit();
//
// It is written beside its name, as ".weights.bin.<letters>.part". commit() puts it there in one
// step; without it nothing is left. At every moment, also if the machine stops, the old file or the
// new one is there; only a process that is killed leaves a part behind, under its own name. What
// was mapped or opened from the old file stays as it was.
//
// A link is followed: the file behind it is replaced, and keeps its permissions and, where the
// process may set it, its owner. Other hard links of that file keep the old content. A device or a
// pipe is written to at once, without any of these promises.
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "safe_load/export.h"
#include "safe_load/result.h"
#include "safe_load/sink.h"

namespace safe_load {
inline namespace v0 {

class SAFE_LOAD_EXPORT AtomicFile final : public Sink {
 public:
  // `path` is UTF-8. kUnsupported if it is a folder, else kIo with what the system says.
  static Result<AtomicFile> create(std::string_view path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile() override;

  // Takes the space on the disk now, where the file system can, so that a full disk is an error
  // before the work and not behind it. `size` in bytes, of the whole file.
  Status reserve(std::uint64_t size);

  Status write(std::span<const std::byte> bytes) override;

  // Asks the system to keep the bytes, then gives the file its name. Once; then nothing is written
  // any more.
  Status commit();

  // Whether there is nothing under its name, or a device or a pipe.
  bool is_new() const;

  // Whether commit() replaces this very file, whatever path leads to it.
  bool replaces(std::string_view path) const;

 private:
  AtomicFile(int descriptor, std::string target, std::string beside);

  bool is_streamed() const { return beside_.empty(); }
  void abandon();
  void begin_writing_back();

  int descriptor_;                // -1: it is done
  std::string target_;            // no link
  std::string beside_;            // what is written meanwhile; "" for a device or a pipe
  std::uint64_t size_ = 0;        // written
  std::uint64_t on_its_way_ = 0;  // of that, what the system was asked to bring to the disk
};

}  // namespace v0
}  // namespace safe_load
