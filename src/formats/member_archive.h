// MemberArchive: a zip or tar file whose members are containers of their own: .npz, and the
// checkpoints of libraries that pack several or add files to one (.nemo, .mar, Stable-Baselines3);
// or the files that the processes of one run saved. Its value is a dict from the members' names to
// their values.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/zip_file.h"

namespace safe_load::formats {

class MemberArchive final : public container::Container {
 public:
  struct Member {
    std::string key;
    container::ContainerPtr container;
    bool is_array = false;  // of a .npz file
  };

  // Empty if no member is a container; members that are none are named in the notes.
  static container::Outcome<std::unique_ptr<MemberArchive>> open(ZipFile file,
                                                                 const OpenOptions& options,
                                                                 std::uint64_t reach);
  static container::Outcome<std::unique_ptr<MemberArchive>> open_tar(const container::Slice& slice,
                                                                     const OpenOptions& options,
                                                                     std::uint64_t reach);

  // Each file is a member; all are containers.
  static container::Outcome<std::unique_ptr<MemberArchive>> open_files(
      const std::vector<container::Slice>& files, const OpenOptions& options, std::uint64_t reach);

  container::Outcome<void> read(container::Pickles& pickles) override;
  container::Outcome<pickle::NodeId> build(torch::TensorInterpreter& interpreter,
                                           const container::Pickles& pickles) override;
  bool wants_more() const override;
  void verify(const Report& report) const override;

 private:
  MemberArchive(const container::Slice& slice, std::unique_ptr<ZipFile> file,
                const OpenOptions& options)
      : container::Container(slice, options), file_(std::move(file)) {}

  // Takes the member if it is a container.
  container::Outcome<void> add(std::string_view name, const container::Slice& slice,
                               std::uint64_t reach);

  std::unique_ptr<ZipFile> file_;  // null: a tar file, or several files
  std::vector<Member> members_;
};

}  // namespace safe_load::formats
