// Writing: the weights of a checkpoint as a safetensors file, or all of it as a file that
// torch.load takes by default.
//
//   const auto opened = safe_load::Checkpoint::open("model.pth");
//   if (!opened) return 2;
//   const auto plan = safe_load::plan_safetensors(*opened);
//   if (!plan || !safe_load::write(*plan, "model.safetensors").ok()) return 2;
//
// First the plan: every decision, and every reason not to write. Then the bytes, which take no
// memory in proportion to the file. docs/format/write.md says what they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "safe_load/checkpoint.h"
#include "safe_load/export.h"
#include "safe_load/issue.h"
#include "safe_load/result.h"
#include "safe_load/sink.h"

namespace safe_load {
inline namespace v0 {

// What becomes of one tensor with several names: the same bytes, shape and strides.
enum class Aliases : std::uint8_t {
  kNote,       // it is written under the first name; metadata name the others, as safetensors does
  kDuplicate,  // it is written under each
  kRefuse,
};

struct SafetensorsOptions {
  std::vector<std::string> keys;  // where the weights are, as Checkpoint::state_dict() takes it
  Aliases aliases = Aliases::kNote;
};

// What becomes of an object of a class that nobody here knows.
enum class Unknown : std::uint8_t {
  kRefuse,
  kDrop,    // its entry of a dict is left out, its place in a list is None
  kDict,    // its attributes, or the pairs of a mapping; refused if there is more
  kRecord,  // a dict that names the class as well: "__class__", "args", attributes ...
};

struct TorchOptions {
  Unknown unknown = Unknown::kRefuse;
  bool lossy = false;  // whether what no plain form can hold may get lost: changes() tells
};

// A value that is written as another one.
struct Change {
  enum class Kind : std::uint8_t {
    kPlain,    // the same value in a simpler type
    kLossy,    // something of it gets lost
    kUnknown,  // TorchOptions::unknown was asked
  };
  Kind kind = Kind::kPlain;
  std::string path;  // object path such as $["args"]
  std::string from;  // its class, escaped
  std::string to;    // what is written, in words
};

// Called now and then with the bytes that are written and those of the whole. False: no more.
using WriteProgress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

struct WriteOptions {
  bool overwrite = false;  // a file that is there
  WriteProgress report = {};
};

// One file that is to be written. Its Checkpoint must live as long, and stay where it is.
class SAFE_LOAD_EXPORT Plan {
 public:
  Plan(Plan&&) noexcept;
  Plan& operator=(Plan&&) noexcept;
  ~Plan();

  std::uint64_t byte_count() const;  // of the file
  std::size_t tensor_count() const;
  std::uint64_t tensor_bytes() const;
  // Names that are only noted, each with the one under which their tensor is written.
  const std::vector<std::pair<std::string, std::string>>& aliases() const&;
  const std::vector<std::pair<std::string, std::string>>& aliases() const&& = delete;
  // Of plan_torch(): every value that is not written as it is, in no order.
  const std::vector<Change>& changes() const&;
  const std::vector<Change>& changes() const&& = delete;
  // Tensors of the checkpoint that are not written, such as those of an optimizer.
  std::size_t left_out_count() const;
  std::uint64_t left_out_bytes() const;

 private:
  struct Parts;
  explicit Plan(std::unique_ptr<Parts> parts);
  friend Result<Plan, std::vector<Issue>> plan_safetensors(const Checkpoint& checkpoint,
                                                           const SafetensorsOptions& options);
  friend Result<Plan, std::vector<Issue>> plan_torch(const Checkpoint& checkpoint,
                                                     const TorchOptions& options);
  friend Result<void, Issue> write(const Plan& plan, Sink& sink, const WriteProgress& report);
  friend Result<void, Issue> check_target(const Plan& plan, std::string_view path,
                                          const WriteOptions& options);

  std::unique_ptr<Parts> parts_;
};

// The weights that Checkpoint::state_dict() gives, in the order and the bytes that save_file() of
// the safetensors library writes. The error is every reason not to write: no weights, or more than
// one that could be meant; a tensor of a type that the format has not, quantized, or expanded
// beyond Limits::max_copied_bytes; a name that the format takes for its own, or that is not UTF-8.
SAFE_LOAD_EXPORT Result<Plan, std::vector<Issue>> plan_safetensors(
    const Checkpoint& checkpoint, const SafetensorsOptions& options = {});
Result<Plan, std::vector<Issue>> plan_safetensors(const Checkpoint&& checkpoint,
                                                  const SafetensorsOptions& options = {}) = delete;

// The whole object in its plain form, as torch.save() of torch 2.13 would write it: torch.load()
// takes the file by default, from torch 2.6 on, without a class of its own. Aliases, views,
// strides, cycles and order are kept; of a storage that is used by less than half, what is used is
// written. The error is every value that has no plain form: of an unknown class
// (TorchOptions::unknown), one that would lose something (TorchOptions::lossy), a damaged one, two
// keys that become equal.
SAFE_LOAD_EXPORT Result<Plan, std::vector<Issue>> plan_torch(const Checkpoint& checkpoint,
                                                             const TorchOptions& options = {});
Result<Plan, std::vector<Issue>> plan_torch(const Checkpoint&& checkpoint,
                                            const TorchOptions& options = {}) = delete;

// One behind the other. What was written before an error stands in the sink.
SAFE_LOAD_EXPORT Result<void, Issue> write(const Plan& plan, Sink& sink,
                                           const WriteProgress& report = {});

// Into a file that is under its name only when it is whole (AtomicFile). `path` is UTF-8. kMismatch
// if a file is there, or if it is one that the checkpoint was opened from; kUnsupported if it is no
// file; kIo if the checkpoint changed since it was opened.
SAFE_LOAD_EXPORT Result<void, Issue> write(const Plan& plan, std::string_view path,
                                           const WriteOptions& options = {});

// What write() would say of this path, as far as that can be told before.
SAFE_LOAD_EXPORT Result<void, Issue> check_target(const Plan& plan, std::string_view path,
                                                  const WriteOptions& options = {});

}  // namespace v0
}  // namespace safe_load
