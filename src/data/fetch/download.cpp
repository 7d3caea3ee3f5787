#include "data/fetch/download.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>

#include "base/files.hpp"
#include "base/progress.hpp"
#include "base/sha256.hpp"
#include "data/fetch/http.hpp"
#include "data/fetch/part_file.hpp"
#include "data/files/file_lock.hpp"

namespace checkbox::data {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxTries = 100;  // even where each brings a few bytes
constexpr std::chrono::milliseconds kMaxWait{30'000};
constexpr std::size_t kMaxNameLength = 80;
constexpr std::size_t kHashBufferBytes = 64 << 10;
constexpr std::size_t kSha256Digits = 64;

// "<16 digits of the URL's hash>-<end of the URL's path>"
std::string cache_name(const std::string& url, const std::string& path) {
  Sha256 hash;
  hash.update(url);
  std::string name = path.substr(path.find_last_of('/') + 1);
  for (char& c : name) {
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
    if (!plain) c = '_';
  }
  if (name.size() > kMaxNameLength) name = name.substr(name.size() - kMaxNameLength);
  return fmt::format("{}-{}", hash.finish().substr(0, 16), name.empty() ? "download" : name);
}

Result<std::string> hash_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  Sha256 hash;
  std::array<char, kHashBufferBytes> buffer{};
  while (file.read(buffer.data(), buffer.size()) || file.gcount() > 0) {
    hash.update(std::string_view(buffer.data(), static_cast<std::size_t>(file.gcount())));
  }
  if (!file.eof()) return error(ErrorCode::kIo, "{}: cannot read", path.string());
  return hash.finish();
}

Result<std::string> checked_prefix(std::string prefix) {
  std::ranges::transform(prefix, prefix.begin(), [](char c) { return c >= 'A' && c <= 'F' ? char(c + 32) : c; });
  if (prefix.size() > kSha256Digits || prefix.find_first_not_of("0123456789abcdef") != std::string::npos) {
    return error(ErrorCode::kInvalidArgument, "SHA-256 prefix: up to {} hexadecimal digits expected, found \"{}\"",
                 kSha256Digits, prefix);
  }
  return prefix;
}

std::string_view status_text(long status) {
  switch (status) {
    case 401:
      return " Unauthorized";
    case 403:
      return " Forbidden";
    case 404:
      return " Not Found";
    case 410:
      return " Gone";
    case 429:
      return " Too Many Requests";
    case 500:
      return " Internal Server Error";
    case 503:
      return " Service Unavailable";
    default:
      return "";
  }
}

bool may_pass(long status) {
  constexpr std::array<long, 7> kPassing{408, 425, 429, 500, 502, 503, 504};
  return std::ranges::find(kPassing, status) != kPassing.end();
}

// One URL on its way into one file of the cache.
class Download {
 public:
  Download(const std::string& url, std::string shown, const DownloadOptions& options, std::string hash_prefix,
           fs::path target)
      : url_(url),
        shown_(std::move(shown)),
        options_(options),
        hash_prefix_(std::move(hash_prefix)),
        target_(std::move(target)),
        part_(target_),
        progress_("download " + target_.filename().string().substr(17), 0, options.quiet) {}

  Result<fs::path> run() {
    CHECKBOX_TRY(const bool cached, cached_file_is_right());
    if (cached) return target_;
    CHECKBOX_CHECK(part_.open());
    int failures = 0;
    std::uint64_t furthest = part_.size();
    for (int tries = 1;; ++tries) {
      const Outcome outcome = try_once();
      if (outcome.unchanged) {
        part_.remove();
        return target_;
      }
      if (!outcome.failure) break;
      if (outcome.begins_anew) furthest = 0;
      failures = part_.size() > furthest ? 1 : failures + 1;
      furthest = std::max(furthest, part_.size());
      if (!outcome.worth_retrying || failures >= options_.max_failures || tries == kMaxTries) {
        return give_up(*outcome.failure, tries);
      }
      progress_.update(part_.size(), outcome.failure->message + "; asking again");
      wait_before_retry(failures, outcome.retry_after_s);
    }
    progress_.finish(format_bytes(part_.size()));
    CHECKBOX_CHECK(part_.complete());
    return checked_result();
  }

 private:
  struct Outcome {
    std::optional<Error> failure = {};
    bool worth_retrying = false;
    bool unchanged = false;  // the copy in the cache is what the server has
    long retry_after_s = 0;
    bool begins_anew = false;  // the part file was of a version that is gone
  };

  // Without asking the server: only a hash can tell. A file in the cache that has another is removed.
  Result<bool> cached_file_is_right() {
    std::error_code ignored;
    if (!fs::is_regular_file(target_, ignored)) return false;
    cached_ = read_stamp(fs::path(target_) += ".json");
    if (cached_.bytes != fs::file_size(target_, ignored)) cached_ = {};
    if (hash_prefix_.empty()) return false;
    CHECKBOX_TRY(const std::string hash, hash_of(target_));
    if (hash.starts_with(hash_prefix_)) return true;
    remove_cached();
    return false;
  }

  void remove_cached() {
    std::error_code ignored;
    fs::remove(target_, ignored);
    fs::remove(fs::path(target_) += ".json", ignored);
    cached_ = {};
  }

  Outcome try_once() {
    bool obsolete = false;
    // Bytes of a version that the server did not name cannot be gone on from.
    if (part_.size() > 0 && part_.stamp().validator().empty()) {
      if (Status emptied = part_.restart({}); !emptied.ok()) return {std::move(emptied).error()};
    }
    HttpRequest request;
    request.url = url_;
    request.offset = part_.size();
    request.if_range = part_.stamp().validator();
    if (request.offset == 0) {
      request.if_none_match = cached_.etag;
      if (cached_.etag.empty()) request.if_modified_since = cached_.last_modified;
    }
    request.max_bytes = options_.max_bytes;
    request.connect_timeout_ms = static_cast<int>(options_.connect_timeout.count());
    request.stall_timeout_s = static_cast<int>(options_.stall_timeout.count());
    request.begin = [&](const HttpResponse& response) { return begin(response, obsolete); };
    request.body = [&](std::span<const std::uint8_t> bytes) { return take(bytes); };
    const HttpResult result = http_get(request);

    Outcome outcome{result.failure, result.worth_retrying, false, result.response.retry_after_s, false};
    const long status = result.response.status;
    if (obsolete || (status == 416 && request.offset > 0)) {
      const Status emptied = part_.restart({});
      outcome.failure = emptied.ok() ? error(ErrorCode::kIo, "the file changed on the server") : emptied.error();
      outcome.worth_retrying = emptied.ok();
      outcome.begins_anew = true;
    } else if (!outcome.failure && status == 304 && request.offset == 0) {
      outcome.unchanged = true;
    } else if (!outcome.failure && status != 200 && status != 206) {
      outcome.failure = error(status == 404 || status == 410 ? ErrorCode::kNotFound : ErrorCode::kIo,
                              "the server answered {}{}", status, status_text(status));
      outcome.worth_retrying = may_pass(status);
    } else if (!outcome.failure && total_ && part_.size() != *total_) {
      outcome.failure = error(ErrorCode::kIo, "{} of {} bytes arrived", part_.size(), *total_);
      outcome.worth_retrying = true;
    }
    return outcome;
  }

  // Decides whether the body to come goes on from where the part file ends. `obsolete`: it belongs to neither.
  Status begin(const HttpResponse& response, bool& obsolete) {
    const VersionStamp stamp{response.etag, response.last_modified, 0};
    if (response.status == 206) {
      total_ = response.content_range ? response.content_range->total : std::nullopt;
      obsolete = !response.content_range || response.content_range->first != part_.size() ||
                 (!stamp.validator().empty() && stamp.validator() != part_.stamp().validator());
      if (obsolete) return error(ErrorCode::kIo, "the server sent another part than asked for");
    } else {
      total_ = response.content_length;
      CHECKBOX_CHECK(part_.restart(stamp));
    }
    if (total_ && *total_ > options_.max_bytes) return too_large();
    progress_.set_total(total_.value_or(0));
    return {};
  }

  Status take(std::span<const std::uint8_t> bytes) {
    if (bytes.size() > options_.max_bytes - std::min(options_.max_bytes, part_.size())) return too_large();
    CHECKBOX_CHECK(part_.append(bytes));
    progress_.update(part_.size(), format_bytes(part_.size()));
    return {};
  }

  [[nodiscard]] Error too_large() const {
    return error(ErrorCode::kLimitExceeded, "larger than the limit of {} bytes", options_.max_bytes);
  }

  Error give_up(const Error& failure, int tries) {
    std::string message = shown_ + ": " + failure.message;
    if (tries > 1) message += fmt::format(" (tried {} times)", tries);
    const bool kept = failure.code == ErrorCode::kIo && part_.size() > 0 && !part_.stamp().validator().empty();
    if (kept) {
      message += fmt::format("; the next try goes on from {}", format_bytes(part_.size()));
    } else {
      part_.remove();
    }
    return Error{failure.code, std::move(message)};
  }

  void wait_before_retry(int failures, long retry_after_s) {
    auto wait = options_.first_wait * (std::int64_t{1} << std::min(failures - 1, 20));
    wait = std::max<std::chrono::milliseconds>(wait, std::chrono::seconds(std::clamp(retry_after_s, 0L, 3600L)));
    std::this_thread::sleep_for(std::min(wait, kMaxWait));
  }

  Result<fs::path> checked_result() {
    if (hash_prefix_.empty()) return target_;
    CHECKBOX_TRY(const std::string hash, hash_of(target_));
    if (hash.starts_with(hash_prefix_)) return target_;
    remove_cached();
    return error(ErrorCode::kCorrupt, "{}: SHA-256 beginning with {} expected, found {}", shown_, hash_prefix_, hash);
  }

  const std::string& url_;
  std::string shown_;
  const DownloadOptions& options_;
  std::string hash_prefix_;
  fs::path target_;
  PartFile part_;
  Progress progress_;
  VersionStamp cached_;                 // of the complete file in the cache, where there is one
  std::optional<std::uint64_t> total_;  // bytes of the whole file, as the last answer says
};

Result<fs::path> local_file(const Url& url, const DownloadOptions& options, const std::string& hash_prefix) {
  std::error_code failure;
  if (!fs::is_regular_file(url.path, failure)) {
    return error(ErrorCode::kNotFound, "{}: no such file", url.shown);
  }
  if (fs::file_size(url.path, failure) > options.max_bytes) {
    return error(ErrorCode::kLimitExceeded, "{}: larger than the limit of {} bytes", url.shown, options.max_bytes);
  }
  if (!hash_prefix.empty()) {
    CHECKBOX_TRY(const std::string hash, hash_of(url.path));
    if (!hash.starts_with(hash_prefix)) {
      return error(ErrorCode::kCorrupt, "{}: SHA-256 beginning with {} expected, found {}", url.shown, hash_prefix,
                   hash);
    }
  }
  return fs::path(url.path);
}

}  // namespace

Result<fs::path> default_cache_dir() {
  // The XDG base directory specification has relative paths ignored.
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && cache[0] == '/') {
    return fs::path(cache) / "checkbox";
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && home[0] == '/') {
    return fs::path(home) / ".cache" / "checkbox";
  }
  return error(ErrorCode::kNotFound, "no folder for downloads: neither XDG_CACHE_HOME nor HOME is an absolute path");
}

bool is_url(const std::string& source) {
  const std::size_t end = source.find("://");
  return end != std::string::npos && end > 0 && std::ranges::all_of(source.substr(0, end), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
         });
}

Result<fs::path> path_of_file_url(const std::string& url) {
  CHECKBOX_TRY(const Url parsed, parse_url(url));
  if (parsed.scheme != "file") {
    return error(ErrorCode::kInvalidArgument, "{}: a file:// URL expected", parsed.shown);
  }
  return fs::path(parsed.path);
}

Result<fs::path> download(const std::string& url, const DownloadOptions& options) {
  CHECKBOX_TRY(const Url parsed, parse_url(url));
  CHECKBOX_TRY(std::string hash_prefix, checked_prefix(options.sha256_prefix));
  if (parsed.scheme == "file") return local_file(parsed, options, hash_prefix);
  fs::path folder = options.cache_dir;
  if (folder.empty()) {
    CHECKBOX_TRY(folder, default_cache_dir());
  }
  CHECKBOX_CHECK(make_directories(folder));
  const fs::path target = folder / cache_name(url, parsed.path);
  CHECKBOX_TRY(const FileLock lock, FileLock::wait(fs::path(target) += ".lock"));
  return Download(url, parsed.shown, options, std::move(hash_prefix), target).run();
}

}  // namespace checkbox::data
