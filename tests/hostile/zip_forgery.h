// Forgeries: a checkpoint in which one thing lies, and how its refusal is told.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "support/checkpoint_builder.h"
#include "support/zip_builder.h"

namespace test_support {

struct ForgedFile {
  std::string what;
  std::string file;
  safe_load::ErrorCode code;
  std::uint64_t offset;
  std::string_view message;
  std::string_view member = "";
};

// Each is refused with exactly this, and with a next step unless there is none to take.
inline void expect_refused(const std::vector<ForgedFile>& forgeries,
                           const safe_load::OpenOptions& options = {}) {
  for (const ForgedFile& forgery : forgeries) {
    const auto opened = open_bytes(forgery.file, options);
    if (opened) {
      ADD_FAILURE() << "opens: " << forgery.what;
      continue;
    }
    const safe_load::Issue& issue = opened.error();
    EXPECT_EQ(issue.code, forgery.code) << forgery.what << ": " << issue;
    EXPECT_EQ(issue.offset, forgery.offset) << forgery.what << ": " << issue;
    EXPECT_EQ(issue.member, forgery.member) << forgery.what << ": " << issue;
    EXPECT_EQ(issue.message, forgery.message) << forgery.what;
    EXPECT_TRUE(issue.hint != "" || issue.code == safe_load::ErrorCode::kUnsupported)
        << forgery.what;
  }
}

// {"w": tensor}, over the storage "0" of two floats.
inline std::string small_pickle() {
  return "\x80\2" + dict({text("w"), tensor(storage("0", 2), 0, {2}, {1})}) + ".";
}

// The entries of small_zip().
inline constexpr std::size_t kPickle = 0;
inline constexpr std::size_t kStorage = 1;
inline constexpr std::size_t kVersion = 2;

// A checkpoint whose entry `which` is changed by `lie`.
template <class Lie>
ZipBuilder lying(std::size_t which, Lie&& lie) {
  ZipBuilder zip;
  const auto add = [&](std::size_t i, std::string_view name, std::string_view content) {
    zip.stored(name, content);
    if (i == which) zip.lie(lie);
  };
  add(kPickle, "a/data.pkl", small_pickle());
  add(kStorage, "a/data/0", raw<float>({1, 2}));
  add(kVersion, "a/version", "3\n");
  return zip;
}

inline ZipBuilder honest() {
  return lying(kPickle, [](ZipEntryParts&) {});
}

inline std::string patched(std::string file, std::uint64_t at, std::string_view bytes) {
  return file.replace(static_cast<std::size_t>(at), bytes.size(), bytes);
}

// An end record of its own, as somebody might hide it in another place.
inline std::string end_record(std::uint64_t entries, std::uint64_t size, std::uint64_t offset) {
  return "PK\5\6" + little(0, 4) + little(entries, 2) + little(entries, 2) + little(size, 4) +
         little(offset, 4) + little(0, 2);
}

// A zip64 extra field with these values.
inline std::string zip64_field(std::initializer_list<std::uint64_t> values) {
  std::string body;
  for (const std::uint64_t value : values) body += little(value, 8);
  return little(1, 2) + little(body.size(), 2) + body;
}

}  // namespace test_support
