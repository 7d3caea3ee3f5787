// A strict reader of zip archives whose records are stored uncompressed, as torch.save writes them: spans of the file,
// nothing is copied. It trusts the central directory, checks the local headers against it and refuses records that
// overlap. Zip64 is read. Thread-safe once parsed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>

#include "base/result.hpp"

namespace checkbox::weights {

inline constexpr std::uint64_t kMaxZipRecords = 100'000;

struct ZipRecord {
  std::span<const std::uint8_t> bytes;
  std::uint32_t crc32 = 0;
};

class ZipArchive {
 public:
  // `bytes` must outlive the result. kCorrupt where sizes, offsets or headers contradict each other, kUnsupported for
  // compressed, encrypted or split archives.
  [[nodiscard]] static Result<ZipArchive> parse(std::span<const std::uint8_t> bytes, std::string_view name);

  // By path in the archive.
  [[nodiscard]] const std::map<std::string_view, ZipRecord>& records() const { return records_; }

 private:
  std::map<std::string_view, ZipRecord> records_;
};

// kCorrupt where the bytes are not those whose checksum the archive has. O(bytes).
[[nodiscard]] Status check_crc32(const ZipRecord& record, std::string_view name);

}  // namespace checkbox::weights
