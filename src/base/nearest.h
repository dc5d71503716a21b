// The word that somebody may have meant.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace safe_load::base {

// Of the words that are added, the one nearest to `typed`: it ends in it behind a dot, or one can
// be made of the other by few changes of single bytes. The first of equals. Looks at so many words
// at most, and at words of a usual length only.
class Nearest {
 public:
  static constexpr std::size_t kMostWords = 100'000;
  static constexpr std::size_t kMostLength = 200;

  explicit Nearest(std::string_view typed);
  void add(std::string_view word);

  const std::string& word() const { return word_; }   // "" if none is near
  std::size_t position() const { return position_; }  // of word() among those that were added

 private:
  std::string typed_;
  std::string word_;
  std::size_t cost_;  // that a word must be below
  std::size_t words_ = 0;
  std::size_t position_ = 0;
};

}  // namespace safe_load::base
