#include "nn/kernels/conv3x3s2.hpp"

namespace checkbox::nn {

const KernelSet* best_kernels() {
#ifdef CHECKBOX_X86_KERNELS
  if (__builtin_cpu_supports("avx512f") != 0) return &avx512::kernels();
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) return &avx2::kernels();
#endif
  return nullptr;
}

}  // namespace checkbox::nn
