// Reading and writing whole files. What is written appears under its name complete and synced, or not at all.
// All functions are safe to call from several threads on different paths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace checkbox {

// Default limit of read_file: nothing we read whole (images, models, CSV, JSON) is larger than this.
inline constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;

// kNotFound, kIo (also for a folder), or kLimitExceeded before any memory is taken.
[[nodiscard]] Result<std::vector<std::uint8_t>> read_file(const std::filesystem::path& path,
                                                          std::uint64_t max_bytes = kMaxFileBytes);
[[nodiscard]] Result<std::string> read_text(const std::filesystem::path& path, std::uint64_t max_bytes = kMaxFileBytes);

// Writes to a temporary name beside the target, syncs, renames, syncs the folder. On failure (disk full, folder not
// writable) the old file is untouched, the temporary one is gone and the error is kIo.
[[nodiscard]] Status write_file(const std::filesystem::path& path, std::span<const std::uint8_t> bytes);
[[nodiscard]] Status write_file(const std::filesystem::path& path, std::string_view text);

// Like std::filesystem::create_directories, with an error that names the path.
[[nodiscard]] Status make_directories(const std::filesystem::path& path);

// The name under which write_file prepares `path`: ".<name>.<pid>.<counter>.tmp" in the same folder. Leftovers of a
// killed process match is_temporary_name.
[[nodiscard]] std::filesystem::path temporary_name_for(const std::filesystem::path& path);
[[nodiscard]] bool is_temporary_name(const std::filesystem::path& path);

}  // namespace checkbox
