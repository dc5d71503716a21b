// Page: lines and tables of a report for people, as wide as a terminal or as they need.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "safe_load/report.h"

namespace safe_load::report {

using Row = std::vector<std::string>;

class Page {
 public:
  // `options` must outlive this.
  explicit Page(const TextOptions& options) : options_(options) {}

  void heading(const std::string& text) { line(text, "\x1b[1m"); }
  void warning(const std::string& text) { line(text, "\x1b[33m"); }
  void line(const std::string& text, std::string_view color = "");

  // Lines as they are.
  void block(const std::string& text) { add(text); }

  // Rows of cells under each other, indented. Where a row is too wide, names lose their middle, if
  // they still differ then, and the last cell its end. No more than `most` rows, if it is not 0;
  // `left_out`: how many there would be besides.
  void table(std::vector<Row> rows, std::size_t most, std::size_t left_out = 0);
  void table(std::vector<Row> rows) { table(std::move(rows), options_.most_rows); }

  std::string take() && { return std::move(out_); }

 private:
  void fit_names(std::vector<Row>& rows) const;
  std::size_t room_for_names(const std::vector<Row>& rows) const;
  void add(const std::string& text, std::string_view color = "");

  const TextOptions& options_;
  std::string out_;
};

}  // namespace safe_load::report
