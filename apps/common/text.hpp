// Strings for other programs and for terminals: file names hold any bytes, JSON and CSV must stay well formed.
// Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace checkbox::cli {

// Every byte that is not part of well-formed UTF-8 (RFC 3629) becomes U+FFFD.
[[nodiscard]] std::string to_utf8(std::string_view bytes);

// For terminals: control characters and malformed UTF-8 as \xNN, so that no file name can move the cursor.
[[nodiscard]] std::string printable(std::string_view bytes);

// Code points, what most terminals give a column each.
[[nodiscard]] std::size_t display_width(std::string_view utf8);

// With the quotes; malformed UTF-8 as U+FFFD.
[[nodiscard]] std::string json_string(std::string_view bytes);

// At most `decimals` digits after the point, at least one: 0.998, 1.0. Both JSON and CSV.
[[nodiscard]] std::string decimal(double value, int decimals);

// Quoted where RFC 4180 asks for it; malformed UTF-8 as U+FFFD.
[[nodiscard]] std::string csv_field(std::string_view bytes);

}  // namespace checkbox::cli
