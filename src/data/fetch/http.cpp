#include "data/fetch/http.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string_view>

namespace checkbox::data {
namespace {

constexpr const char* kUserAgent = "checkbox-classifier";
constexpr long kMinBytesPerSecond = 1;
constexpr std::uint64_t kMaxIgnoredBytes = std::uint64_t{1} << 20;  // of an error page

struct CurlCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  void operator()(char* text) const { curl_free(text); }
};
template <class T>
using CurlPointer = std::unique_ptr<T, CurlCleanup>;

bool start_curl() {
  static std::once_flag once;
  static CURLcode result = CURLE_FAILED_INIT;
  std::call_once(once, [] { result = curl_global_init(CURL_GLOBAL_DEFAULT); });
  return result == CURLE_OK;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (text.empty() || failure != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::optional<ContentRange> parse_content_range(std::string_view text) {
  if (!text.starts_with("bytes ")) return std::nullopt;
  text.remove_prefix(6);
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) return std::nullopt;
  const auto first = parse_number(text.substr(0, dash));
  if (!first) return std::nullopt;
  return ContentRange{*first, parse_number(text.substr(slash + 1))};
}

// What the callbacks of one transfer share.
struct Transfer {
  const HttpRequest& request;
  CURL* handle;
  HttpResponse response;
  bool begun = false;
  std::uint64_t received = 0;
  std::optional<Error> failure;

  void take_header(std::string_view line) {
    if (line.starts_with("HTTP/")) {  // of this answer or of one more after a redirect
      response = {};
      return;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    std::string key(trim(line.substr(0, colon)));
    std::ranges::transform(key, key.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    const std::string_view value = trim(line.substr(colon + 1));
    if (key == "etag") response.etag = value;
    if (key == "last-modified") response.last_modified = value;
    if (key == "content-range") response.content_range = parse_content_range(value);
    if (key == "content-length") response.content_length = parse_number(value);
  }

  Status begin_once() {
    if (begun) return {};
    begun = true;
    return request.begin(response);
  }

  Status take_body(std::span<const std::uint8_t> bytes) {
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &response.status);
    received += bytes.size();
    if (response.status != 200 && response.status != 206) {
      if (received <= kMaxIgnoredBytes) return {};
      return error(ErrorCode::kIo, "status {} with a body over {} bytes", response.status, kMaxIgnoredBytes);
    }
    if (received > request.max_bytes) {
      return error(ErrorCode::kLimitExceeded, "larger than the limit of {} bytes", request.max_bytes);
    }
    CHECKBOX_CHECK(begin_once());
    return request.body(bytes);
  }
};

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  static_cast<Transfer*>(user)->take_header({data, size * count});
  return size * count;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  Status status = transfer.take_body({reinterpret_cast<const std::uint8_t*>(data), size * count});
  if (status.ok()) return size * count;
  transfer.failure = std::move(status).error();
  return 0;
}

bool may_pass(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

CurlPointer<curl_slist> make_headers(const HttpRequest& request) {
  CurlPointer<curl_slist> headers;
  const auto add = [&headers](const char* name, const std::string& value) {
    if (value.empty()) return;
    curl_slist* const longer = curl_slist_append(headers.get(), fmt::format("{}: {}", name, value).c_str());
    if (longer == nullptr) return;
    static_cast<void>(headers.release());
    headers.reset(longer);
  };
  if (request.offset > 0) add("If-Range", request.if_range);
  add("If-None-Match", request.if_none_match);
  add("If-Modified-Since", request.if_modified_since);
  return headers;
}

void set_options(CURL* handle, const HttpRequest& request, Transfer& transfer, curl_slist* headers,
                 char* error_buffer) {
  const bool secure = request.url.size() >= 6 && (request.url[4] == 's' || request.url[4] == 'S');
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, static_cast<long>(kMaxRedirects));
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, kUserAgent);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, error_buffer);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout_ms));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, kMinBytesPerSecond);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.stall_timeout_s));
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  if (request.offset > 0) curl_easy_setopt(handle, CURLOPT_RANGE, fmt::format("{}-", request.offset).c_str());
}

}  // namespace

HttpResult http_get(const HttpRequest& request) {
  HttpResult result;
  const CurlPointer<CURL> handle(start_curl() ? curl_easy_init() : nullptr);
  if (handle == nullptr) {
    result.failure = error(ErrorCode::kInternal, "libcurl cannot be started");
    return result;
  }
  Transfer transfer{request, handle.get(), {}, false, 0, std::nullopt};
  const auto headers = make_headers(request);
  char error_buffer[CURL_ERROR_SIZE] = "";
  set_options(handle.get(), request, transfer, headers.get(), error_buffer);
  const CURLcode code = curl_easy_perform(handle.get());

  result.response = transfer.response;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &result.response.status);
  curl_off_t retry_after_s = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RETRY_AFTER, &retry_after_s);
  result.response.retry_after_s = static_cast<long>(retry_after_s);
  if (transfer.failure) {
    result.failure = std::move(transfer.failure);
  } else if (code != CURLE_OK) {
    const char* const reason = error_buffer[0] != '\0' ? error_buffer : curl_easy_strerror(code);
    result.failure = error(ErrorCode::kIo, "{}", reason);
    result.worth_retrying = may_pass(code);
  } else if (result.response.status == 200 || result.response.status == 206) {
    transfer.response.status = result.response.status;
    if (Status begun = transfer.begin_once(); !begun.ok()) result.failure = std::move(begun).error();  // no body
  }
  return result;
}

Result<Url> parse_url(const std::string& url) {
  const CurlPointer<CURLU> parsed(curl_url());
  const auto part = [&parsed](CURLUPart which, unsigned flags) {
    char* text = nullptr;
    if (parsed == nullptr || curl_url_get(parsed.get(), which, &text, flags) != CURLUE_OK) return std::string();
    const CurlPointer<char> owned(text);
    return std::string(text);
  };
  const std::size_t scheme_end = url.find("://");
  if (scheme_end != std::string::npos) {
    const std::string_view scheme = std::string_view(url).substr(0, scheme_end);
    const auto is = [scheme](std::string_view name) {
      return std::ranges::equal(scheme, name, {}, [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
    };
    if (!is("http") && !is("https") && !is("file")) {
      return error(ErrorCode::kInvalidArgument, "{}: http, https or file expected, found {}",
                   url.substr(0, scheme_end) + "://...", scheme);
    }
  }
  if (scheme_end == std::string::npos || parsed == nullptr ||
      curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) {
    return error(ErrorCode::kInvalidArgument, "{}: not a well-formed URL", url.substr(0, url.find_first_of("?#@")));
  }
  Url result{part(CURLUPART_SCHEME, 0), part(CURLUPART_PATH, CURLU_URLDECODE), {}};
  if (result.path.empty()) return error(ErrorCode::kInvalidArgument, "{}: its path cannot be decoded", url);
  for (const CURLUPart secret : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT}) {
    curl_url_set(parsed.get(), secret, nullptr, 0);
  }
  result.shown = part(CURLUPART_URL, 0);
  return result;
}

}  // namespace checkbox::data
