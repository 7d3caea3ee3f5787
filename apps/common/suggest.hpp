// "did you mean ...?": the nearest of some known words. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace checkbox::cli {

// Insertions, deletions, substitutions and swaps of neighbours that turn a into b (optimal string alignment).
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate at the smallest distance, where at most a third of the word (and at least two letters) differ, or the
// only one that begins with the word. The first of several.
[[nodiscard]] std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace checkbox::cli
