// The fast kernels by operator. An emit function adds steps for its node and returns true, or returns false, having
// added nothing, where the reference kernel must do. Contexts are ones that shape inference has accepted.
#pragma once

#include <string_view>

#include "runtime/onednn/builder.hpp"

namespace checkbox::runtime::onednn {

using Emit = Result<bool> (*)(Builder& builder, const NodeContext& context);

// Null where there is none.
[[nodiscard]] Emit find_emit(std::string_view op_type);

[[nodiscard]] Result<bool> emit_conv(Builder& builder, const NodeContext& context);
[[nodiscard]] Result<bool> emit_gemm(Builder& builder, const NodeContext& context);
[[nodiscard]] Result<bool> emit_global_max_pool(Builder& builder, const NodeContext& context);
[[nodiscard]] Result<bool> emit_global_average_pool(Builder& builder, const NodeContext& context);
[[nodiscard]] Result<bool> emit_max_pool(Builder& builder, const NodeContext& context);
[[nodiscard]] Result<bool> emit_add(Builder& builder, const NodeContext& context);
[[nodiscard]] Result<bool> emit_clip(Builder& builder, const NodeContext& context);
[[nodiscard]] Result<bool> emit_relu(Builder& builder, const NodeContext& context);
[[nodiscard]] Result<bool> emit_concat(Builder& builder, const NodeContext& context);
[[nodiscard]] Result<bool> emit_flatten(Builder& builder, const NodeContext& context);

}  // namespace checkbox::runtime::onednn
