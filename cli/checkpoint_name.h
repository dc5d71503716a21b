// The names that torch users give to checkpoints: such a file must be one, also in a folder.
#pragma once

#include <algorithm>
#include <string_view>

namespace cli {

// Letters count as equal in either case.
inline bool has_checkpoint_name(std::string_view path) {
  constexpr std::string_view kExtensions[] = {
      ".pt",     ".pth", ".pt2", ".ptl", ".th",     ".bin", ".ckpt", ".pkl",
      ".pickle", ".npy", ".npz", ".tar", ".joblib", ".mar", ".dill", ".safetensors"};
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::any_of(
      std::begin(kExtensions), std::end(kExtensions), [&](std::string_view extension) {
        return path.size() >= extension.size() &&
               std::equal(extension.begin(), extension.end(), path.end() - extension.size(),
                          [&](char a, char b) { return a == lower(b); });
      });
}

}  // namespace cli
