// The head that all networks share: concat(global max pool, global average pool) -> Linear -> BatchNorm -> ReLU ->
// Dropout -> Linear. Module names and sizes as in the reference. And each architecture's encoder by name.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.hpp"
#include "runtime/networks/description.hpp"

namespace checkbox::runtime {

inline constexpr std::string_view kHeadWiden = "head.model.2";
inline constexpr std::string_view kHeadNorm = "head.model.3";
inline constexpr std::string_view kHeadClassify = "head.model.6";
inline constexpr std::int64_t kHeadWidth = 100;
inline constexpr std::int64_t kMaxClasses = 1000;

// kInvalidArgument lists the known architectures.
[[nodiscard]] Result<Encoder> describe_encoder(std::string_view architecture);

}  // namespace checkbox::runtime
