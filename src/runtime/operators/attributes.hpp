// A node's attributes by name and type, with defaults. Stateless.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "runtime/operators/operator.hpp"

namespace checkbox::runtime {

// kCorrupt where the attribute has another type, naming the node and the attribute.
[[nodiscard]] Result<std::int64_t> integer_attribute(const NodeContext& context, std::string_view name,
                                                     std::int64_t fallback);
[[nodiscard]] Result<float> float_attribute(const NodeContext& context, std::string_view name, float fallback);
[[nodiscard]] Result<std::string> string_attribute(const NodeContext& context, std::string_view name,
                                                   std::string_view fallback);
// Exactly `count` integers, each in low..kMaxDimension.
[[nodiscard]] Result<std::vector<std::int64_t>> integers_attribute(const NodeContext& context, std::string_view name,
                                                                   std::size_t count, std::int64_t low,
                                                                   std::int64_t fallback);

// `axis` counted from the back where negative. kCorrupt outside -rank .. rank - 1 (or rank where `end_allowed`).
[[nodiscard]] Result<std::size_t> normal_axis(const NodeContext& context, std::int64_t axis, std::size_t rank,
                                              bool end_allowed = false);

}  // namespace checkbox::runtime
