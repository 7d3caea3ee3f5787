// A network as a checked graph of ONNX operators: what the ONNX reader yields, what the writer takes, what network
// builders (networks/) make and what plans are compiled from. Plain values, no protobuf, no oneDNN.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.hpp"
#include "weights/tensor.hpp"

namespace checkbox::runtime {

using Attribute =
    std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>, weights::Tensor>;

struct Node {
  std::string name;  // for messages; made up from the operator and position where the file has none
  std::string op_type;
  std::vector<std::string> inputs;  // value names; "" for an omitted optional input
  std::vector<std::string> outputs;
  std::map<std::string, Attribute, std::less<>> attributes;
};

inline constexpr std::int64_t kDynamic = -1;  // a dimension known only at run time

struct ValueInfo {
  std::string name;
  std::vector<std::int64_t> shape;  // f32
};

struct Graph {
  std::int64_t opset = 13;
  ValueInfo input;                  // one image tensor [N, 3, H, W]
  ValueInfo output;                 // one logits tensor [N, classes]
  std::vector<Node> nodes;          // in an order in which every input is known before it is used
  weights::TensorMap initializers;  // by value name
};

}  // namespace checkbox::runtime
