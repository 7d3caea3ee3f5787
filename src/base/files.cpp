#include "base/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace checkbox {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }
  // close() reports delayed write errors on some file systems, so its result counts.
  [[nodiscard]] bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

Error system_error(const char* action, const std::filesystem::path& path, int number) {
  const ErrorCode code = number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
  return error(code, "{}: cannot {}: {}", path.string(), action, std::generic_category().message(number));
}

template <class Buffer>
Result<Buffer> read_whole(const std::filesystem::path& path, std::uint64_t max_bytes) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return system_error("open", path, errno);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error("read", path, errno);
  if (S_ISDIR(info.st_mode)) return system_error("read", path, EISDIR);
  const auto too_large = [&] {
    return error(ErrorCode::kLimitExceeded, "{}: larger than the limit of {} bytes", path.string(), max_bytes);
  };
  const auto expected = S_ISREG(info.st_mode) ? static_cast<std::uint64_t>(info.st_size) : 0;
  if (expected > max_bytes) return too_large();

  // Pipes and files under /proc have no size, and a regular file can grow: read until the end, one byte past the limit.
  Buffer content;
  content.resize(static_cast<std::size_t>(expected) + 1);
  std::size_t filled = 0;
  while (true) {
    if (filled == content.size()) {
      if (filled > max_bytes) return too_large();
      content.resize(
          static_cast<std::size_t>(std::min<std::uint64_t>(std::uint64_t{filled} * 2 + 4096, max_bytes + 1)));
    }
    const ssize_t count = ::read(file.get(), content.data() + filled, content.size() - filled);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("read", path, errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  if (filled > max_bytes) return too_large();
  content.resize(filled);
  return content;
}

Status write_all(Descriptor& file, const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
  if (::fsync(file.get()) != 0) return system_error("write", path, errno);
  if (!file.close()) return system_error("write", path, errno);
  return {};
}

void sync_folder_of(const std::filesystem::path& path) {
  const auto parent = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  Descriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems refuse to sync a folder; the rename itself has succeeded, so this is not an error.
  if (folder.get() >= 0) static_cast<void>(::fsync(folder.get()));
}

}  // namespace

Result<std::vector<std::uint8_t>> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  return read_whole<std::vector<std::uint8_t>>(path, max_bytes);
}

Result<std::string> read_text(const std::filesystem::path& path, std::uint64_t max_bytes) {
  return read_whole<std::string>(path, max_bytes);
}

Status write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes) {
  const auto temporary = temporary_name_for(path);
  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (file.get() < 0) return system_error("write", path, errno);
  Status status = write_all(file, path, bytes);
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) status = system_error("write", path, errno);
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  sync_folder_of(path);
  return {};
}

Status write_file(const std::filesystem::path& path, std::string_view text) {
  return write_file(path, std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
}

Status make_directories(const std::filesystem::path& path) {
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) return error(ErrorCode::kIo, "{}: cannot create the folder: {}", path.string(), failure.message());
  return {};
}

std::filesystem::path temporary_name_for(const std::filesystem::path& path) {
  static std::atomic<std::uint64_t> counter{0};
  return path.parent_path() / fmt::format(".{}.{}.{}.tmp", path.filename().string(), ::getpid(), counter++);
}

bool is_temporary_name(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  return name.size() > 5 && name.front() == '.' && name.ends_with(".tmp");
}

}  // namespace checkbox
