#include "report/nested_words.h"

namespace safe_load::report {
namespace {

constexpr std::string_view kDots = "...";

class Layout {
 public:
  Layout(const std::vector<std::string>& words, std::span<const ShownAxis> axes, std::size_t width)
      : words_(words), axes_(axes), width_(width) {}

  // Row by row. Outer dimensions count their items, and close and open brackets as they go on.
  std::string take() && {
    const std::size_t rows = axes_.size() - 1;  // the dimension of what is in a row
    std::vector<std::size_t> at(rows);
    std::size_t open = 0;  // brackets that are open
    while (true) {
      out_.append(axes_.size() - open, '[');
      row(rows);
      open = rows;
      while (open > 0 && at[open - 1] + 1 == axes_[open - 1].items) {
        at[--open] = 0;
        out_ += ']';
      }
      if (open == 0) return std::move(out_);
      next_line(open - 1, ++at[open - 1]);
    }
  }

 private:
  // Before item `item` of this dimension.
  void next_line(std::size_t axis, std::size_t item) {
    end_line(axis);
    if (axes_[axis].leading != 0 && item == axes_[axis].leading) {
      indent(axis);
      out_ += kDots;
      end_line(axis);
    }
    indent(axis);
  }

  // As many line ends as there are dimensions below, so that blocks stand apart.
  void end_line(std::size_t axis) { out_.append(axes_.size() - axis - 1, '\n'); }
  void indent(std::size_t axis) { out_.append(axis + 1, ' '); }

  void row(std::size_t axis) {
    const ShownAxis& shown = axes_[axis];
    column_ = axis + 1;
    bool is_first = true;
    const auto add = [&](std::string_view word) {
      // Brackets close behind the last one, and something must stand on a line.
      const bool is_too_wide = width_ != 0 && column_ + word.size() + axes_.size() > width_;
      if (is_too_wide && column_ > axis + 1) {
        while (out_.ends_with(' ')) out_.pop_back();
        out_ += '\n';
        indent(axis);
        column_ = axis + 1;
      } else if (!is_first) {
        out_ += ' ';
      }
      out_ += word;
      column_ += word.size() + 1;
      is_first = false;
    };
    for (std::size_t i = 0; i < shown.items; ++i) {
      if (shown.leading != 0 && i == shown.leading) add(kDots);
      add(words_[next_++]);
    }
    out_ += ']';
  }

  const std::vector<std::string>& words_;
  std::span<const ShownAxis> axes_;
  std::size_t width_;
  std::string out_;
  std::size_t column_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

std::string nested_words(const std::vector<std::string>& words, std::span<const ShownAxis> axes,
                         std::size_t width) {
  for (const ShownAxis& axis : axes)
    if (axis.items == 0) return "[]";
  if (axes.empty()) return words.front();
  return Layout(words, axes, width).take();
}

}  // namespace safe_load::report
