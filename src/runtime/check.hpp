// What makes a graph sound: known operators, every value made once and before it is used, shapes that fit. Both the
// ONNX reader and Model::compile rely on it. Stateless; O(nodes + values).
#pragma once

#include <map>
#include <string>

#include "base/result.hpp"
#include "runtime/graph.hpp"
#include "runtime/operators/operator.hpp"

namespace checkbox::runtime {

// By value name, initializers included.
using ShapeMap = std::map<std::string, Shape, std::less<>>;

// The graph with its nodes in an order in which every input is known before it is used (unchanged where it was one),
// unnamed nodes named, and a first input dimension of any size made kDynamic. Refuses cycles, unknown operators,
// names made twice or not at all, initializers whose bytes do not fit their shape, and whatever shape inference
// refuses.
[[nodiscard]] Result<Graph> check_graph(Graph graph);

// Every value's shape for a batch of that many images. kCorrupt or kUnsupported names the node and the reason;
// kLimitExceeded for a value above kMaxElements.
[[nodiscard]] Result<ShapeMap> infer_shapes(const Graph& graph, std::int64_t batch);

// `node` with the shapes of its inputs. Only for nodes and shapes of a checked graph.
[[nodiscard]] NodeContext context_of(const Graph& graph, const Node& node, const ShapeMap& shapes);

}  // namespace checkbox::runtime
