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
// pipe, where the caller takes them, is written to at once, without any of these promises.
//
// The folder is that of the beginning, whatever it is called later and wherever the process goes.
//
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "safe_load/export.h"
#include "safe_load/result.h"
#include "safe_load/sink.h"

namespace safe_load {
inline namespace v0 {

// What may stand under the name already.
enum class Existing : std::uint8_t {
  kAny,     // a file, which is replaced; a device or a pipe, which is written to
  kFile,    // a file, which is replaced
  kNothing  // also not when it is committed
};

class SAFE_LOAD_EXPORT AtomicFile final : public Sink {
 public:
  // `path` is UTF-8. kUnsupported if it is a folder, or a device or a pipe that may not be there;
  // kMismatch if a file is there that may not; else kIo with what the system says.
  static Result<AtomicFile> create(std::string_view path, Existing existing = Existing::kAny);

  // What create() would say, as far as that can be told without a new file.
  static Status check(std::string_view path, Existing existing = Existing::kAny);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile() override;

  // Takes the space on the disk now, where the file system can, so that a full disk is an error
  // before the work and not behind it. `size` in bytes, of the whole file.
  Status reserve(std::uint64_t size);

  // Small pieces wait for the next ones: what is wrong with the disk may be told later.
  Status write(std::span<const std::byte> bytes) override;

  // Asks the system to keep the bytes, then gives the file its name. Once; then nothing is written
  // any more. kMismatch if a file came there meanwhile that may not be: it stays.
  Status commit();

  // Whether there is nothing under its name, or a device or a pipe.
  bool is_new() const;

  // Whether commit() replaces this very file, whatever path leads to it.
  bool replaces(std::string_view path) const;

 private:
  struct Place;  // where it is going to be, and what is there

  AtomicFile(int folder, int descriptor, Existing existing, std::string name, std::string beside);

  static Result<Place> look_at(std::string_view path, Existing existing);
  bool is_streamed() const { return beside_.empty(); }
  void abandon();
  void begin_writing_back();
  Status flush();
  Status write_now(std::span<const std::byte> bytes);
  Status give_name();

  int folder_;      // -1: it is streamed
  int descriptor_;  // -1: it is done
  Existing existing_;
  std::string name_;                // in the folder; no link
  std::string beside_;              // what is written meanwhile; "" for a device or a pipe
  std::vector<std::byte> waiting_;  // to be written with what comes next
  std::uint64_t size_ = 0;          // written
  std::uint64_t on_its_way_ = 0;    // of that, what the system was asked to bring to the disk
};

}  // namespace v0
}  // namespace safe_load
