// What a function that can fail gives back: a value or an Error. Used by the installed API and by every room inside.
// The library never prints, throws, exits or aborts on bad input; it returns one of these. Holds no shared state.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace checkbox {

enum class ErrorCode {
  kInvalidArgument,  // the caller's value cannot be used
  kNotFound,         // a file, key or tensor that should be there is not
  kAlreadyExists,    // would overwrite something
  kCorrupt,          // the bytes are not what their format says
  kUnsupported,      // well formed, but not something we handle
  kLimitExceeded,    // larger than a limit; the message names the limit
  kIo,               // the operating system or the network refused
  kCancelled,        // stopped on request
  kInternal,         // our own mistake
};

// The message names the input (file, key, option), what was found and what was expected.
struct Error {
  ErrorCode code;
  std::string message;
};

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: meant to convert
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: meant to convert

  [[nodiscard]] bool ok() const { return content_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Only when ok(); otherwise std::bad_variant_access.
  T& value() & { return std::get<0>(content_); }
  const T& value() const& { return std::get<0>(content_); }
  T&& value() && { return std::get<0>(std::move(content_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Only when not ok().
  [[nodiscard]] const Error& error() const& { return std::get<1>(content_); }
  [[nodiscard]] Error error() && { return std::get<1>(std::move(content_)); }

 private:
  std::variant<T, Error> content_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: meant to convert

  [[nodiscard]] bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] const Error& error() const& { return *error_; }
  [[nodiscard]] Error error() && { return *std::move(error_); }

 private:
  std::optional<Error> error_;
};

}  // namespace checkbox
