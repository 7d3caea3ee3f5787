// The images that `predict` was asked for, one path after the other: files as given, the image files under folders,
// the matches of glob patterns, and the lines of stdin for "-". Found as they are asked for, so the first result does
// not wait for the last folder; memory is bounded by the largest single folder. One thread at a time.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace checkbox {

// Matches in alphabetical order. '*', '?' and '[...]' match within one name, "**" any number of folders. Hidden names
// are matched only by a pattern that says the dot.
[[nodiscard]] std::vector<std::string> expand_glob(const std::string& pattern);

class Inputs {
 public:
  struct Item {
    std::string path;
    std::string problem;  // empty, or why there is nothing to classify under this path
  };

  // `list`: where "-" reads paths from, each ended by `separator`.
  Inputs(std::vector<std::string> arguments, std::FILE* list, char separator);

  // In the order of the arguments; within a folder alphabetically, hidden names and links to folders left out.
  [[nodiscard]] std::optional<Item> next();

 private:
  struct Folder {
    std::string path;
    std::vector<std::string> names;  // sorted
    std::size_t position = 0;
  };

  [[nodiscard]] std::optional<Item> resolve(const std::string& path, bool may_be_pattern);
  [[nodiscard]] std::optional<Item> next_argument();
  [[nodiscard]] std::optional<Item> next_line();
  [[nodiscard]] std::optional<Item> next_in_folder();
  [[nodiscard]] std::optional<Item> enter(const std::string& path);

  std::vector<std::string> arguments_;
  std::size_t argument_ = 0;
  std::vector<std::string> matches_;  // of the pattern at hand
  std::size_t match_ = 0;
  std::FILE* list_;
  char separator_;
  bool reading_list_ = false;
  std::vector<Folder> folders_;  // from the one that was named down to the one being read
  bool folder_had_image_ = false;
};

}  // namespace checkbox
