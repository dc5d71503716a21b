// The names that torch users give to checkpoints: such a file must be one, also in a folder.
#pragma once

#include <algorithm>
#include <string_view>

namespace cli {

// Letters count as equal in either case.
inline bool has_ending(std::string_view path, std::string_view ending) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return path.size() >= ending.size() &&
         std::equal(ending.begin(), ending.end(), path.end() - ending.size(),
                    [&](char a, char b) { return a == lower(b); });
}

// A tar archive that is compressed is most often none.
inline bool has_checkpoint_name(std::string_view path) {
  constexpr std::string_view kExtensions[] = {
      ".pt",     ".pth", ".pt2", ".ptl", ".th",     ".bin", ".ckpt", ".pkl",
      ".pickle", ".npy", ".npz", ".tar", ".joblib", ".mar", ".dill", ".safetensors"};
  constexpr std::string_view kPackings[] = {".gz", ".bz2", ".xz", ".lzma", ".zst", ".z"};
  for (const std::string_view packing : kPackings) {
    if (!has_ending(path, packing)) continue;
    path.remove_suffix(packing.size());
    if (has_ending(path, ".tar")) return false;
    break;
  }
  return std::any_of(std::begin(kExtensions), std::end(kExtensions),
                     [&](std::string_view extension) { return has_ending(path, extension); });
}

}  // namespace cli
