// Decodes every file of the class folders, on many threads, and puts those that are images into a dataset folder, with
// the same names and bytes. What cannot be decoded is listed with the reason. The result does not depend on the
// threads.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.hpp"
#include "data/dataset.hpp"
#include "data/prepare.hpp"
#include "data/scan.hpp"
#include "data/statistics.hpp"

namespace checkbox::data {

struct ImportOptions {
  std::filesystem::path root;  // of the class folders
  bool may_move = false;       // out of root, which is on the destination's file system
  std::filesystem::path destination;
  int threads = 1;
  bool quiet = false;
};

struct Imported {
  std::vector<Sample> samples;  // in the order of the classes and their files; label: index into the classes; no split
  std::vector<Rejected> rejected;
  PixelSums sums;  // of the images taken
};

// kIo where the destination cannot be written; what it holds by then stays.
[[nodiscard]] Result<Imported> import_images(const std::vector<ClassFolder>& classes, const ImportOptions& options);

}  // namespace checkbox::data
