// A download that is not complete: "<file>.part", and "<file>.part.json" with what the server said about the version
// that the bytes belong to, so that a later try goes on only with the same version. One owner at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "base/result.hpp"

namespace checkbox::data {

// What names one version of a file on a server.
struct VersionStamp {
  std::string etag;
  std::string last_modified;
  std::uint64_t bytes = 0;  // of the complete file; 0 where not known

  // For If-Range: a strong entity tag or else the date; "" where the server gave neither (RFC 9110, 13.1.5).
  [[nodiscard]] std::string validator() const;
};

// An unreadable stamp counts as none.
[[nodiscard]] VersionStamp read_stamp(const std::filesystem::path& file);
[[nodiscard]] Status write_stamp(const std::filesystem::path& file, const VersionStamp& stamp);

class PartFile {
 public:
  explicit PartFile(const std::filesystem::path& target);
  ~PartFile();
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  // Opens or makes the file. Bytes whose version is not known are dropped.
  [[nodiscard]] Status open();
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const VersionStamp& stamp() const { return stamp_; }

  // Empties the file and notes which version the bytes to come belong to.
  [[nodiscard]] Status restart(const VersionStamp& stamp);
  [[nodiscard]] Status append(std::span<const std::uint8_t> bytes);
  // Syncs, then gives the file its final name and the stamp beside it ("<file>.json").
  [[nodiscard]] Status complete();
  void remove();

 private:
  [[nodiscard]] Error failure(const char* action) const;

  std::filesystem::path target_;
  std::filesystem::path path_;
  std::filesystem::path stamp_path_;
  VersionStamp stamp_;
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace checkbox::data
