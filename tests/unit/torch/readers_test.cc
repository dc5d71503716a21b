#include "torch/readers.h"

#include <gtest/gtest.h>

#include <set>

namespace {

using namespace safe_load::torch;

bool is_marked(Layout layout, std::string_view name, bool as_a_reader) {
  for (const Mark& mark : marks())
    if (mark.layout == layout && has_mark(mark, name, as_a_reader)) return true;
  return false;
}

TEST(Readers, EachHasARowAndALayout) {
  std::set<Reader> named;
  for (const ReaderRow& row : readers()) EXPECT_TRUE(named.insert(row.reader).second) << row.name;
  std::set<Reader> marked;
  for (const Mark& mark : marks()) marked.insert(mark.reader);
  EXPECT_EQ(named, marked);
}

TEST(Readers, ContainersTakeAMarkAsItIsWritten) {
  EXPECT_TRUE(is_marked(Layout::kCheckpoint, "archive/data.pkl", false));
  EXPECT_FALSE(is_marked(Layout::kCheckpoint, "data.pkl", false));
  EXPECT_FALSE(is_marked(Layout::kCheckpoint, "/data.pkl", false));
  EXPECT_FALSE(is_marked(Layout::kCheckpoint, "archive/Data.pkl", false));
  EXPECT_FALSE(is_marked(Layout::kCheckpoint, "archive/a/data.pkl", false));
  EXPECT_TRUE(is_marked(Layout::kOldExport, "serialized_exported_program.json", false));
  EXPECT_FALSE(is_marked(Layout::kOldExport, "a/serialized_exported_program.json", false));
  EXPECT_TRUE(is_marked(Layout::kExport, "m/archive_format", false));
}

TEST(Readers, TheScannerTakesItAsTheLaxestOfThemDoes) {
  for (const char* name : {"archive/code/a.py", "code/a.py", "archive/CODE/x"})
    EXPECT_TRUE(is_marked(Layout::kScript, name, true)) << name;
  EXPECT_TRUE(is_marked(Layout::kScript, "Constants.pkl", true));
  EXPECT_TRUE(is_marked(Layout::kOldExport, "a/Serialized_Exported_Program.json", true));
  EXPECT_TRUE(is_marked(Layout::kSources, "a/b/c.SO", true));
  EXPECT_FALSE(is_marked(Layout::kSources, "so", true));
}

TEST(Readers, WhatCouldHaveNoMarkHasNone) {
  for (const char* name : {"", "/", "archive/data/12", "archive/version", "archive/code/", "code/x",
                           "a/data.pkl", "a/archive_format", "x.so", "A/CONSTANTS.PKL"})
    for (const Mark& mark : marks())
      EXPECT_TRUE(could_have_mark(name) || !has_mark(mark, name, true)) << name;
  EXPECT_FALSE(could_have_mark("archive/data/12"));
}

}  // namespace
