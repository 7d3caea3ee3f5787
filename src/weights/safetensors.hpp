// The safetensors format (8-byte header length, JSON header, raw tensors): what our checkpoints are, and one of the
// formats that weights are imported from. Thread-safe; executes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "weights/tensor.hpp"

namespace checkbox::weights {

struct WeightFile {
  TensorMap tensors;
  std::map<std::string, std::string> metadata;  // safetensors' __metadata__; scalars of a Lightning checkpoint
};

inline constexpr std::string_view kMetadataKey = "__metadata__";  // which no tensor may be called
inline constexpr std::uint64_t kMaxHeaderBytes = std::uint64_t{16} << 20;

// kCorrupt for anything that is not exactly the format: overlapping or missing ranges, wrong sizes, a name twice.
// kUnsupported for a dtype that Tensor has not. kLimitExceeded for a header above kMaxHeaderBytes.
[[nodiscard]] Result<WeightFile> parse_safetensors(std::span<const std::uint8_t> bytes, std::string_view name);
// Deterministic: the same content gives the same bytes.
[[nodiscard]] std::vector<std::uint8_t> format_safetensors(const WeightFile& file);

}  // namespace checkbox::weights
