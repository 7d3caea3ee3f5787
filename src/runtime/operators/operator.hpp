// The operators this runtime knows. Each row of the table says what a node may look like, what shape it yields and how
// the plain reference kernel computes it; a new operator is one family file here, one in ref/ and one row. Faster
// kernels are found elsewhere (onednn/) and judged by the reference. Immutable; thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "runtime/graph.hpp"
#include "runtime/shape.hpp"

namespace checkbox::runtime {

// "node 'conv1' (Conv)".
[[nodiscard]] std::string describe(const Node& node);

// A node within a graph whose inputs have known, concrete shapes.
struct NodeContext {
  const Node& node;
  std::int64_t opset;
  std::vector<Shape> inputs;                      // by input index; empty for an omitted one
  std::vector<const weights::Tensor*> constants;  // by input index; null for one computed at run time, or omitted

  [[nodiscard]] bool has_input(std::size_t index) const {
    return index < node.inputs.size() && !node.inputs[index].empty();
  }
  // "node 'conv1' (Conv): <message>".
  template <class... Args>
  [[nodiscard]] Error fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) const {
    return Error{code, describe(node) + ": " + fmt::format(format, std::forward<Args>(args)...)};
  }
};

// Inputs by index (null for an omitted one), dense row-major (NCHW); the output is written whole.
using ReferenceKernel = std::function<void(std::span<const float* const> inputs, float* output)>;

inline constexpr std::size_t kAnyCount = SIZE_MAX;

struct Operator {
  std::string_view op_type;
  std::size_t min_inputs;
  std::size_t max_inputs;
  std::vector<std::string_view> attributes;  // every one that a node may carry
  Result<Shape> (*infer)(const NodeContext& context);
  // Only for a context that infer accepts. The kernel holds copies of all settings.
  Result<ReferenceKernel> (*reference)(const NodeContext& context);
};

// Null where the table has no such operator.
[[nodiscard]] const Operator* find_operator(std::string_view op_type);
// "Concat, Conv, ...".
[[nodiscard]] std::string known_operators();

}  // namespace checkbox::runtime
