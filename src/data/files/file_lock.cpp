#include "data/files/file_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace checkbox::data {

Result<FileLock> FileLock::wait(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) {
    return error(ErrorCode::kIo, "{}: cannot create: {}", file.string(), std::generic_category().message(errno));
  }
  while (::flock(fd, LOCK_EX) != 0 && errno == EINTR) {
  }
  return FileLock(fd);
}

FileLock FileLock::try_folder(const std::filesystem::path& folder) {
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
  if (fd >= 0 && ::flock(fd, LOCK_EX | LOCK_NB) == 0) return FileLock(fd);
  if (fd >= 0) ::close(fd);
  return FileLock(-1);
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace checkbox::data
