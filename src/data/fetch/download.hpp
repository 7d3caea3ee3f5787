// Fetches a URL into the cache: resumes what an earlier try left, asks again when the network fails for a moment, and
// does not fetch again what the server says has not changed. Processes that want the same URL wait for each other.
// Thread-safe. For `prepare`, `train` and the weights of pretrained networks.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.hpp"

namespace checkbox::data {

struct DownloadOptions {
  std::filesystem::path cache_dir;                    // empty: default_cache_dir()
  std::string sha256_prefix;                          // hexadecimal digits the file's hash must begin with; "": any
  std::uint64_t max_bytes = std::uint64_t{4} << 30;   // of the file
  int max_failures = 5;                               // in a row, none of which brought a byte
  std::chrono::milliseconds first_wait{500};          // before asking again; doubles each time
  std::chrono::milliseconds connect_timeout{20'000};  // of one try
  std::chrono::seconds stall_timeout{60};             // without any data
  bool quiet = false;                                 // no progress
};

// $XDG_CACHE_HOME/checkbox or ~/.cache/checkbox. kNotFound where neither variable is set.
[[nodiscard]] Result<std::filesystem::path> default_cache_dir();

// Whether `source` is meant as a URL: "<letters>://...".
[[nodiscard]] bool is_url(const std::string& source);

// The complete file, in the cache under a name of its own that ends like the URL; a file:// URL's file itself. Errors
// name the URL without user, password and query: kInvalidArgument, kNotFound (404, 410), kLimitExceeded, kCorrupt
// (another hash; nothing is kept), kIo. After kIo what has arrived is kept and the next call goes on from there.
[[nodiscard]] Result<std::filesystem::path> download(const std::string& url, const DownloadOptions& options = {});

// The path that a file:// URL names.
[[nodiscard]] Result<std::filesystem::path> path_of_file_url(const std::string& url);

}  // namespace checkbox::data
