#include "data/prepare.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <system_error>
#include <tuple>

#include "base/files.hpp"
#include "data/dataset_files.hpp"
#include "data/fetch/download.hpp"
#include "data/fetch/http.hpp"
#include "data/fetch/unzip.hpp"
#include "data/files/staged_folder.hpp"
#include "data/import_images.hpp"
#include "data/scan.hpp"
#include "data/split.hpp"

namespace checkbox::data {
namespace {

namespace fs = std::filesystem;

// The reference's classes in the order of its label_mapping.json.
const std::vector<std::string> kReferenceLabels{"other", "checked", "unchecked"};

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool is_empty_folder(const fs::path& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored) && fs::is_empty(path, ignored);
}

// Absolute, links resolved, without a trailing separator.
Result<fs::path> resolve(const fs::path& path) {
  std::error_code failure;
  fs::path resolved = fs::weakly_canonical(fs::absolute(path, failure), failure);
  if (failure) return error(ErrorCode::kIo, "{}: {}", path.string(), failure.message());
  return resolved.has_filename() ? resolved : resolved.parent_path();
}

bool is_within(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

Status check_target(const fs::path& target, bool force) {
  if (!is_there(target) || is_empty_folder(target)) return {};
  if (!force) {
    return error(ErrorCode::kAlreadyExists, "{}: already exists; --force replaces a dataset folder", target.string());
  }
  if (is_there(target / kSplitsFile) || is_there(target / kLabelMappingFile)) return {};
  return error(ErrorCode::kAlreadyExists, "{}: not a dataset folder (no {} in it), so not even --force replaces it",
               target.string(), kSplitsFile);
}

// For messages: a URL without its secrets.
std::string shown(const std::string& source) {
  if (!is_url(source)) return source;
  const auto url = parse_url(source);
  return url.ok() ? url->shown : "source";
}

// Where the class folders are.
struct Source {
  fs::path root;
  bool ours = false;  // unpacked by us: files may be moved out of it
};

Result<Source> unpack(const fs::path& zip, const std::string& name, const fs::path& workspace, bool quiet) {
  if (!looks_like_zip(zip)) {
    return error(ErrorCode::kUnsupported, "{}: neither a folder nor a zip file", name);
  }
  const fs::path unpacked = workspace / "unpacked";
  CHECKBOX_CHECK(make_directories(unpacked));
  CHECKBOX_CHECK(unzip(zip, unpacked, {}, quiet));
  CHECKBOX_TRY(fs::path root, unwrap(unpacked));
  return Source{std::move(root), true};
}

Result<Source> open_source(const PrepareOptions& options, const fs::path& target, const fs::path& workspace) {
  fs::path path = options.source;
  if (is_url(options.source)) {
    if (auto local = path_of_file_url(options.source); local.ok()) {
      path = *std::move(local);
    } else {
      DownloadOptions download_options;
      download_options.quiet = options.quiet;
      CHECKBOX_TRY(path, download(options.source, download_options));
    }
  }
  if (!is_there(path)) return error(ErrorCode::kNotFound, "{}: no such file or folder", shown(options.source));
  CHECKBOX_TRY(const fs::path resolved, resolve(path));
  if (is_within(resolved, target)) {
    return error(ErrorCode::kInvalidArgument,
                 "{}: the source lies in the dataset folder that would be replaced; prepare into another folder",
                 shown(options.source));
  }
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) return unpack(path, shown(options.source), workspace, options.quiet);
  CHECKBOX_TRY(fs::path root, unwrap(resolved));
  return Source{std::move(root), false};
}

// Classes in the order of their indices, each with at least one file.
Result<std::vector<ClassFolder>> find_classes(const fs::path& root, const fs::path& target, const std::string& name) {
  CHECKBOX_TRY(auto classes, scan_classes(root));
  std::erase_if(classes, [&](const ClassFolder& folder) { return root / folder.name == target; });
  if (classes.size() < 2) {
    return error(ErrorCode::kInvalidArgument,
                 "{}: two or more class folders (such as checked, unchecked, other) expected, found {}", name,
                 describe_folder(root));
  }
  if (classes.size() > kMaxClasses) {
    return error(ErrorCode::kLimitExceeded, "{}: {} class folders; the limit is {}", name, classes.size(), kMaxClasses);
  }
  for (const auto& folder : classes) {
    if (!is_utf8(folder.name)) {
      return error(ErrorCode::kInvalidArgument, "{}: the name of class folder \"{}\" is not UTF-8", name, folder.name);
    }
    if (folder.files.empty()) {
      return error(ErrorCode::kInvalidArgument, "{}: class folder \"{}\" has no images", name, folder.name);
    }
  }
  std::set<std::string> names;
  for (const auto& folder : classes) names.insert(folder.name);
  if (names == std::set(kReferenceLabels.begin(), kReferenceLabels.end())) {
    std::ranges::sort(classes, {}, [](const ClassFolder& folder) {
      return std::ranges::find(kReferenceLabels, folder.name) - kReferenceLabels.begin();
    });
  }
  return classes;
}

Status check_no_class_lost(const std::vector<std::string>& labels, const std::vector<Sample>& samples,
                           const std::vector<Rejected>& rejected, const std::string& name) {
  std::vector<bool> seen(labels.size());
  for (const auto& sample : samples) seen[static_cast<std::size_t>(sample.label)] = true;
  for (std::size_t label = 0; label < labels.size(); ++label) {
    if (seen[label]) continue;
    const auto reason = std::ranges::find_if(
        rejected, [&](const Rejected& file) { return file.file.starts_with(labels[label] + "/"); });
    return error(ErrorCode::kInvalidArgument, "{}: class folder \"{}\" has no image that can be decoded{}", name,
                 labels[label],
                 reason == rejected.end() ? "" : fmt::format(" (the first: {}: {})", reason->file, reason->reason));
  }
  return {};
}

// Fills in the splits and sorts by class, split and name.
Status assign_splits(std::vector<Sample>& samples, const std::vector<std::string>& labels,
                     const PrepareOptions& options) {
  std::vector<int> label_of;
  for (const auto& sample : samples) label_of.push_back(sample.label);
  CHECKBOX_TRY(Assignment parts, options.folds > 0 ? split_by_folds(label_of, labels, options.folds, options.seed)
                                                   : split_by_ratios(label_of, labels, options.ratios, options.seed));
  for (std::size_t i = 0; i < samples.size(); ++i) samples[i].split = std::move(parts[i]);
  std::map<std::string, std::size_t> rank;
  for (const auto& name : part_names(options.folds)) rank.emplace(name, rank.size());
  std::ranges::stable_sort(samples, [&](const Sample& a, const Sample& b) {
    return std::tuple(a.label, rank.at(a.split)) < std::tuple(b.label, rank.at(b.split));
  });
  return {};
}

std::vector<std::string> notes_about(const fs::path& root) {
  std::vector<std::string> notes;
  auto loose = loose_files(root);
  if (std::erase(loose, kSplitsFile) > 0) {
    notes.push_back(fmt::format("the source's {} was not used: its images were split anew", kSplitsFile));
  }
  std::erase(loose, kLabelMappingFile);
  std::erase(loose, kStatisticsFile);
  if (!loose.empty()) {
    notes.push_back(fmt::format("{} file{} outside the class folders left out (the first: {})", loose.size(),
                                loose.size() == 1 ? "" : "s", loose.front()));
  }
  return notes;
}

}  // namespace

Result<PrepareReport> prepare(const PrepareOptions& options) {
  if (options.source.empty()) return error(ErrorCode::kInvalidArgument, "source: a URL, zip file or folder expected");
  if (options.dataset_dir.empty()) return error(ErrorCode::kInvalidArgument, "dataset folder: none given");
  if (options.folds == 0) CHECKBOX_CHECK(check_ratios(options.ratios));
  if (options.folds != 0) CHECKBOX_CHECK(check_folds(options.folds));
  CHECKBOX_TRY(const fs::path target, resolve(options.dataset_dir));
  CHECKBOX_CHECK(check_target(target, options.force));
  CHECKBOX_TRY(StagedFolder staged, StagedFolder::create(target));

  const std::string name = shown(options.source);
  CHECKBOX_TRY(const Source source, open_source(options, target, staged.path()));
  CHECKBOX_TRY(const auto classes, find_classes(source.root, target, name));
  std::vector<std::string> labels;
  for (const auto& folder : classes) labels.push_back(folder.name);
  const fs::path folder = staged.path() / "dataset";
  const ImportOptions import_options{source.root, source.ours, folder, options.threads, options.quiet};
  CHECKBOX_TRY(Imported images, import_images(classes, import_options));
  CHECKBOX_CHECK(check_no_class_lost(labels, images.samples, images.rejected, name));
  CHECKBOX_CHECK(assign_splits(images.samples, labels, options));
  CHECKBOX_TRY(const Statistics statistics, images.sums.statistics());

  CHECKBOX_CHECK(write_file(folder / kLabelMappingFile, format_label_mapping(labels)));
  CHECKBOX_CHECK(write_file(folder / kStatisticsFile, format_statistics(statistics)));
  CHECKBOX_CHECK(write_file(folder / kSplitsFile, format_splits(images.samples)));
  PrepareReport report;
  CHECKBOX_TRY(report.dataset, load_dataset(folder));  // what is handed over is what everybody will read
  report.notes = notes_about(source.root);
  report.rejected = std::move(images.rejected);
  CHECKBOX_CHECK(staged.publish(folder, options.force));
  report.dataset.folder = options.dataset_dir;
  return report;
}

}  // namespace checkbox::data
