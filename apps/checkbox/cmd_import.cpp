// `checkbox import`: weights that PyTorch saved become an artifact. Nothing in the weight file is executed.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.hpp"
#include "base/sha256.hpp"
#include "checkbox/commands.hpp"
#include "common/text.hpp"
#include "data/dataset_files.hpp"
#include "runtime/artifact.hpp"
#include "runtime/model.hpp"
#include "runtime/networks/networks.hpp"
#include "weights/read.hpp"

namespace checkbox {
namespace {

constexpr const char* kReferenceLabels = "other,checked,unchecked";  // by the reference's label_mapping.json

struct Options {
  std::string file;
  std::string model;
  std::string labels = kReferenceLabels;
  std::string output;
  std::string dataset_stats;
  std::string mean;
  std::string std;
};

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t comma = text.find(',');
    parts.emplace_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

Error wrong_option(std::string_view option, std::string_view found, std::string_view expected) {
  return error(ErrorCode::kInvalidArgument, "import: {} '{}': {} expected", option, found, expected);
}

Result<std::array<double, 3>> parse_channels(std::string_view option, const std::string& text, double low) {
  const Error wrong =
      wrong_option(option, text, low > 0 ? "three positive numbers R,G,B" : "three numbers R,G,B from 0 to 1");
  const auto parts = split_commas(text);
  std::array<double, 3> values{};
  if (parts.size() != values.size()) return wrong;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const char* end = parts[i].data() + parts[i].size();
    const auto [stop, failure] = std::from_chars(parts[i].data(), end, values[i]);
    if (failure != std::errc() || stop != end || !(values[i] >= low && values[i] <= 1)) return wrong;
  }
  return values;
}

Result<std::vector<std::string>> parse_labels(const std::string& text) {
  auto labels = split_commas(text);
  const std::set<std::string> distinct(labels.begin(), labels.end());
  if (distinct.size() != labels.size() || distinct.contains("")) {
    return wrong_option("--labels", text, "distinct names, by output index, with commas between");
  }
  return labels;
}

// Nothing where the command line does not say.
Result<std::optional<data::Statistics>> given_statistics(const Options& options) {
  if (!options.dataset_stats.empty()) {
    CHECKBOX_TRY(const std::string text, read_text(options.dataset_stats, data::kMaxJsonBytes));
    CHECKBOX_TRY(const auto statistics, data::parse_statistics(text, options.dataset_stats));
    return std::optional(statistics);
  }
  if (options.mean.empty()) return std::optional<data::Statistics>();
  constexpr double kMinStd = 1e-6;
  CHECKBOX_TRY(const auto mean, parse_channels("--mean", options.mean, 0));
  CHECKBOX_TRY(const auto std, parse_channels("--std", options.std, kMinStd));
  return std::optional(data::Statistics{mean, std});
}

Result<image::Preprocess> preprocess_for(const Options& options) {
  CHECKBOX_TRY(const auto given, given_statistics(options));
  image::Preprocess settings;
  if (given) {
    settings.mean = given->mean;
    settings.std = given->std;
    return settings;
  }
  if (options.model == "baseline") {
    return error(ErrorCode::kInvalidArgument,
                 "import: the baseline normalises images by its training data's statistics, which are not in the "
                 "weights: --dataset-stats ds_stats.json, or --mean R,G,B --std R,G,B");
  }
  settings.mean = image::kImageNetMean;
  settings.std = image::kImageNetStd;
  return settings;
}

// Where the weights come from, and what a checkpoint says beside them.
Json history_of(const Options& options, std::span<const std::uint8_t> bytes, const weights::WeightFile& file) {
  Sha256 hash;
  hash.update(bytes);
  Json history{{"imported_from", cli::to_utf8(std::filesystem::path(options.file).filename().string())},
               {"imported_sha256", hash.finish()}};
  if (!file.metadata.empty()) history["checkpoint"] = file.metadata;
  return history;
}

Result<runtime::Artifact> import(const Options& options) {
  CHECKBOX_TRY(const auto bytes, read_file(options.file));
  CHECKBOX_TRY(weights::WeightFile file, weights::parse_weights(bytes, options.file));
  file.tensors = runtime::with_reference_names(options.model, std::move(file.tensors));
  auto graph = runtime::build_network(options.model, file.tensors);
  if (!graph.ok()) return error(graph.error().code, "{}: {}", options.file, graph.error().message);

  runtime::Artifact artifact{.graph = *std::move(graph), .metadata = {}};
  CHECKBOX_TRY(artifact.metadata.labels, parse_labels(options.labels));
  const auto classes = static_cast<std::size_t>(artifact.graph.output.shape.back());
  if (artifact.metadata.labels.size() != classes) {
    return error(ErrorCode::kInvalidArgument, "import: --labels '{}' names {} classes, the network has {}",
                 options.labels, artifact.metadata.labels.size(), classes);
  }
  CHECKBOX_TRY(artifact.metadata.preprocess, preprocess_for(options));
  artifact.metadata.version = cli::version();
  artifact.metadata.architecture = options.model;
  artifact.metadata.training = history_of(options, bytes, file);
  // What cannot be run is not written.
  if (auto model = runtime::Model::compile(artifact.graph); !model.ok()) return std::move(model).error();
  return artifact;
}

Result<int> run(const Options& options) {
  const auto& known = runtime::known_architectures();
  if (std::find(known.begin(), known.end(), options.model) == known.end()) {
    return cli::usage_error(
        fmt::format("import: --model '{}': one of {} expected", options.model, fmt::join(known, ", ")));
  }
  auto artifact = import(options);
  if (!artifact.ok() && artifact.error().code == ErrorCode::kInvalidArgument) {
    return cli::usage_error(artifact.error().message);
  }
  if (!artifact.ok()) return std::move(artifact).error();
  CHECKBOX_CHECK(runtime::write_artifact(options.output, *artifact));
  CHECKBOX_TRY(const auto parameters, runtime::count_parameters(options.model, artifact->graph.output.shape.back()));
  fmt::print("{}: {}, {} parameters, labels {}, from {}\n", cli::printable(options.output), options.model,
             parameters.total, cli::printable(options.labels), cli::printable(options.file));
  return cli::kDone;
}

void declare(CLI::App& app, Options& options) {
  app.add_option("file", options.file, "PyTorch state dict or Lightning checkpoint (.pth, .pt, .ckpt), or safetensors")
      ->type_name("FILE")
      ->required();
  app.add_option("--model", options.model, "The network: baseline, mobilenet or resnet50")
      ->type_name("NAME")
      ->required();
  app.add_option("--output", options.output, "The artifact to write")->type_name("FILE.onnx")->required();
  app.add_option("--labels", options.labels, "Names of the classes by output index")
      ->type_name("A,B,...")
      ->capture_default_str();
  auto* stats = app.add_option("--dataset-stats", options.dataset_stats,
                               "ds_stats.json of the data that the weights were trained on: needed for the baseline;\n"
                               "the others take ImageNet's statistics")
                    ->type_name("FILE");
  auto* mean = app.add_option("--mean", options.mean, "The same given by hand, in 0..1")->type_name("R,G,B");
  auto* std = app.add_option("--std", options.std, "Likewise")->type_name("R,G,B");
  mean->needs(std)->excludes(stats);
  std->needs(mean)->excludes(stats);
}

}  // namespace

cli::Verb import_verb() {
  const auto options = std::make_shared<Options>();
  cli::Verb verb;
  verb.name = "import";
  verb.group = "Train";
  verb.summary = "PyTorch, Lightning or safetensors weights to an artifact";
  verb.examples =
      "  checkbox import best.ckpt --model mobilenet --output model.onnx\n"
      "  checkbox import weights.safetensors --model baseline --dataset-stats data/ds_stats.json --output model.onnx\n"
      "Nothing in a weight file is ever executed.";
  verb.declare = [options](CLI::App& app) { declare(app, *options); };
  verb.run = [options] { return run(*options); };
  return verb;
}

}  // namespace checkbox
