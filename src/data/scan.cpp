#include "data/scan.hpp"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

namespace checkbox::data {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxDescribedNames = 5;

struct Listing {
  std::vector<std::string> folders;  // sorted
  std::vector<std::string> files;    // sorted
};

// The entries of one folder, those that is_ignored_name names left out, and pipes, sockets and devices. A link counts
// as what it points at; one that points nowhere counts as a file, so that whoever reads it reports it.
Result<Listing> list(const fs::path& folder) {
  std::error_code failure;
  if (const auto status = fs::status(folder, failure); !fs::is_directory(status)) {
    return error(ErrorCode::kNotFound, "{}: {}", folder.string(),
                 fs::exists(status) ? "a folder expected, found a file" : "no such folder");
  }
  Listing listing;
  fs::directory_iterator entries(folder, failure);
  for (; !failure && entries != fs::directory_iterator(); entries.increment(failure)) {
    std::string name = entries->path().filename().string();
    if (is_ignored_name(name)) continue;
    std::error_code ignored;
    const fs::file_type type = entries->status(ignored).type();
    if (type == fs::file_type::directory) {
      listing.folders.push_back(std::move(name));
    } else if (type == fs::file_type::regular || type == fs::file_type::not_found) {
      listing.files.push_back(std::move(name));
    }
  }
  if (failure) return error(ErrorCode::kIo, "{}: cannot list the folder: {}", folder.string(), failure.message());
  std::ranges::sort(listing.folders);
  std::ranges::sort(listing.files);
  return listing;
}

// Adds the files below root/relative to `files`. Depth is bounded, so recursion is.
Status collect(const fs::path& root, const std::string& relative, int depth, std::vector<std::string>& files) {
  if (depth > kMaxScanDepth) {
    return error(ErrorCode::kLimitExceeded, "{}: folders nested deeper than {}", (root / relative).string(),
                 kMaxScanDepth);
  }
  CHECKBOX_TRY(const Listing listing, list(root / relative));
  for (const auto& name : listing.files) {
    if (files.size() == kMaxScanFiles) {
      return error(ErrorCode::kLimitExceeded, "{}: more than {} files", root.string(), kMaxScanFiles);
    }
    files.push_back(relative + "/" + name);
  }
  for (const auto& name : listing.folders) {
    const std::string below = relative + "/" + name;
    std::error_code ignored;
    if (fs::is_symlink(root / below, ignored)) continue;  // could lead in a circle
    CHECKBOX_CHECK(collect(root, below, depth + 1, files));
  }
  return {};
}

}  // namespace

bool is_ignored_name(const std::string& name) {
  return name.starts_with('.') || name == "__MACOSX" || name == "Thumbs.db" || name == "desktop.ini";
}

Result<std::vector<ClassFolder>> scan_classes(const fs::path& root) {
  CHECKBOX_TRY(Listing listing, list(root));
  std::vector<ClassFolder> classes;
  std::size_t count = 0;
  for (auto& name : listing.folders) {
    ClassFolder folder;
    CHECKBOX_CHECK(collect(root, name, 0, folder.files));
    count += folder.files.size();
    if (count > kMaxScanFiles) {
      return error(ErrorCode::kLimitExceeded, "{}: more than {} files", root.string(), kMaxScanFiles);
    }
    std::ranges::sort(folder.files);
    folder.name = std::move(name);
    classes.push_back(std::move(folder));
  }
  return classes;
}

std::vector<std::string> loose_files(const fs::path& root) {
  auto listing = list(root);
  return listing.ok() ? std::move(listing->files) : std::vector<std::string>();
}

Result<fs::path> unwrap(const fs::path& root) {
  fs::path inner = root;
  for (int depth = 0; depth < kMaxWrapperDepth; ++depth) {
    CHECKBOX_TRY(const Listing outside, list(inner));
    if (outside.folders.size() != 1) break;
    const fs::path candidate = inner / outside.folders.front();
    CHECKBOX_TRY(const Listing inside, list(candidate));
    if (inside.folders.empty()) break;
    inner = candidate;
  }
  return inner;
}

std::string describe_folder(const fs::path& root) {
  auto listing = list(root);
  if (!listing.ok()) return listing.error().message;
  const auto count = [](std::size_t n, std::string_view what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  auto& folders = listing->folders;
  std::string text = count(folders.size(), "folder");
  if (!folders.empty()) {
    const bool more = folders.size() > kMaxDescribedNames;
    folders.resize(std::min(folders.size(), kMaxDescribedNames));
    text += fmt::format(" ({}{})", fmt::join(folders, ", "), more ? ", ..." : "");
  }
  return text + " and " + count(listing->files.size(), "file");
}

bool has_image_extension(const fs::path& path) {
  constexpr std::array<std::string_view, 10> kExtensions{".png", ".jpg", ".jpeg", ".jpe", ".webp",
                                                         ".gif", ".bmp", ".dib",  ".tif", ".tiff"};
  std::string extension = path.extension().string();
  std::ranges::transform(extension, extension.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return std::ranges::find(kExtensions, extension) != kExtensions.end();
}

}  // namespace checkbox::data
