// A folder made in private beside its final place and moved there when complete, so that at any moment the final name
// stands for a whole folder, old or new, or for nothing. Leftovers of killed processes are removed by the next one that
// stages the same folder; a lock tells them from the folders of processes still at work. One owner.
#pragma once

#include <filesystem>

#include "base/result.hpp"
#include "data/files/file_lock.hpp"

namespace checkbox::data {

class StagedFolder {
 public:
  // `target`: absolute, without a trailing separator. Makes its parents where they are missing.
  [[nodiscard]] static Result<StagedFolder> create(const std::filesystem::path& target);

  StagedFolder(StagedFolder&&) = default;
  StagedFolder& operator=(StagedFolder&&) = delete;
  ~StagedFolder();  // removes what was not published, and what a published folder replaced

  // An existing, empty folder on the target's file system.
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  // Syncs `inner`, a folder below path(), and gives it the target's name in one step. Without `replace`, fails with
  // kAlreadyExists where the target exists and is not an empty folder.
  [[nodiscard]] Status publish(const std::filesystem::path& inner, bool replace);

 private:
  StagedFolder(std::filesystem::path target, std::filesystem::path path, FileLock lock)
      : target_(std::move(target)), path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path target_;
  std::filesystem::path path_;
  FileLock lock_;
};

}  // namespace checkbox::data
