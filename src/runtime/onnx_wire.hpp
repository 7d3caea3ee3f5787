// A look at the outermost protobuf fields of an ONNX file before it is parsed: where it is cut off, and how much of it
// is structure rather than tensor data, which bounds the memory that parsing takes. Allocates nothing; O(fields).
#pragma once

#include <cstdint>
#include <span>

#include "base/result.hpp"

namespace checkbox::runtime {

// kCorrupt where a field runs past the end (a truncated file) or is none of protobuf's. kLimitExceeded above
// kMaxStructureBytes.
[[nodiscard]] Status check_onnx_wire(std::span<const std::uint8_t> bytes);

}  // namespace checkbox::runtime
