// Text from files that nobody vouches for: is it UTF-8, and how to show it in a message. Stateless.
#pragma once

#include <string>
#include <string_view>

namespace checkbox::weights {

// Well-formed UTF-8 as Unicode 15, table 3-7 has it: no overlong forms, no surrogates.
[[nodiscard]] bool is_utf8(std::string_view text);
// `text` for an error message: at most 120 bytes, everything but printable ASCII replaced by '?'.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace checkbox::weights
