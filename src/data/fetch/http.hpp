// One HTTP GET by libcurl, with limits and timeouts, redirects followed within http and https. What to do with an
// answer, and whether to ask again, is download.cpp's business. Thread-safe; one connection per call.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/result.hpp"

namespace checkbox::data {

inline constexpr int kMaxRedirects = 10;

struct ContentRange {  // "bytes <first>-<last>/<total>"
  std::uint64_t first = 0;
  std::optional<std::uint64_t> total;
};

struct HttpResponse {
  long status = 0;
  std::string etag;           // "" where the server sent none
  std::string last_modified;  // likewise
  std::optional<std::uint64_t> content_length;
  std::optional<ContentRange> content_range;
  long retry_after_s = 0;
};

struct HttpRequest {
  std::string url;
  std::uint64_t offset = 0;  // > 0: only the bytes from here on, if `if_range` still holds; otherwise all
  std::string if_range;
  std::string if_none_match;
  std::string if_modified_since;
  std::uint64_t max_bytes = 0;  // of the body
  int connect_timeout_ms = 0;
  int stall_timeout_s = 0;  // give up after so long without data
  // Called once before the body of a 200 or 206 answer, then for each piece of it. An error ends the transfer. Bodies
  // of other answers are thrown away.
  std::function<Status(const HttpResponse&)> begin;
  std::function<Status(std::span<const std::uint8_t>)> body;
};

struct HttpResult {
  HttpResponse response;
  std::optional<Error> failure;  // the answer did not arrive, or not whole
  bool worth_retrying = false;   // the failure may pass
};

[[nodiscard]] HttpResult http_get(const HttpRequest& request);

struct Url {
  std::string scheme;  // lower case
  std::string path;    // percent-decoded
  std::string shown;   // for messages: without user, password and query
};

// kInvalidArgument for what is not a URL or has a scheme other than http, https and file (on this machine).
[[nodiscard]] Result<Url> parse_url(const std::string& url);

}  // namespace checkbox::data
