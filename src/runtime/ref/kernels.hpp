// Plain kernels: obvious loops over dense NCHW, sums in double. They are the oracle of every fast kernel, and what runs
// where there is no fast one. Each function takes a node that shape inference has accepted and returns its kernel.
#pragma once

#include "runtime/operators/operator.hpp"

namespace checkbox::runtime::ref {

[[nodiscard]] Result<ReferenceKernel> conv(const NodeContext& context);
[[nodiscard]] Result<ReferenceKernel> gemm(const NodeContext& context);
[[nodiscard]] Result<ReferenceKernel> global_max_pool(const NodeContext& context);
[[nodiscard]] Result<ReferenceKernel> global_average_pool(const NodeContext& context);
[[nodiscard]] Result<ReferenceKernel> max_pool(const NodeContext& context);
[[nodiscard]] Result<ReferenceKernel> add(const NodeContext& context);
[[nodiscard]] Result<ReferenceKernel> clip(const NodeContext& context);
[[nodiscard]] Result<ReferenceKernel> relu(const NodeContext& context);
[[nodiscard]] Result<ReferenceKernel> concat(const NodeContext& context);
[[nodiscard]] Result<ReferenceKernel> copy(const NodeContext& context);  // Flatten and what else keeps the order

}  // namespace checkbox::runtime::ref
