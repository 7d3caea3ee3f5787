#include "runtime/artifact.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "base/files.hpp"
#include "runtime/check.hpp"
#include "runtime/limits.hpp"
#include "runtime/onnx_file.hpp"

namespace checkbox::runtime {
namespace {

using Properties = std::map<std::string, std::string>;

constexpr const char* kVersion = "checkbox.version";
constexpr const char* kArchitecture = "checkbox.architecture";
constexpr const char* kLabels = "checkbox.labels";
constexpr const char* kPreprocess = "checkbox.preprocess";
constexpr const char* kTraining = "checkbox.training";
constexpr const char* kTemperature = "checkbox.temperature";

Error in_metadata(const char* key, const Error& reason) {
  return error(reason.code, "metadata '{}': {}", key, reason.message);
}

Result<std::string> text(const Properties& properties, const char* key) {
  const auto found = properties.find(key);
  if (found == properties.end()) return error(ErrorCode::kCorrupt, "metadata '{}' is missing", key);
  if (found->second.empty()) return error(ErrorCode::kCorrupt, "metadata '{}' is empty", key);
  return found->second;
}

Result<Json> json(const Properties& properties, const char* key) {
  CHECKBOX_TRY(const std::string value, text(properties, key));
  return parse_json(value, fmt::format("metadata '{}'", key));
}

Status check_labels(const std::vector<std::string>& labels) {
  if (labels.empty() || labels.size() > kMaxLabels) {
    return error(ErrorCode::kCorrupt, "metadata '{}': {} labels, 1 to {} expected", kLabels, labels.size(), kMaxLabels);
  }
  std::set<std::string_view> seen;
  for (const std::string& label : labels) {
    if (label.empty() || label.size() > kMaxLabelBytes) {
      return error(ErrorCode::kCorrupt, "metadata '{}': a label of {} bytes, 1 to {} expected", kLabels, label.size(),
                   kMaxLabelBytes);
    }
    if (!seen.insert(label).second) {
      return error(ErrorCode::kCorrupt, "metadata '{}': label '{}' twice", kLabels, label);
    }
  }
  return {};
}

Result<std::vector<std::string>> read_labels(const Properties& properties) {
  CHECKBOX_TRY(const Json document, json(properties, kLabels));
  const auto is_text = [](const Json& item) { return item.is_string(); };
  if (!document.is_array() || !std::all_of(document.begin(), document.end(), is_text)) {
    return error(ErrorCode::kCorrupt, "metadata '{}': a JSON array of strings expected", kLabels);
  }
  return document.get<std::vector<std::string>>();
}

Status check_temperature(double temperature) {
  if (std::isfinite(temperature) && temperature > 0) return {};
  return error(ErrorCode::kCorrupt, "metadata '{}': {}, a number above 0 expected", kTemperature, temperature);
}

Result<double> read_temperature(const Properties& properties) {
  CHECKBOX_TRY(const std::string value, text(properties, kTemperature));
  double temperature = 0;
  const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), temperature);
  if (failure != std::errc{} || end != value.data() + value.size()) {
    return error(ErrorCode::kCorrupt, "metadata '{}': '{}' is not a number", kTemperature, value);
  }
  return temperature;
}

Result<Metadata> read_metadata(const Properties& properties) {
  Metadata metadata;
  CHECKBOX_TRY(metadata.version, text(properties, kVersion));
  CHECKBOX_TRY(metadata.architecture, text(properties, kArchitecture));
  CHECKBOX_TRY(metadata.labels, read_labels(properties));
  CHECKBOX_TRY(metadata.temperature, read_temperature(properties));
  CHECKBOX_TRY(const Json preprocess, json(properties, kPreprocess));
  auto settings = image::preprocess_from_json(preprocess);
  if (!settings.ok()) return in_metadata(kPreprocess, settings.error());
  metadata.preprocess = *settings;
  CHECKBOX_TRY(metadata.training, json(properties, kTraining));
  if (!metadata.training.is_object()) {
    return error(ErrorCode::kCorrupt, "metadata '{}': a JSON object expected", kTraining);
  }
  return metadata;
}

Result<Properties> format_metadata(const Metadata& metadata) {
  try {
    return Properties{{kVersion, metadata.version},
                      {kArchitecture, metadata.architecture},
                      {kLabels, Json(metadata.labels).dump()},
                      {kPreprocess, to_json(metadata.preprocess).dump()},
                      {kTraining, metadata.training.dump()},
                      {kTemperature, fmt::format("{}", metadata.temperature)}};
  } catch (const Json::exception& failure) {  // text that is not UTF-8
    return error(ErrorCode::kInvalidArgument, "metadata: {}", failure.what());
  }
}

// The graph must be a checked one.
Status check_agreement(const Graph& graph, const Metadata& metadata) {
  CHECKBOX_CHECK(check_labels(metadata.labels));
  CHECKBOX_CHECK(check_temperature(metadata.temperature));
  const Shape expected{kDynamic, 3, metadata.preprocess.height, metadata.preprocess.width};
  if (graph.input.shape != expected) {
    return error(ErrorCode::kCorrupt, "input '{}' has shape {}, but metadata '{}' makes images of shape {}",
                 graph.input.name, to_string(graph.input.shape), kPreprocess, to_string(expected));
  }
  CHECKBOX_TRY(const ShapeMap shapes, infer_shapes(graph, 1));
  const std::int64_t classes = shapes.find(graph.output.name)->second[1];
  if (classes != static_cast<std::int64_t>(metadata.labels.size())) {
    return error(ErrorCode::kCorrupt, "{} labels in metadata '{}', but output '{}' has {} classes",
                 metadata.labels.size(), kLabels, graph.output.name, classes);
  }
  return {};
}

Result<Artifact> parse_unnamed(std::span<const std::uint8_t> bytes) {
  CHECKBOX_TRY(OnnxFile file, parse_onnx(bytes));
  Artifact artifact;
  CHECKBOX_TRY(artifact.metadata, read_metadata(file.properties));
  CHECKBOX_TRY(artifact.graph, check_graph(std::move(file.graph)));
  CHECKBOX_CHECK(check_agreement(artifact.graph, artifact.metadata));
  return artifact;
}

}  // namespace

Result<Artifact> parse_artifact(std::span<const std::uint8_t> bytes, std::string_view name) {
  auto artifact = parse_unnamed(bytes);
  if (!artifact.ok()) return error(artifact.error().code, "{}: {}", name, artifact.error().message);
  return artifact;
}

Result<Artifact> read_artifact(const std::filesystem::path& path) {
  CHECKBOX_TRY(const auto bytes, read_file(path, kMaxArtifactBytes));
  return parse_artifact(bytes, path.string());
}

Result<std::vector<std::uint8_t>> format_artifact(const Artifact& artifact) {
  OnnxFile file;
  CHECKBOX_TRY(file.graph, check_graph(artifact.graph));
  CHECKBOX_CHECK(check_agreement(file.graph, artifact.metadata));
  CHECKBOX_TRY(file.properties, format_metadata(artifact.metadata));
  // What format_metadata wrote must be readable: no empty version, a preprocess that its own reader accepts.
  CHECKBOX_TRY(const Metadata again, read_metadata(file.properties));
  file.producer_version = again.version;
  return format_onnx(file);
}

Status write_artifact(const std::filesystem::path& path, const Artifact& artifact) {
  auto bytes = format_artifact(artifact);
  if (!bytes.ok()) return error(bytes.error().code, "{}: {}", path.string(), bytes.error().message);
  return write_file(path, *bytes);
}

}  // namespace checkbox::runtime
