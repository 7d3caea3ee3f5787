#include "runtime/check.hpp"

#include <algorithm>
#include <set>
#include <string_view>

#include "runtime/limits.hpp"

namespace checkbox::runtime {
namespace {

Status check_initializers(const Graph& graph) {
  if (graph.initializers.size() > kMaxInitializers) {
    return error(ErrorCode::kLimitExceeded, "{} initializers, at most {} expected", graph.initializers.size(),
                 kMaxInitializers);
  }
  for (const auto& [name, tensor] : graph.initializers) {
    if (name.empty()) return error(ErrorCode::kCorrupt, "an initializer has no name");
    const auto count = checked_elements(tensor.shape);
    if (!count.ok()) return error(count.error().code, "initializer '{}': {}", name, count.error().message);
    const std::size_t expected = static_cast<std::size_t>(*count) * size_of(tensor.dtype);
    if (tensor.bytes.size() != expected) {
      return error(ErrorCode::kCorrupt, "initializer '{}' of shape {} ({}) holds {} bytes, {} expected", name,
                   to_string(tensor.shape), name_of(tensor.dtype), tensor.bytes.size(), expected);
    }
  }
  return {};
}

Status check_input(const ValueInfo& input) {
  if (input.name.empty()) return error(ErrorCode::kCorrupt, "the input has no name");
  if (input.shape.size() != 4) {
    return error(ErrorCode::kUnsupported, "input '{}' has shape {}, [N, channels, height, width] expected", input.name,
                 to_string(input.shape));
  }
  for (std::size_t i = 1; i < 4; ++i) {
    if (input.shape[i] < 1) {
      return error(ErrorCode::kUnsupported, "input '{}' has shape {}: all but the first dimension must be known",
                   input.name, to_string(input.shape));
    }
  }
  const auto count = checked_elements(std::span(input.shape).subspan(1));
  if (!count.ok()) return error(count.error().code, "input '{}': {}", input.name, count.error().message);
  return {};
}

Status check_node(const Node& node) {
  const Operator* row = find_operator(node.op_type);
  if (row == nullptr) {
    return error(ErrorCode::kUnsupported, "{}: unknown operator, expected one of {}", describe(node),
                 known_operators());
  }
  if (node.inputs.size() < row->min_inputs || node.inputs.size() > row->max_inputs) {
    return error(ErrorCode::kCorrupt, "{}: {} inputs, {} to {} expected", describe(node), node.inputs.size(),
                 row->min_inputs, row->max_inputs == kAnyCount ? "any number" : std::to_string(row->max_inputs));
  }
  // Those beyond the required ones may be left out, unless any number may be given.
  const std::size_t required = row->max_inputs == kAnyCount ? node.inputs.size() : row->min_inputs;
  for (std::size_t i = 0; i < required; ++i) {
    if (node.inputs[i].empty()) return error(ErrorCode::kCorrupt, "{}: input {} is missing", describe(node), i);
  }
  if (node.outputs.size() != 1 || node.outputs[0].empty()) {
    return error(ErrorCode::kUnsupported, "{}: {} outputs, 1 expected", describe(node), node.outputs.size());
  }
  for (const auto& [name, value] : node.attributes) {
    if (std::ranges::find(row->attributes, name) == row->attributes.end()) {
      return error(ErrorCode::kUnsupported, "{}: unknown attribute '{}'", describe(node), name);
    }
  }
  return {};
}

// Which node makes which value. Refuses a value that is made twice.
Result<std::map<std::string_view, std::size_t>> find_producers(const Graph& graph) {
  std::map<std::string_view, std::size_t> producers;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const std::string& name = graph.nodes[i].outputs[0];
    if (name == graph.input.name || graph.initializers.contains(name) || !producers.emplace(name, i).second) {
      return error(ErrorCode::kCorrupt, "{}: value '{}' exists already", describe(graph.nodes[i]), name);
    }
  }
  return producers;
}

// Kahn's algorithm; among the nodes that are ready the earliest in the file goes first.
Result<std::vector<std::size_t>> sorted_order(const Graph& graph) {
  CHECKBOX_TRY(const auto producers, find_producers(graph));
  std::vector<std::vector<std::size_t>> consumers(graph.nodes.size());
  std::vector<std::size_t> waiting_for(graph.nodes.size(), 0);
  std::set<std::size_t> ready;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    for (const std::string& input : graph.nodes[i].inputs) {
      if (input.empty() || input == graph.input.name || graph.initializers.contains(input)) continue;
      const auto producer = producers.find(input);
      if (producer == producers.end()) {
        return error(ErrorCode::kCorrupt, "{}: input '{}' is made by no node and is no initializer",
                     describe(graph.nodes[i]), input);
      }
      consumers[producer->second].push_back(i);
      ++waiting_for[i];
    }
    if (waiting_for[i] == 0) ready.insert(i);
  }
  std::vector<std::size_t> order;
  while (!ready.empty()) {
    const std::size_t node = *ready.begin();
    ready.erase(ready.begin());
    order.push_back(node);
    for (const std::size_t consumer : consumers[node]) {
      if (--waiting_for[consumer] == 0) ready.insert(consumer);
    }
  }
  if (order.size() == graph.nodes.size()) return order;
  const auto stuck = std::ranges::find_if(waiting_for, [](std::size_t count) { return count > 0; });
  return error(ErrorCode::kCorrupt, "{}: its inputs depend on its own output (a cycle)",
               describe(graph.nodes[static_cast<std::size_t>(stuck - waiting_for.begin())]));
}

Status check_output(const Graph& graph) {
  std::int64_t classes = 0;
  for (const std::int64_t batch : {1, 2}) {
    CHECKBOX_TRY(const ShapeMap shapes, infer_shapes(graph, batch));
    const auto found = shapes.find(graph.output.name);
    if (found == shapes.end() || graph.initializers.contains(graph.output.name)) {
      return error(ErrorCode::kCorrupt, "output '{}' is made by no node", graph.output.name);
    }
    const Shape& shape = found->second;
    if (batch == 1 && shape.size() == 2) classes = shape[1];
    if (shape.size() != 2 || shape[0] != batch || shape[1] != classes || classes < 1) {
      return error(ErrorCode::kUnsupported, "output '{}' has shape {} for {} images, [{}, classes] expected",
                   graph.output.name, to_string(shape), batch, batch);
    }
    const Shape& declared = graph.output.shape;
    if (!declared.empty() && (declared.size() != 2 || (declared[1] != kDynamic && declared[1] != classes))) {
      return error(ErrorCode::kCorrupt, "output '{}' is declared as {}, but the nodes give [N, {}]", graph.output.name,
                   to_string(declared), classes);
    }
  }
  return {};
}

}  // namespace

NodeContext context_of(const Graph& graph, const Node& node, const ShapeMap& shapes) {
  NodeContext context{node, graph.opset, {}, {}};
  for (const std::string& input : node.inputs) {
    const auto constant = graph.initializers.find(input);
    context.constants.push_back(constant != graph.initializers.end() ? &constant->second : nullptr);
    context.inputs.push_back(input.empty() ? Shape{} : shapes.find(input)->second);
  }
  return context;
}

Result<ShapeMap> infer_shapes(const Graph& graph, std::int64_t batch) {
  ShapeMap shapes;
  for (const auto& [name, tensor] : graph.initializers) shapes.emplace(name, tensor.shape);
  Shape input = graph.input.shape;
  input[0] = batch;
  shapes.insert_or_assign(graph.input.name, std::move(input));
  std::int64_t total = 0;
  for (const Node& node : graph.nodes) {
    const NodeContext context = context_of(graph, node, shapes);
    for (std::size_t i = 0; i < context.constants.size(); ++i) {
      if (context.constants[i] != nullptr && context.constants[i]->dtype != weights::DType::kF32) {
        return context.fail(ErrorCode::kUnsupported, "input {} ('{}') is {}, F32 expected", i, node.inputs[i],
                            name_of(context.constants[i]->dtype));
      }
    }
    CHECKBOX_TRY(Shape shape, find_operator(node.op_type)->infer(context));
    const auto count = checked_elements(shape);
    if (!count.ok()) {
      return context.fail(count.error().code, "output of shape {}: {}", to_string(shape), count.error().message);
    }
    if (*count == 0) return context.fail(ErrorCode::kCorrupt, "output of shape {} is empty", to_string(shape));
    total += *count;
    if (total > kMaxElements * batch) {
      return context.fail(ErrorCode::kLimitExceeded, "the values up to here have more than {} elements per image",
                          kMaxElements);
    }
    shapes.insert_or_assign(node.outputs[0], std::move(shape));
  }
  return shapes;
}

Result<Graph> check_graph(Graph graph) {
  if (graph.opset < kMinOpset || graph.opset > kMaxOpset) {
    return error(ErrorCode::kUnsupported, "operator set {}, {} to {} expected", graph.opset, kMinOpset, kMaxOpset);
  }
  if (graph.nodes.size() > kMaxNodes) {
    return error(ErrorCode::kLimitExceeded, "{} nodes, at most {} expected", graph.nodes.size(), kMaxNodes);
  }
  CHECKBOX_CHECK(check_initializers(graph));
  CHECKBOX_CHECK(check_input(graph.input));
  if (graph.initializers.contains(graph.input.name)) {
    return error(ErrorCode::kCorrupt, "input '{}' is an initializer as well", graph.input.name);
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    Node& node = graph.nodes[i];
    if (node.name.empty()) node.name = fmt::format("{}_{}", node.op_type, i);
    CHECKBOX_CHECK(check_node(node));
  }
  CHECKBOX_TRY(const auto order, sorted_order(graph));
  std::vector<Node> sorted;
  sorted.reserve(order.size());
  for (const std::size_t i : order) sorted.push_back(std::move(graph.nodes[i]));
  graph.nodes = std::move(sorted);
  graph.input.shape[0] = kDynamic;
  CHECKBOX_CHECK(check_output(graph));
  return graph;
}

}  // namespace checkbox::runtime
