// The artifact: a plain ONNX file plus what a classifier must know beside the graph (labels, preprocessing,
// temperature), kept in metadata_props as DESIGN's file section says. Reading refuses what is not sound: cycles,
// unknown operators, wrong initializer sizes, absurd shapes; the refusal names the node and the reason. Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "image/preprocess.hpp"
#include "runtime/graph.hpp"

namespace checkbox::runtime {

struct Metadata {
  std::string version;              // of the program that wrote it
  std::string architecture;         // "baseline", "mobilenet", "resnet50"
  std::vector<std::string> labels;  // by output index
  image::Preprocess preprocess;
  double temperature = 1;          // probabilities are softmax(logits / temperature)
  Json training = Json::object();  // data hash, split counts, hyperparameters, seed, metrics
};

struct Artifact {
  Graph graph;
  Metadata metadata;
};

[[nodiscard]] Result<Artifact> parse_artifact(std::span<const std::uint8_t> bytes, std::string_view name);
[[nodiscard]] Result<Artifact> read_artifact(const std::filesystem::path& path);
// Deterministic: the same artifact gives the same bytes.
[[nodiscard]] Result<std::vector<std::uint8_t>> format_artifact(const Artifact& artifact);
[[nodiscard]] Status write_artifact(const std::filesystem::path& path, const Artifact& artifact);

}  // namespace checkbox::runtime
