// A dataset folder: checked/ unchecked/ other/ splits.csv label_mapping.json ds_stats.json, as the reference
// implementation reads and writes it. Loaded once; afterwards read-only and so thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace checkbox::data {

struct Sample {
  std::string file;   // relative to the dataset folder, '/' as separator
  int label = 0;      // index into Dataset::labels
  std::string split;  // "train", "valid", "test"; with folds "fold0" ...
};

// Mean and population standard deviation per channel over all pixels of all images, in 0..1.
struct Statistics {
  std::array<double, 3> mean{};
  std::array<double, 3> std{};
};

struct Dataset {
  std::filesystem::path folder;
  std::vector<std::string> labels;  // by index
  std::vector<Sample> samples;      // in the order of splits.csv
  std::optional<Statistics> statistics;

  [[nodiscard]] std::vector<Sample> split(const std::string& name) const;
  [[nodiscard]] std::filesystem::path path_of(const Sample& sample) const { return folder / sample.file; }
};

// Reads and checks the folder. A folder with class subfolders and no splits.csv loads as one split named "all", its
// labels in alphabetical order, or those of label_mapping.json. Errors name the file and the row: a row whose image is
// missing (kNotFound), a label outside label_mapping.json, a mapping with a gap, a path that leaves the folder
// (kCorrupt), no class folder at all.
[[nodiscard]] Result<Dataset> load_dataset(const std::filesystem::path& folder);

}  // namespace checkbox::data
