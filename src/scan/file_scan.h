// FileScan: one scan of one file. Each kind of container has a file of its own; all share the
// findings, the coverage and what may still be spent.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "archive/sniff.h"
#include "archive/tar_directory.h"
#include "archive/zip_salvage.h"
#include "container/opened.h"
#include "formats/wrapper.h"
#include "formats/zip_file.h"
#include "scan/findings.h"
#include "scan/script_program.h"
#include "scan/slices.h"
#include "scan/tape_scan.h"
#include "torch/readers.h"
#include "torch/zip_layout.h"

namespace safe_load::scanner {

using archive::Sniffed;
using archive::ZipEntry;
using container::ContainerPtr;
using container::Failure;
using container::Manner;
using container::Opened;
using container::Outcome;

// What torch writes a record of a TorchScript archive for.
enum class ScriptRole : std::uint8_t {
  kNone,
  kSource,
  kPickle,
  kBeside,  // storages of constants and inputs, and files of somebody
  kOther,   // in the folder of the sources, where no reader looks for it
};
// `prefix`: the folder of the archive; "" of an archive that is none.
ScriptRole script_role(std::string_view prefix, std::string_view name);

class FileScan {
 public:
  // All must outlive this.
  FileScan(const ScanOptions& options, base::Host& host, FileReport& report)
      : options_(options), host_(host), report_(report), findings_(options) {
    open_options_.limits = options.limits;
  }

  // Fills the report.
  void run(const Slice& file);

 private:
  // What became of a slice.
  struct Seen {
    bool is_container = false;  // a listed reader would take it
    bool has_pickle = false;
    std::string what;
  };

  void add(Finding finding, const std::string& chain, std::uint64_t offset = 0);
  void leave(std::uint64_t bytes);
  // False if that is more than may still be spent.
  bool spend(std::uint64_t bytes);
  // What a container of this kind may be opened with.
  OpenOptions options_for(const Sniffed& sniffed) const;
  void finish();

  // ---- one slice: a file, or a member as a file of its own (file_scan.cc)

  Seen scan(const Slice& slice, const std::string& chain, bool is_file);
  // What several programs would take for their own, each in another way.
  void check_claims(std::span<const std::string_view> claims, const std::string& chain);
  Seen scan_plain(const Slice& slice, const std::string& chain, const Sniffed& sniffed,
                  bool is_file);
  // Findings of a container that was opened, or of what there is of it; with the program of a
  // TorchScript archive.
  void examine(const Opened& opened, const Outcome<void>& done, const Slice& slice,
               const std::string& chain, const ScriptProgram* script = nullptr);
  // What a tape asks for, and the pickles in its bytes that its names would read.
  Asked scan_program(const Opened& opened, const Slice& around, const std::string& chain,
                     const ScriptProgram* script = nullptr);
  // A pickle in the bytes or the text of `around`, or nothing if it lies too deep.
  std::optional<Slice> nested_slice(std::string_view bytes, const Slice& around,
                                    const std::string& chain);
  // What numba unpickles is a class and what its method is given.
  void check_rebuilt(const Slice& nested, const std::string& chain);
  void count(const Asked& asked);
  // A data.pkl without its archive.
  void note_storages_elsewhere(const Opened& opened, const std::string& chain);
  // Bytes that torch would load as a file of their own, and that were not a checkpoint to us.
  void scan_nested_checkpoints(const Opened& opened, const Slice& slice, const std::string& chain);
  void add_failure(const Failure& failure, const std::string& chain, bool in_pickle);
  void add_failure(const Failure& failure, const std::string& chain, Rule rule);
  static Rule rule_of(const Failure& failure, bool in_pickle);

  // ---- raw pickles (scan_pickles.cc)

  Outcome<void> open_pickle(Opened& opened, const Slice& slice);
  // Whether bytes are a text, and whether it stands alone or in an archive.
  enum class Text : std::uint8_t { kNo, kFile, kMember };
  // Whether a text that breaks off is nothing but words that begin like a pickle.
  static bool is_noise(const Opened& opened, const Asked& asked, bool is_file);
  // Runs a slice that is not a pickle to our own reader as pickles, one behind the other, as
  // pickle.load would. What they ask for before they break off counts, and so does whatever is odd
  // about them, but for texts that nobody meant to be pickles. Whether they asked for anything.
  bool scan_as_pickles(Slice slice, const std::string& chain, Text text);
  // A pickle in whose stream joblib reads arrays, as programs do that read on where one stands.
  void scan_beside_arrays(const Slice& slice, const std::string& chain);
  // What follows the end of `before`: more pickles, zeros, or bytes that nothing explains.
  void scan_rest(Slice rest, const std::string& chain, const Opened& before);

  // ---- what no reader of ours takes (file_scan.cc)

  Seen scan_foreign(const Slice& slice, const std::string& chain, const Sniffed& sniffed,
                    const Failure& failure, bool is_file);
  // Pickles in the strings of JSON, as Stable-Baselines3 keeps them.
  void scan_packed_text(const Slice& slice, const std::string& chain);

  // ---- what is compressed as a whole (scan_compressed.cc)

  // As what is inside; that nobody can look inside is a finding.
  Seen scan_compressed(const Slice& slice, const std::string& chain, const Sniffed& sniffed,
                       bool is_file);
  // What makes programs disagree about what is inside.
  void check_streams(const formats::Unwrapped& inner, const std::string& chain);

  // ---- zip files (scan_zip.cc)

  Seen scan_zip(const Slice& slice, const std::string& chain, const Sniffed& sniffed, bool is_file);
  Seen scan_foreign_zip(const Slice& slice, const std::string& chain, const Sniffed& sniffed,
                        bool is_file);
  Seen give_up_zip(const Slice& slice, const std::string& chain, const Failure& failure, Seen seen);
  // What is not plain names is noted, whoever reads it.
  void check_names(const std::vector<ZipEntry>& entries, const std::string& chain);
  // What a reader would run besides pickles, by the names of the records.
  // The program of a TorchScript archive, in the folder `script`, is judged elsewhere.
  void check_for_code(const std::vector<ZipEntry>& entries, std::string_view script,
                      const std::string& chain);
  void add_mark(const torch::Mark& mark, const std::string& chain);
  // What torch.export.load evaluates.
  void check_expressions(const formats::ZipFile& file, const std::string& chain);
  // Between the records there is nothing but data descriptors and zeros.
  void check_gaps(const Slice& slice, const formats::ZipFile& file,
                  const std::vector<archive::ZipMember>& members, const std::string& chain);
  void check_gap(const Slice& slice, std::uint64_t begin, std::uint64_t end,
                 const std::string& chain);
  // The checkpoint that the records make together, if they do. Names the records that it explains,
  // and returns where the file is then.
  const formats::ZipFile& scan_checkpoint_in(formats::ZipFile& file, const std::string& chain,
                                             const ScriptProgram* script, Opened& opened,
                                             std::set<std::string_view>& settled,
                                             std::string& what);
  // Whatever it says, the record was scanned: torch reads it all the same.
  void check_crc(const formats::ZipFile& file, const ZipEntry& entry, const std::string& chain);
  // numpy.load opens any record of a zip file that begins like one of its own. What is deflated
  // must be inflated to see that.
  void check_settled(const formats::ZipFile& zip, const archive::ZipMember& member,
                     const archive::DataHead& head, const std::string& chain);
  // A record that nothing refers to, as a file of its own. Whether it is a pickle, or holds one.
  bool scan_record(const formats::ZipFile& file, const ZipEntry& entry, const std::string& chain,
                   bool in_checkpoint, ScriptRole role);

  // ---- TorchScript archives (scan_script.cc)

  // Reads the program, and adds what is not proved to compute and nothing else.
  void judge_script(const formats::ZipFile& file, const torch::ZipLayout& layout,
                    const std::string& chain, ScriptProgram& program);
  void judge_bytecode(const formats::ZipFile& file, const ZipEntry& entry,
                      const std::string& chain);
  void add_doubt(const ScriptProgram::Doubt& doubt);

  // ---- zip files whose parts do not agree (scan_salvage.cc)

  // Whether there was anything.
  bool salvage(const Slice& slice, const std::string& chain);
  void salvage_record(const Slice& slice, const Source& source,
                      const archive::SalvagedRecord& record, const std::string& where);

  // ---- tar files (scan_tar.cc)

  // `is_checkpoint`: the tables and the pickle of torch 0.1 were read.
  void scan_tar_members(const Slice& slice, const std::string& chain, bool is_checkpoint);
  // Behind the last member there are zeros and nothing else.
  void check_tar_end(const Slice& slice, std::uint64_t end, const std::string& chain);
  void check_for_server(std::string_view name, const std::string& chain);

  const ScanOptions& options_;
  base::Host& host_;
  FileReport& report_;
  Findings findings_;
  OpenOptions open_options_;
  std::uint64_t uncovered_ = 0;
  std::uint64_t work_left_ = 0;
  std::uint64_t salvage_left_ = 0;
  bool is_in_script_ = false;  // in a pickle beside a program, whose storages are there, too
};

}  // namespace safe_load::scanner
