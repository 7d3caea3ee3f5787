// Reads a weight file of any format we know, chosen by content: PyTorch zip (.pth, .pt, Lightning .ckpt), PyTorch
// legacy pickle (before 1.6) and safetensors. Nothing in a file is ever executed: pickles are interpreted over a closed
// list of globals. Thread-safe.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "weights/safetensors.hpp"
#include "weights/tensor.hpp"

namespace checkbox::weights {

// Tensor names are made alike: a Lightning checkpoint's `state_dict` is taken, a leading "module." is dropped.
// kUnsupported names the pickle global that is not on the list; kCorrupt, kLimitExceeded as elsewhere.
[[nodiscard]] Result<WeightFile> parse_weights(std::span<const std::uint8_t> bytes, std::string_view name);
[[nodiscard]] Result<WeightFile> read_weights(const std::filesystem::path& path);

}  // namespace checkbox::weights
