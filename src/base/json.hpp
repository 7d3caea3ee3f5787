// JSON text to and from nlohmann::json with our errors and limits. Stateless.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace checkbox {

using Json = nlohmann::json;
// Keeps the order in which keys were added: for what people read.
using OrderedJson = nlohmann::ordered_json;

inline constexpr int kMaxJsonDepth = 64;

// `name` (a file or field) opens the error message. kCorrupt for text that is not JSON, kLimitExceeded for nesting
// deeper than kMaxJsonDepth.
[[nodiscard]] Result<Json> parse_json(std::string_view text, std::string_view name);

}  // namespace checkbox
