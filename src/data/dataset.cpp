#include "data/dataset.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <span>
#include <string_view>
#include <system_error>

#include "base/files.hpp"
#include "data/dataset_files.hpp"
#include "data/scan.hpp"
#include "image/decode.hpp"

namespace checkbox::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxNamedMissing = 5;
constexpr std::size_t kSniffBytes = 64;  // enough for every format's signature
constexpr const char* kWholeSplit = "all";

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

Result<std::vector<std::string>> load_labels(const fs::path& file) {
  CHECKBOX_TRY(const std::string text, read_text(file, kMaxJsonBytes));
  return parse_label_mapping(text, file.string());
}

Status check_files_exist(const fs::path& folder, const std::vector<SplitRow>& rows) {
  std::string named;
  std::size_t missing = 0;
  for (const auto& row : rows) {
    std::error_code ignored;
    if (fs::is_regular_file(folder / row.sample.file, ignored)) continue;
    if (++missing <= kMaxNamedMissing) named += fmt::format("\n  line {}: {}", row.line, row.sample.file);
  }
  if (missing == 0) return {};
  if (missing > kMaxNamedMissing) named += fmt::format("\n  and {} more", missing - kMaxNamedMissing);
  return error(ErrorCode::kNotFound, "{}: {} of the {} images listed {} missing:{}", (folder / kSplitsFile).string(),
               missing, rows.size(), missing == 1 ? "is" : "are", named);
}

Status load_listed(Dataset& dataset) {
  const fs::path mapping = dataset.folder / kLabelMappingFile;
  if (!is_there(mapping)) {
    return error(ErrorCode::kNotFound, "{}: missing; {} cannot be read without it", mapping.string(), kSplitsFile);
  }
  CHECKBOX_TRY(dataset.labels, load_labels(mapping));
  const fs::path splits = dataset.folder / kSplitsFile;
  CHECKBOX_TRY(const std::string text, read_text(splits, kMaxSplitsBytes));
  CHECKBOX_TRY(auto rows, parse_splits(text, splits.string(), dataset.labels));
  if (rows.empty()) return error(ErrorCode::kCorrupt, "{}: a header and no rows", splits.string());
  CHECKBOX_CHECK(check_files_exist(dataset.folder, rows));
  dataset.samples.reserve(rows.size());
  for (auto& row : rows) dataset.samples.push_back(std::move(row.sample));
  return {};
}

// A note or a list beside the images is not a sample; a damaged image is one, and whoever decodes it reports it.
bool is_meant_as_image(const fs::path& path) {
  if (has_image_extension(path)) return true;
  std::array<char, kSniffBytes> head{};
  std::ifstream file(path, std::ios::binary);
  file.read(head.data(), head.size());
  const auto bytes =
      std::span(reinterpret_cast<const std::uint8_t*>(head.data()), static_cast<std::size_t>(file.gcount()));
  return image::detect_format(bytes).ok();
}

Status load_class_folders(Dataset& dataset) {
  CHECKBOX_TRY(const auto classes, scan_classes(dataset.folder));
  if (classes.empty()) {
    return error(ErrorCode::kNotFound, "{}: neither {} nor class folders (such as checked, unchecked, other); found {}",
                 dataset.folder.string(), kSplitsFile, describe_folder(dataset.folder));
  }
  if (const fs::path mapping = dataset.folder / kLabelMappingFile; is_there(mapping)) {
    CHECKBOX_TRY(dataset.labels, load_labels(mapping));
  } else {
    if (classes.size() > kMaxClasses) {
      return error(ErrorCode::kLimitExceeded, "{}: {} class folders; the limit is {}", dataset.folder.string(),
                   classes.size(), kMaxClasses);
    }
    for (const auto& folder : classes) dataset.labels.push_back(folder.name);
  }
  for (const auto& folder : classes) {
    const auto label = std::ranges::find(dataset.labels, folder.name);
    if (label == dataset.labels.end()) {
      return error(ErrorCode::kCorrupt, "{}: folder \"{}\" is not among the classes in {}", dataset.folder.string(),
                   folder.name, kLabelMappingFile);
    }
    for (const auto& file : folder.files) {
      if (!is_meant_as_image(dataset.folder / file)) continue;
      dataset.samples.push_back({file, static_cast<int>(label - dataset.labels.begin()), kWholeSplit});
    }
  }
  if (dataset.samples.empty()) {
    return error(ErrorCode::kNotFound, "{}: no images in its class folders; found {}", dataset.folder.string(),
                 describe_folder(dataset.folder));
  }
  return {};
}

}  // namespace

std::vector<Sample> Dataset::split(const std::string& name) const {
  std::vector<Sample> selected;
  std::ranges::copy_if(samples, std::back_inserter(selected), [&](const Sample& s) { return s.split == name; });
  return selected;
}

Result<Dataset> load_dataset(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    return error(ErrorCode::kNotFound, "{}: {}", folder.string(),
                 is_there(folder) ? "a dataset folder expected, found a file" : "no such dataset folder");
  }
  Dataset dataset;
  dataset.folder = folder;
  CHECKBOX_CHECK(is_there(folder / kSplitsFile) ? load_listed(dataset) : load_class_folders(dataset));
  if (const fs::path statistics = folder / kStatisticsFile; is_there(statistics)) {
    CHECKBOX_TRY(const std::string text, read_text(statistics, kMaxJsonBytes));
    CHECKBOX_TRY(dataset.statistics, parse_statistics(text, statistics.string()));
  }
  return dataset;
}

}  // namespace checkbox::data
