// A network's encoder as a list of layers: from it come the expected tensors, the parameter counts and the graph, so
// the three cannot disagree. The head is the same for all (graph_builder.cpp). Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace checkbox::runtime {

enum class Activation { kNone, kRelu, kRelu6 };

// A convolution without bias, the BatchNorm after it, and an activation.
struct ConvNorm {
  std::string conv;  // tensor names before ".weight"
  std::string norm;
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
  std::int64_t groups = 1;
  Activation activation = Activation::kRelu;
  bool trainable = true;
};

struct MaxPool {
  std::string name;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t padding = 0;
};

// Adds what layer `other` yields.
struct Sum {
  std::string name;
  std::size_t other = 0;
  Activation activation = Activation::kNone;
};

inline constexpr std::size_t kImage = SIZE_MAX;  // the network's input instead of a layer

struct Layer {
  std::variant<ConvNorm, MaxPool, Sum> operation;
  std::size_t input = kImage;  // index of the layer whose output this one takes
};

struct Encoder {
  std::vector<Layer> layers;  // the last one's output is the encoder's
  std::int64_t out_channels = 0;

  // Returns the new layer's index. Without `input`, it takes the output of the layer before.
  std::size_t add(std::variant<ConvNorm, MaxPool, Sum> operation, std::size_t input) {
    layers.push_back({std::move(operation), input});
    return layers.size() - 1;
  }
  std::size_t add(std::variant<ConvNorm, MaxPool, Sum> operation) {
    return add(std::move(operation), layers.empty() ? kImage : layers.size() - 1);
  }
};

[[nodiscard]] Encoder describe_baseline();
[[nodiscard]] Encoder describe_mobilenet_v2();
[[nodiscard]] Encoder describe_resnet50();

}  // namespace checkbox::runtime
