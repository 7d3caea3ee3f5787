// URL, zip or folder to dataset folder: fetch, unpack, check every image, split, measure, write. For `prepare`, and for
// `train` when the dataset folder does not exist yet. An interrupted run leaves no half-made dataset folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "data/dataset.hpp"

namespace checkbox::data {

struct PrepareOptions {
  std::string source;                         // URL, zip file or folder
  std::filesystem::path dataset_dir;          // made; may not exist (or only as an empty folder) unless force
  std::vector<double> ratios{0.6, 0.2, 0.2};  // train, valid, test: non-negative, sum 1
  int folds = 0;                              // > 0: stratified folds instead of ratios
  std::uint64_t seed = 17;
  bool force = false;  // replace an existing dataset folder (never a folder that is not one)
  int threads = 1;
  bool quiet = false;  // no progress
};

struct Rejected {
  std::string file;
  std::string reason;
};

struct PrepareReport {
  Dataset dataset;
  std::vector<Rejected> rejected;  // images left out because they do not decode
  std::vector<std::string> notes;  // what else the user should know, one sentence each
};

// Classes are the subfolders; where these are exactly checked, unchecked and other, their order is the reference's,
// else alphabetical. Equal sources, seeds and options give equal folders, whatever the number of threads. Errors:
// kInvalidArgument (options; a source without usable class folders, saying what was found), kAlreadyExists, and those
// of download and unzip.
[[nodiscard]] Result<PrepareReport> prepare(const PrepareOptions& options);

}  // namespace checkbox::data
