#include <algorithm>
#include <array>

#include "runtime/operators/conv.hpp"
#include "runtime/operators/elementwise.hpp"
#include "runtime/operators/gemm.hpp"
#include "runtime/operators/layout.hpp"
#include "runtime/operators/operator.hpp"
#include "runtime/operators/pool.hpp"
#include "runtime/ref/kernels.hpp"

namespace checkbox::runtime {
namespace {

const std::array kOperators{
    Operator{"Add", 2, 2, {}, infer_add, ref::add},
    Operator{"Clip", 1, 3, {}, infer_clip, ref::clip},
    Operator{"Concat", 1, kAnyCount, {"axis"}, infer_concat, ref::concat},
    Operator{
        "Conv", 2, 3, {"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"}, infer_conv, ref::conv},
    Operator{"Flatten", 1, 1, {"axis"}, infer_flatten, ref::copy},
    Operator{"Gemm", 2, 3, {"alpha", "beta", "transA", "transB"}, infer_gemm, ref::gemm},
    Operator{"GlobalAveragePool", 1, 1, {}, infer_global_pool, ref::global_average_pool},
    Operator{"GlobalMaxPool", 1, 1, {}, infer_global_pool, ref::global_max_pool},
    Operator{"MaxPool",
             1,
             1,
             {"auto_pad", "ceil_mode", "dilations", "kernel_shape", "pads", "storage_order", "strides"},
             infer_max_pool,
             ref::max_pool},
    Operator{"Relu", 1, 1, {}, infer_same_shape, ref::relu},
};

}  // namespace

std::string describe(const Node& node) {
  return fmt::format("node '{}' ({})", node.name.empty() ? "unnamed" : node.name, node.op_type);
}

const Operator* find_operator(std::string_view op_type) {
  const auto found = std::ranges::find(kOperators, op_type, &Operator::op_type);
  return found != kOperators.end() ? &*found : nullptr;
}

std::string known_operators() {
  std::string names;
  for (const Operator& row : kOperators) names += (names.empty() ? "" : ", ") + std::string(row.op_type);
  return names;
}

}  // namespace checkbox::runtime
