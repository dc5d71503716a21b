#include "report/page.h"

#include <algorithm>
#include <map>

namespace safe_load::report {
namespace {

constexpr std::size_t kMostColumn = 60;  // of what stands under each other
constexpr std::size_t kLeastName = 24;   // columns that a name gets, whatever is beside it
constexpr std::size_t kIndent = 2;
constexpr std::size_t kGap = 2;
constexpr std::string_view kCut = "\u2026";

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

// Code points stand for columns: good enough for names, and never too few escapes.
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

// Where column `count` begins.
std::size_t column(std::string_view text, std::size_t count) {
  std::size_t at = 0;
  for (std::size_t seen = 0; at < text.size(); ++at)
    if (begins_character(text[at]) && seen++ == count) break;
  return at;
}

std::string without_end(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  return std::string(text.substr(0, column(text, width - 1))).append(kCut);
}

// Names differ at their ends more often than in front.
std::string without_middle(std::string_view text, std::size_t width) {
  const std::size_t all = columns(text);
  if (all <= width) return std::string(text);
  const std::size_t front = (width - 1) / 3;
  const std::size_t end = width - 1 - front;
  return std::string(text.substr(0, column(text, front)))
      .append(kCut)
      .append(text.substr(column(text, all - end)));
}

}  // namespace

void Page::add(const std::string& text, std::string_view color) {
  const bool colored = options_.color && !color.empty();
  if (colored) out_ += color;
  out_ += text;
  if (colored) out_ += "\x1b[0m";
  out_ += '\n';
}

void Page::line(const std::string& text, std::string_view color) {
  add(options_.width == 0 ? text : without_end(text, options_.width), color);
}

// What other cells leave to the names, in columns.
std::size_t Page::room_for_names(const std::vector<Row>& rows) const {
  std::size_t others = 0;
  for (const Row& row : rows) {
    std::size_t used = kIndent;
    for (std::size_t i = 1; i < row.size(); ++i) used += columns(row[i]) + kGap;
    others = std::max(others, used);
  }
  const std::size_t least =
      std::min(kLeastName, options_.width - std::min(options_.width, kIndent));
  return std::max(least, options_.width - std::min(options_.width, others));
}

void Page::fit_names(std::vector<Row>& rows) const {
  const std::size_t most = room_for_names(rows);
  std::map<std::string, std::string> whole;  // by what is left of it; "" for several
  for (const Row& row : rows) {
    const auto [known, is_new] = whole.emplace(without_middle(row[0], most), row[0]);
    if (!is_new && known->second != row[0]) known->second.clear();
  }
  for (Row& row : rows) {
    const std::string cut = without_middle(row[0], most);
    if (!whole[cut].empty()) row[0] = cut;
  }
}

void Page::table(std::vector<Row> rows, std::size_t most, std::size_t left_out) {
  const std::size_t all = rows.size() + left_out;
  if (most != 0 && rows.size() > most) rows.resize(most);
  if (options_.width != 0) fit_names(rows);
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size() - 1));
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      widths[i] = std::max(widths[i], std::min(columns(row[i]), kMostColumn));
  }
  for (const Row& row : rows) {
    std::string text(kIndent, ' ');
    for (std::size_t i = 0; i + 1 < row.size(); ++i)
      text += row[i] + std::string(widths[i] - std::min(widths[i], columns(row[i])) + kGap, ' ');
    text += row.back();
    while (text.ends_with(' ')) text.pop_back();
    // A name that must be whole is, on a line that is too long.
    const std::size_t name_end = kIndent + columns(row[0]);
    const std::size_t end = name_end > options_.width ? name_end + kGap + 1 : options_.width;
    add(options_.width == 0 ? text : without_end(text, end));
  }
  if (rows.size() < all)
    line("  ... and " + std::to_string(all - rows.size()) + " more (--all shows them)");
}

}  // namespace safe_load::report
