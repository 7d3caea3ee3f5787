// Result and Error for use inside: the installed types, a way to make errors and the two macros that pass them on.
#pragma once

#include <fmt/format.h>

#include <checkbox/result.hpp>
#include <utility>

namespace checkbox {

using Status = Result<void>;

// error(ErrorCode::kCorrupt, "{}: 3 channels expected, found {}", name, count)
template <class... Args>
[[nodiscard]] Error error(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return Error{code, fmt::format(format, std::forward<Args>(args)...)};
}

}  // namespace checkbox

#define CHECKBOX_CONCAT_(a, b) a##b
#define CHECKBOX_CONCAT(a, b) CHECKBOX_CONCAT_(a, b)
#define CHECKBOX_TRY_(temporary, declaration, expression)   \
  auto temporary = (expression);                            \
  if (!temporary.ok()) return std::move(temporary).error(); \
  declaration = std::move(temporary).value()

// CHECKBOX_TRY(auto image, decode(bytes)): declares image, or returns decode's error from this function.
#define CHECKBOX_TRY(declaration, ...) CHECKBOX_TRY_(CHECKBOX_CONCAT(try_result_, __LINE__), declaration, (__VA_ARGS__))

// CHECKBOX_CHECK(write(file)): returns write's error from this function. For Result<void>.
#define CHECKBOX_CHECK(...)                                                                            \
  do {                                                                                                 \
    if (auto check_status = (__VA_ARGS__); !check_status.ok()) return std::move(check_status).error(); \
  } while (false)
