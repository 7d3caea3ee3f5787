// Unpacks a zip file that nobody vouches for: into one folder and nowhere else, files and folders only, within limits
// on what comes out. Reads with libarchive; nothing is kept in memory but one block. Thread-safe on different folders.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace checkbox::data {

struct UnzipLimits {
  std::uint64_t max_entries = 1'000'000;                      // files, folders and what is passed over
  std::uint64_t max_entry_bytes = std::uint64_t{256} << 20;   // of one file, unpacked
  std::uint64_t max_total_bytes = std::uint64_t{16} << 30;    // of all files, unpacked
  std::uint64_t max_ratio = 100;                              // unpacked to packed, of the whole,
  std::uint64_t ratio_free_bytes = std::uint64_t{256} << 20;  // once it exceeds this
};

// Unpacks into `folder`, which exists and is empty. Names is_ignored_name (scan.hpp) names are passed over, with what
// is below them. Names that are not UTF-8 are read as code page 437, as the zip specification says.
//
// kUnsupported for an encrypted entry or what is not a zip file; kCorrupt for a path that leaves the folder, a name
// that occurs twice, a link or device, a damaged file; kLimitExceeded over a limit; kIo. What was unpacked till then
// stays.
[[nodiscard]] Status unzip(const std::filesystem::path& zip, const std::filesystem::path& folder,
                           const UnzipLimits& limits = {}, bool quiet = true);

// Whether the file begins like a zip file, an empty one included.
[[nodiscard]] bool looks_like_zip(const std::filesystem::path& file);

// Code page 437, the original PC's, to UTF-8.
[[nodiscard]] std::string cp437_to_utf8(const std::string& text);

}  // namespace checkbox::data
