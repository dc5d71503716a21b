// Pickles outside of a container, and what follows an end.
#include <algorithm>
#include <memory>

#include "formats/bare_pickle.h"
#include "scan/file_scan.h"
#include "scan/stream_arrays.h"
#include "scan/text_names.h"

namespace safe_load::scanner {
namespace {

constexpr std::uint64_t kLeastCost = 64;  // of one pickle
constexpr int kMostFollowing = 100'000;   // pickles one behind the other

Rule rule_of_rest(Format format) {
  if (format == Format::kNpy) return Rule::kC15;
  return format == Format::kLegacy ? Rule::kT01 : Rule::kP11;
}

// The first two pickles of the legacy layout, of which the first is computed: torch runs it to
// learn the magic number, and a tool that does not says that this is no file of torch.
bool is_computed_magic(const Opened& first, const Opened& second) {
  constexpr std::uint64_t kProtocolVersion = 1001;
  if (!first.tape || first.source->info().format != Format::kPickle) return false;
  const pickle::Node& magic = (*first.tape)[first.tape->root()];
  const pickle::Node& version = (*second.tape)[second.tape->root()];
  const bool is_computed = magic.kind > pickle::Kind::kSet;  // a call, or what a call became
  return is_computed && version.kind == pickle::Kind::kInt && version.payload == kProtocolVersion;
}

// Of a program that broke off: whether every reader stops at this very place, before anything was
// made. Then what is odd in front of it has done nothing. So begin the lengths of one safetensors
// header in sixteen: with PROTO and no protocol, or with PERSID and no line.
bool is_stillborn(const pickle::Tape& tape) {
  const auto leaves_its_place = [](const pickle::Note& note) {
    return note.oddity == pickle::Oddity::kNewProtocol ||
           note.oddity == pickle::Oddity::kLineWithoutEnd;
  };
  return tape.size() == 0 && std::ranges::all_of(tape.notes(), leaves_its_place);
}

}  // namespace

Outcome<void> FileScan::open_pickle(Opened& opened, const Slice& slice) {
  const OpenOptions options = options_for({Sniffed::Kind::kPickle, "", ""});
  auto done = container::open(
      opened,
      [&](std::uint64_t reach) {
        return Outcome<ContainerPtr>(std::make_unique<formats::BarePickle>(
            slice, options, reach, formats::PickleReader::kPickle));
      },
      options, Manner::kLenient, kHead);
  const std::uint64_t run =
      done ? opened.source->info().pickle_bytes : opened.pickles.bytes().size();
  spend(std::max(run, kLeastCost));
  return done;
}

bool FileScan::is_noise(const Opened& opened, const Asked& asked, bool is_file) {
  const pickle::SymbolTable& symbols = opened.tape->symbols();
  const bool is_impossible = symbols.size() == 1 && names_no_module(symbols[0].raw_module);
  if (asked.calls != 0 || (asked.is_dangerous && !is_impossible)) return false;
  return is_file || is_only_words(*opened.tape);  // a file is not a checkpoint, and named so
}

bool FileScan::scan_as_pickles(Slice slice, const std::string& chain, Text text) {
  bool asks = false;
  for (int i = 0; slice.size != 0 && i < kMostFollowing; ++i) {
    Opened opened(host_);
    const auto done = open_pickle(opened, slice);
    if (!done && done.error().error.code() == ErrorCode::kLimit) {
      leave(slice.size);
      add_failure(done.error(), chain, true);
      return true;
    }
    if (!opened.tape || (!done && is_stillborn(*opened.tape))) return asks;
    Findings trial(options_);
    const Asked asked = scan_tape(opened, chain, trial);
    const bool is_words =
        text != Text::kNo && i == 0 && !done && is_noise(opened, asked, text == Text::kFile);
    if (!is_words && (asked.anything() || trial.refutes())) {
      asks = true;
      count(scan_program(opened, slice, chain));
      if (!done && (asked.calls != 0 || asked.is_dangerous)) add_failure(done.error(), chain, true);
    }
    if (!done) return asks;
    slice = slice.behind(opened.source->info().pickle_bytes);
  }
  if (slice.size != 0) leave(slice.size);
  return asks;
}

void FileScan::scan_beside_arrays(const Slice& slice, const std::string& chain) {
  Opened opened(host_);
  const auto done = open_pickle(opened, slice);
  if (!opened.tape) return;
  // A pickle of objects there is meant for another memo: what it makes of this one is odd, and that
  // others read on was told. A name that is bad is bad.
  if (names_danger(*opened.tape)) count(scan_program(opened, slice, chain));
  if (done) scan_as_pickles(slice.behind(opened.source->info().pickle_bytes), chain, Text::kNo);
}

void FileScan::scan_rest(Slice rest, const std::string& chain, const Opened& before) {
  const std::string where = join_members(chain, rest.name);
  for (int i = 0; rest.size != 0; ++i) {
    if (is_all_zero(rest)) {
      if (rest.size > kMostPadding) add(make_finding(Rule::kN04), where, rest.shift);
      return;
    }
    if (i == kMostFollowing) {
      leave(rest.size);
      add(make_finding(Rule::kP11, Severity::kIncomplete,
                       "more than 100,000 pickles follow each other"),
          where, rest.shift);
      return;
    }
    Opened opened(host_);
    const auto done = open_pickle(opened, rest);
    if (!done) {
      if (opened.tape) {
        Findings trial(options_);
        const Asked asked = scan_tape(opened, chain, trial);
        if (asked.is_dangerous || asked.calls != 0) scan_program(opened, rest, chain);
      }
      if (done.error().error.code() == ErrorCode::kLimit) {
        leave(rest.size);
        add_failure(done.error(), where, true);
        return;
      }
      add(make_finding(rule_of_rest(before.source->info().format), Severity::kUnknown,
                       std::to_string(rest.size) + " bytes follow the end of the " +
                           (before.source->info().format == Format::kNpy ? "array" : "pickle")),
          where, rest.shift);
      return;
    }
    if (i == 0 && is_computed_magic(before, opened)) add(make_finding(Rule::kT02), chain);
    count(scan_program(opened, rest, chain));
    rest = rest.behind(opened.source->info().pickle_bytes);
  }
}

}  // namespace safe_load::scanner
