// Advisory locks between processes (flock): they end with the process that holds them, however it ends.
#pragma once

#include <filesystem>

#include "base/result.hpp"

namespace checkbox::data {

// Holds the lock of one file or folder until destroyed. Movable; one owner.
class FileLock {
 public:
  // Waits for the lock on `file`, which is made where it is missing. kIo where it cannot be made; a file system without
  // locks gives a lock that locks nothing.
  [[nodiscard]] static Result<FileLock> wait(const std::filesystem::path& file);
  // The lock on an existing folder, or one for which held() is false because somebody else has it, the folder is gone
  // or the file system has no locks.
  [[nodiscard]] static FileLock try_folder(const std::filesystem::path& folder);

  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

  [[nodiscard]] bool held() const { return fd_ >= 0; }

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace checkbox::data
