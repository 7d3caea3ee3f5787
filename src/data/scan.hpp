// Finds class folders and the files in them: what a dataset without splits.csv consists of, and what `prepare` starts
// from. Names that begin with a dot, __MACOSX and the file managers' Thumbs.db and desktop.ini are passed over.
// Stateless; results are sorted by name, whatever order the file system lists them in.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace checkbox::data {

inline constexpr int kMaxWrapperDepth = 4;
inline constexpr int kMaxScanDepth = 16;  // folders within a class folder
inline constexpr std::size_t kMaxScanFiles = 5'000'000;

// Whether a file or folder of this name is passed over.
[[nodiscard]] bool is_ignored_name(const std::string& name);

struct ClassFolder {
  std::string name;
  std::vector<std::string> files;  // all regular files, also deeper down; relative to the root, '/' as separator
};

// The subfolders of `root`. Links to files are followed, links to folders within a class are not. kNotFound where
// `root` is not a folder, kLimitExceeded above kMaxScanFiles or kMaxScanDepth, kIo where a folder cannot be listed.
[[nodiscard]] Result<std::vector<ClassFolder>> scan_classes(const std::filesystem::path& root);

// Files directly in `root`, sorted; none where it cannot be listed.
[[nodiscard]] std::vector<std::string> loose_files(const std::filesystem::path& root);

// `root`, or the folder that it merely wraps: as long as there is exactly one subfolder, and that has subfolders
// itself, it is entered, kMaxWrapperDepth times at most.
[[nodiscard]] Result<std::filesystem::path> unwrap(const std::filesystem::path& root);

// "3 files, no folders", "2 folders (a, b) and 1 file": for messages.
[[nodiscard]] std::string describe_folder(const std::filesystem::path& root);

// Whether the name ends, in any case, like those of image files.
[[nodiscard]] bool has_image_extension(const std::filesystem::path& path);

}  // namespace checkbox::data
