#include <algorithm>
#include <array>
#include <utility>

#include "runtime/onednn/kernels.hpp"

namespace checkbox::runtime::onednn {

Emit find_emit(std::string_view op_type) {
  static constexpr std::array<std::pair<std::string_view, Emit>, 10> kKernels{{
      {"Add", emit_add},
      {"Clip", emit_clip},
      {"Concat", emit_concat},
      {"Conv", emit_conv},
      {"Flatten", emit_flatten},
      {"Gemm", emit_gemm},
      {"GlobalAveragePool", emit_global_average_pool},
      {"GlobalMaxPool", emit_global_max_pool},
      {"MaxPool", emit_max_pool},
      {"Relu", emit_relu},
  }};
  const auto* found = std::ranges::find(kKernels, op_type, &std::pair<std::string_view, Emit>::first);
  return found != kKernels.end() ? found->second : nullptr;
}

}  // namespace checkbox::runtime::onednn
