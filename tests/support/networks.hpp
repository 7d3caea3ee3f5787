// Networks with random weights for tests, benchmarks and fuzzing seeds, drawn from a seed.
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "runtime/artifact.hpp"

namespace checkbox::testing {

inline std::vector<float> random_values(Rng& rng, std::size_t count, double scale = 1) {
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(rng.uniform(-scale, scale));
  return values;
}

inline weights::Tensor random_tensor(Rng& rng, std::vector<std::int64_t> shape, double scale = 1) {
  std::size_t count = 1;
  for (const std::int64_t extent : shape) count *= static_cast<std::size_t>(extent);
  const auto values = random_values(rng, count, scale);
  return weights::Tensor::from_floats(std::move(shape), values);
}

// Convolutions (3x3, stride 2, with bias, Relu), then concat(GlobalMaxPool, GlobalAveragePool), Flatten, Gemm, Relu,
// Gemm: the baseline's graph with BatchNorm folded, of any size.
struct NetworkSizes {
  std::int64_t side = 224;                           // px
  std::vector<std::int64_t> channels{20, 100, 200};  // of each convolution's output
  std::int64_t hidden = 100;
  std::int64_t classes = 3;
};

inline runtime::Graph random_network(std::uint64_t seed, const NetworkSizes& sizes = {}) {
  using Integers = std::vector<std::int64_t>;
  Rng rng(seed);
  runtime::Graph graph;
  graph.input = {"input", {runtime::kDynamic, 3, sizes.side, sizes.side}};
  graph.output = {"logits", {runtime::kDynamic, sizes.classes}};
  std::string value = "input";
  std::int64_t channels = 3;
  const auto weigh = [&](const std::string& name, const Integers& shape, std::int64_t fan_in) {
    graph.initializers[name] = random_tensor(rng, shape, std::sqrt(6.0 / static_cast<double>(fan_in)));
    return name;
  };
  const auto add = [&](const std::string& op, const std::vector<std::string>& inputs, const std::string& output,
                       std::map<std::string, runtime::Attribute, std::less<>> attributes = {}) {
    graph.nodes.push_back({output, op, inputs, {output}, std::move(attributes)});
    return output;
  };
  for (std::size_t i = 0; i < sizes.channels.size(); ++i) {
    const std::string name = "conv" + std::to_string(i);
    const std::int64_t next = sizes.channels[i];
    value =
        add("Conv",
            {value, weigh(name + ".weight", {next, channels, 3, 3}, channels * 9), weigh(name + ".bias", {next}, 600)},
            name, {{"kernel_shape", Integers{3, 3}}, {"strides", Integers{2, 2}}});
    value = add("Relu", {value}, name + ".relu");
    channels = next;
  }
  const std::string top = add("GlobalMaxPool", {value}, "max");
  const std::string mean = add("GlobalAveragePool", {value}, "mean");
  value = add("Concat", {top, mean}, "concat", {{"axis", std::int64_t{1}}});
  value = add("Flatten", {value}, "flat", {{"axis", std::int64_t{1}}});
  const auto gemm = [&](const std::string& output, std::int64_t from, std::int64_t to) {
    return add("Gemm", {value, weigh(output + ".weight", {to, from}, from), weigh(output + ".bias", {to}, 600)}, output,
               {{"transB", std::int64_t{1}}});
  };
  value = gemm("hidden", 2 * channels, sizes.hidden);
  value = add("Relu", {value}, "hidden.relu");
  gemm("logits", sizes.hidden, sizes.classes);
  return graph;
}

inline runtime::Artifact random_artifact(std::uint64_t seed, const NetworkSizes& sizes = {}) {
  runtime::Artifact artifact;
  artifact.graph = random_network(seed, sizes);
  artifact.metadata.version = "0.1.0";
  artifact.metadata.architecture = "baseline";
  for (std::int64_t i = 0; i < sizes.classes; ++i) {
    artifact.metadata.labels.push_back(i < 3 ? std::array{"other", "checked", "unchecked"}[static_cast<std::size_t>(i)]
                                             : "class " + std::to_string(i));
  }
  artifact.metadata.preprocess.width = artifact.metadata.preprocess.height = static_cast<int>(sizes.side);
  artifact.metadata.preprocess.mean = {0.67, 0.68, 0.72};
  artifact.metadata.preprocess.std = {0.39, 0.38, 0.36};
  artifact.metadata.temperature = 1.25;
  artifact.metadata.training = {{"seed", 17}, {"epochs", 3}};
  return artifact;
}

inline const NetworkSizes kSmallNetwork{.side = 19, .channels = {5, 18}, .hidden = 7, .classes = 3};

}  // namespace checkbox::testing
