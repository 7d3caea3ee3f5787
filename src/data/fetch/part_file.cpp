#include "data/fetch/part_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/files.hpp"
#include "base/json.hpp"

namespace checkbox::data {
namespace {

constexpr std::uint64_t kMaxStampBytes = 64 << 10;

std::filesystem::path with_suffix(std::filesystem::path path, const char* suffix) {
  return path += suffix;
}

}  // namespace

std::string VersionStamp::validator() const {
  if (!etag.empty() && !etag.starts_with("W/")) return etag;
  return last_modified;
}

VersionStamp read_stamp(const std::filesystem::path& file) {
  const auto text = read_text(file, kMaxStampBytes);
  if (!text.ok()) return {};
  const auto document = parse_json(*text, file.string());
  if (!document.ok() || !document->is_object()) return {};
  const auto text_of = [&](const char* key) {
    const auto found = document->find(key);
    return found != document->end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  VersionStamp stamp{text_of("etag"), text_of("last_modified"), 0};
  if (const auto bytes = document->find("bytes"); bytes != document->end() && bytes->is_number_unsigned()) {
    stamp.bytes = bytes->get<std::uint64_t>();
  }
  return stamp;
}

Status write_stamp(const std::filesystem::path& file, const VersionStamp& stamp) {
  const OrderedJson document{{"etag", stamp.etag}, {"last_modified", stamp.last_modified}, {"bytes", stamp.bytes}};
  return write_file(file, document.dump(-1, ' ', true, OrderedJson::error_handler_t::replace));
}

PartFile::PartFile(const std::filesystem::path& target)
    : target_(target), path_(with_suffix(target, ".part")), stamp_path_(with_suffix(target, ".part.json")) {}

PartFile::~PartFile() {
  if (fd_ >= 0) ::close(fd_);
}

Error PartFile::failure(const char* action) const {
  return error(ErrorCode::kIo, "{}: cannot {}: {}", path_.string(), action, std::generic_category().message(errno));
}

Status PartFile::open() {
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (fd_ < 0) return failure("write");
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return failure("read");
  size_ = static_cast<std::uint64_t>(info.st_size);
  stamp_ = read_stamp(stamp_path_);
  if (size_ > 0 && stamp_.validator().empty()) return restart({});
  return {};
}

Status PartFile::restart(const VersionStamp& stamp) {
  if (::ftruncate(fd_, 0) != 0) return failure("truncate");
  size_ = 0;
  stamp_ = stamp;
  return write_stamp(stamp_path_, stamp);
}

Status PartFile::append(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd_, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure("write");
    bytes = bytes.subspan(static_cast<std::size_t>(count));
    size_ += static_cast<std::uint64_t>(count);
  }
  return {};
}

Status PartFile::complete() {
  if (::fsync(fd_) != 0) return failure("write");
  if (::close(std::exchange(fd_, -1)) != 0) return failure("write");
  // The new file under its name with the old stamp is fetched again next time; the other order would pass off an old
  // file as the new version.
  if (::rename(path_.c_str(), target_.c_str()) != 0) return failure("rename");
  stamp_.bytes = size_;
  CHECKBOX_CHECK(write_stamp(with_suffix(target_, ".json"), stamp_));
  ::unlink(stamp_path_.c_str());
  return {};
}

void PartFile::remove() {
  ::unlink(path_.c_str());
  ::unlink(stamp_path_.c_str());
}

}  // namespace checkbox::data
