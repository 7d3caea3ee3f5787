#include "data/files/staged_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>
#include <vector>

#include "base/files.hpp"

namespace checkbox::data {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxTries = 10;

Error system_error(const char* action, const fs::path& path) {
  return error(ErrorCode::kIo, "{}: cannot {}: {}", path.string(), action, std::generic_category().message(errno));
}

void remove_leftovers(const fs::path& target) {
  const std::string prefix = "." + target.filename().string() + ".";
  std::vector<fs::path> leftovers;
  std::error_code ignored;
  for (fs::directory_iterator at(target.parent_path(), ignored), end; at != end && !ignored; at.increment(ignored)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with(prefix) && is_temporary_name(name)) leftovers.push_back(at->path());
  }
  for (const auto& path : leftovers) {
    if (FileLock::try_folder(path).held()) fs::remove_all(path, ignored);
  }
}

// All files of the file system that `folder` is on; a file system that cannot is one that syncs by itself.
void sync_file_system(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  static_cast<void>(::syncfs(fd));
  ::close(fd);
}

void sync_folder(const fs::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  static_cast<void>(::fsync(fd));
  ::close(fd);
}

// For file systems that cannot exchange two names: for a moment the target's name stands for nothing. The old folder
// goes to a name that no leftovers' cleaner touches until the new one is in place.
Status replace_in_two_steps(const fs::path& inner, const fs::path& target) {
  const fs::path old = target.string() + fmt::format(".replaced-{}", ::getpid());
  if (::rename(target.c_str(), old.c_str()) != 0) return system_error("move aside", target);
  if (::rename(inner.c_str(), target.c_str()) != 0) {
    const Error failure = system_error("put in place", target);
    ::rename(old.c_str(), target.c_str());
    return failure;
  }
  std::error_code ignored;
  fs::remove_all(old, ignored);
  return {};
}

}  // namespace

Result<StagedFolder> StagedFolder::create(const fs::path& target) {
  CHECKBOX_CHECK(make_directories(target.parent_path()));
  remove_leftovers(target);
  for (int i = 0; i < kMaxTries; ++i) {
    const fs::path path = temporary_name_for(target);
    std::error_code failure;
    if (!fs::create_directory(path, failure)) {
      if (!failure) continue;  // a leftover of a process with our number, whose file system has no locks
      return error(ErrorCode::kIo, "{}: cannot create a folder beside it: {}", target.string(), failure.message());
    }
    FileLock lock = FileLock::try_folder(path);
    // Between the two calls another process may have taken it for a leftover.
    if (fs::exists(path, failure)) return StagedFolder(target, path, std::move(lock));
  }
  return error(ErrorCode::kIo, "{}: cannot create a folder beside it", target.string());
}

StagedFolder::~StagedFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Status StagedFolder::publish(const fs::path& inner, bool replace) {
  sync_file_system(inner);
  // rename() puts a folder over an empty one, but over nothing else.
  if (::rename(inner.c_str(), target_.c_str()) != 0) {
    const bool occupied = errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR;
    if (!occupied) return system_error("put in place", target_);
    if (!replace) return error(ErrorCode::kAlreadyExists, "{}: already exists", target_.string());
    if (::renameat2(AT_FDCWD, inner.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE) != 0) {
      if (errno != EINVAL && errno != ENOSYS) return system_error("replace", target_);
      CHECKBOX_CHECK(replace_in_two_steps(inner, target_));
    }
  }
  sync_folder(target_.parent_path());
  return {};
}

}  // namespace checkbox::data
