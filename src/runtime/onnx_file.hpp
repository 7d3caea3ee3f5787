// An ONNX file as graph and metadata properties, without a word about what they mean: the only place that knows
// protobuf. Graphs read here are not yet checked (check_graph does that). Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "runtime/graph.hpp"

namespace checkbox::runtime {

struct OnnxFile {
  Graph graph;
  std::map<std::string, std::string> properties;  // metadata_props
  std::string producer_version;
};

// kCorrupt for bytes that are not ONNX, values that contradict each other (an initializer's data and shape, a name
// twice); kUnsupported for what no graph here can hold (external data, other types, subgraphs, several inputs);
// kLimitExceeded before the memory is taken. Messages name the node or tensor, not the file.
[[nodiscard]] Result<OnnxFile> parse_onnx(std::span<const std::uint8_t> bytes);

// Deterministic. kInvalidArgument for a tensor type that the reader would refuse.
[[nodiscard]] Result<std::vector<std::uint8_t>> format_onnx(const OnnxFile& file);

}  // namespace checkbox::runtime
