// One page about one file: verdict and findings, tensors as a treemap and a tree, histograms,
// values. It has no scripts and asks for nothing else, and what comes from the file is never
// markup.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "base/text.h"
#include "report/histogram.h"
#include "report/listing.h"
#include "report/tree.h"
#include "report/treemap.h"
#include "safe_load/report.h"

namespace safe_load {
inline namespace v0 {
namespace {

using report::Histogram;
using report::Listing;
using report::Rectangle;
using report::TreeRow;

constexpr std::size_t kMostRows = 2000;        // of each table
constexpr std::size_t kMostAreas = 300;        // of the treemap; smaller tensors are counted
constexpr std::size_t kMostHistograms = 24;    // of the largest tensors
constexpr Rectangle kMap = {0, 0, 1000, 420};  // pixels, before the page scales it
constexpr std::array<std::string_view, 8> kColors = {"#4e79a7", "#f28e2b", "#59a14f", "#b07aa1",
                                                     "#e15759", "#76b7b2", "#9c755f", "#bab0ac"};

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<style>
body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#222;background:#fff}
h1{font-size:1.4em;overflow-wrap:anywhere}h2{font-size:1.1em;margin-top:2em}
table{border-collapse:collapse;width:100%}td,th{padding:.15em .8em .15em 0;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{border-bottom:1px solid #999}
code,summary,.m{font-family:ui-monospace,monospace;font-size:.92em}
details details,details>div{margin-left:1.4em}summary{cursor:default}
.v{display:inline-block;padding:.1em .6em;border-radius:.3em;color:#fff}
.SAFE{background:#2e7d32}.UNKNOWN{background:#b26a00}.INCOMPLETE{background:#6a1b9a}.DANGEROUS{background:#c62828}
.h{display:inline-block;width:16em;margin:.4em 1em .4em 0;vertical-align:top;overflow-wrap:anywhere}svg{max-width:100%;height:auto}svg text{font:11px system-ui,sans-serif;fill:#fff;pointer-events:none}
@media print{details{display:block}body{max-width:none}}
@media (prefers-color-scheme:dark){body{background:#1b1b1b;color:#ddd}}
</style>
)";

// Text that is escaped for people already, as text of a page.
std::string text(std::string_view escaped) {
  std::string out;
  for (const char c : escaped) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string formatted(double value, std::chars_format form, int digits) {
  std::array<char, 512> buffer;
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, form, digits).ptr;
  return {buffer.data(), end};
}

// A length in pixels, and a number for people.
std::string number(double value) { return formatted(value, std::chars_format::fixed, 2); }
std::string rounded(double value) { return formatted(value, std::chars_format::general, 4); }

class HtmlPage {
 public:
  explicit HtmlPage(std::string_view title) : out_(kHead) {
    const std::string shown = text(base::escaped(title, 4096));
    out_ += "<title>" + shown + "</title></head><body>\n<h1>" + shown + "</h1>\n";
  }

  void paragraph(const std::string& markup) { out_ += "<p>" + markup + "</p>\n"; }
  void heading(std::string_view words) { (out_ += "<h2>").append(words).append("</h2>\n"); }
  void add(std::string_view markup) { out_ += markup; }

  // Rows of text that is escaped for people.
  void table(const std::vector<std::string_view>& columns,
             const std::vector<std::vector<std::string>>& rows) {
    if (rows.empty()) return;
    out_ += "<table><tr>";
    for (const std::string_view column : columns) (out_ += "<th>").append(column).append("</th>");
    out_ += "</tr>\n";
    for (std::size_t i = 0; i < std::min(rows.size(), kMostRows); ++i) {
      out_ += "<tr>";
      for (const std::string& cell : rows[i]) out_ += "<td>" + text(cell) + "</td>";
      out_ += "</tr>\n";
    }
    out_ += "</table>\n";
    if (rows.size() > kMostRows)
      paragraph("... and " + std::to_string(rows.size() - kMostRows) + " more");
  }

  std::string take() && { return std::move(out_) + "</body></html>\n"; }

 private:
  std::string out_;
};

void add_verdict(const FileReport& scan, HtmlPage& page) {
  const std::string verdict(to_text(scan.verdict));
  page.paragraph("<span class=\"v " + verdict + "\">" + verdict + "</span> " + text(scan.format) +
                 ", " + human_size(scan.size) + ", " + human_size(scan.coverage.bytes_covered) +
                 " of " + human_size(scan.coverage.bytes_total) + " covered");
  std::vector<std::vector<std::string>> rows;
  for (const Finding& finding : scan.findings) {
    std::string where = finding.member;
    if (!finding.opcode.empty())
      where += (where.empty() ? "byte " : ", byte ") + std::to_string(finding.offset);
    if (!finding.path.empty()) where += (where.empty() ? "" : ", ") + finding.path;
    std::string what = finding.message;
    if (finding.count > 1) what += " (" + std::to_string(finding.count) + " times)";
    if (!finding.args.empty() && finding.args != "()") what += ", with " + finding.args;
    rows.push_back({std::string(to_text(finding.severity)), std::string(finding.rule->id),
                    std::move(what), std::move(where)});
  }
  if (!rows.empty()) page.heading("Findings");
  page.table({"severity", "rule", "what", "where"}, rows);
}

// One area for each of the largest tensors, coloured by the first part of its name.
void add_map(const std::vector<const NamedTensor*>& tensors, HtmlPage& page) {
  const std::size_t shown = std::min(tensors.size(), kMostAreas);
  std::vector<double> sizes;
  double rest = 0;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto size = static_cast<double>(tensors[i]->tensor.byte_count());
    i < shown ? sizes.push_back(size) : void(rest += size);
  }
  if (sizes.empty() || sizes.front() == 0) return;
  std::map<std::string, std::size_t, std::less<>> groups;
  page.heading("Sizes");
  page.add("<svg viewBox=\"0 0 " + number(kMap.width) + ' ' + number(kMap.height) +
           "\" role=\"img\">\n");
  const std::vector<Rectangle> areas = report::treemap(sizes, kMap);
  for (std::size_t i = 0; i < shown; ++i) {
    const NamedTensor& tensor = *tensors[i];
    const Rectangle& area = areas[i];
    const std::string group = tensor.name.substr(0, tensor.name.find('.'));
    const std::size_t color = groups.try_emplace(group, groups.size()).first->second;
    const std::string name = text(tensor.name.empty() ? "$" : tensor.name);
    page.add("<g><title>" + name + ", " + human_size(tensor.tensor.byte_count()) +
             "</title><rect x=\"" + number(area.x) + "\" y=\"" + number(area.y) + "\" width=\"" +
             number(area.width) + "\" height=\"" + number(area.height) + "\" fill=\"" +
             std::string(kColors[color % kColors.size()]) +
             "\" stroke=\"#fff\" stroke-width=\".6\"/>");
    constexpr double kLetter = 6.5;  // pixels, about
    if (area.height > 16 && area.width > kLetter * static_cast<double>(tensor.name.size()) + 6)
      page.add("<text x=\"" + number(area.x + 4) + "\" y=\"" + number(area.y + 13) + "\">" + name +
               "</text>");
    page.add("</g>\n");
  }
  page.add("</svg>\n");
  if (shown < tensors.size())
    page.paragraph(std::to_string(tensors.size() - shown) + " smaller tensors, together " +
                   human_size(static_cast<std::uint64_t>(rest)) + ", are not drawn");
}

void add_tree(const std::vector<NamedTensor>& tensors, HtmlPage& page) {
  if (tensors.empty()) return;
  page.heading("Tensors");
  const std::vector<TreeRow> rows = report::tree_rows(tensors, TensorOrder::kFile);
  std::size_t open = 0;  // details
  for (std::size_t i = 0; i < std::min(rows.size(), kMostRows); ++i) {
    const TreeRow& row = rows[i];
    for (; open > row.depth; --open) page.add("</details>\n");
    const std::string words = text(row.name) + "  " + human_size(row.bytes) + "  " + text(row.held);
    page.add(row.is_parent ? (row.depth < 1 ? "<details open><summary>" : "<details><summary>") +
                                 words + "</summary>\n"
                           : "<div class=\"m\">" + words + "</div>\n");
    open += row.is_parent ? 1 : 0;
  }
  for (; open > 0; --open) page.add("</details>\n");
  if (rows.size() > kMostRows)
    page.paragraph("... and " + std::to_string(rows.size() - kMostRows) + " more rows");
}

std::string bars(const Histogram& histogram) {
  constexpr double kWidth = 4;
  constexpr double kHeight = 60;
  const auto most = static_cast<double>(*std::ranges::max_element(histogram.counts));
  std::string svg = "<svg width=\"" + number(kWidth * Histogram::kBins) + "\" height=\"" +
                    number(kHeight) + "\">";
  for (std::size_t i = 0; i < Histogram::kBins; ++i) {
    const double height = kHeight * static_cast<double>(histogram.counts[i]) / most;
    svg += "<rect x=\"" + number(kWidth * static_cast<double>(i)) + "\" y=\"" +
           number(kHeight - height) + "\" width=\"" + number(kWidth - 0.5) + "\" height=\"" +
           number(height) + "\" fill=\"#4e79a7\"/>";
  }
  return svg + "</svg>";
}

void add_histograms(const std::vector<const NamedTensor*>& tensors, HtmlPage& page) {
  std::size_t shown = 0;
  for (const NamedTensor* tensor : tensors) {
    if (shown == kMostHistograms) break;
    if (tensor->is_alias) continue;
    const auto found = report::histogram(tensor->tensor);
    if (!found) continue;
    if (shown++ == 0) page.heading("Values of the largest tensors");
    page.add("<div class=\"h\"><code>" + text(tensor->name.empty() ? "$" : tensor->name) +
             "</code><br>" + bars(*found) + "<br>" + rounded(found->minimum) + " to " +
             rounded(found->maximum) +
             (found->is_sample ? ", of " + std::to_string(found->elements) + " samples" : "") +
             "</div>\n");
  }
}

std::vector<const NamedTensor*> by_size(const std::vector<NamedTensor>& tensors) {
  std::vector<const NamedTensor*> sorted;
  sorted.reserve(tensors.size());
  for (const NamedTensor& tensor : tensors) sorted.push_back(&tensor);
  std::ranges::stable_sort(sorted, [](const NamedTensor* a, const NamedTensor* b) {
    return a->tensor.byte_count() > b->tensor.byte_count();
  });
  return sorted;
}

void add_content(const Checkpoint& checkpoint, HtmlPage& page) {
  const Listing listing = report::collect(checkpoint, kMostRows);
  page.paragraph(std::to_string(listing.distinct_tensors) + " tensors, " +
                 human_size(listing.storage_bytes) + " of data");
  for (const std::string& origin : listing.origins) page.paragraph("written by " + text(origin));
  const std::vector<const NamedTensor*> sorted = by_size(listing.tensors);
  add_map(sorted, page);
  add_tree(listing.tensors, page);
  add_histograms(sorted, page);
  std::vector<std::vector<std::string>> rows;
  for (const report::ValueRow& row : listing.values)
    if (!row.is_idle) rows.push_back({row.path, row.text});
  if (!rows.empty()) page.heading("Values");
  page.table({"path", "value"}, rows);
  if (listing.more_values != 0)
    page.paragraph("... and " + std::to_string(listing.more_values) + " more");
  rows.clear();
  for (const SymbolUse& use : listing.unknown)
    rows.push_back({use.name, std::to_string(use.count), use.object_path});
  if (!rows.empty()) page.heading("Classes and functions that are inert records");
  page.table({"name", "times", "first at"}, rows);
  rows.clear();
  for (const Issue& issue : checkpoint.issues()) rows.push_back({issue.text()});
  if (!rows.empty()) page.heading("Damaged values");
  page.table({"what"}, rows);
}

}  // namespace

std::string to_html(const FileReport& scan, std::string_view title, const Checkpoint* checkpoint) {
  HtmlPage page(title);
  add_verdict(scan, page);
  if (checkpoint != nullptr) {
    add_content(*checkpoint, page);
  } else {
    page.paragraph("It could not be opened as a checkpoint.");
  }
  return std::move(page).take();
}

}  // namespace v0
}  // namespace safe_load
