// The differences between oneDNN 2.x (operation descriptors) and 3.x (none), and between its threading runtimes:
// nothing outside this header asks for a version. Plain functions over dnnl types.
#pragma once

#include <dnnl.hpp>

#if DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP
// libgomp's; declared here because clang brings <omp.h> only with its own runtime.
extern "C" int omp_get_max_threads(void) noexcept;
extern "C" void omp_set_num_threads(int) noexcept;
#endif

namespace checkbox::runtime::onednn {

struct Convolution {
  dnnl::memory::desc source, weights, bias, destination;           // bias: an empty desc where there is none
  dnnl::memory::dims strides, dilations, pads_before, pads_after;  // dilations as oneDNN counts them: 0 is none
};

inline dnnl::convolution_forward::primitive_desc describe_convolution(const dnnl::engine& engine, const Convolution& c,
                                                                      const dnnl::primitive_attr& attributes) {
  constexpr auto kKind = dnnl::prop_kind::forward_inference;
  constexpr auto kAlgorithm = dnnl::algorithm::convolution_direct;
#if DNNL_VERSION_MAJOR >= 3
  return {engine,        kKind,     kAlgorithm,  c.source,      c.weights,    c.bias,
          c.destination, c.strides, c.dilations, c.pads_before, c.pads_after, attributes};
#else
  return {{kKind, kAlgorithm, c.source, c.weights, c.bias, c.destination, c.strides, c.dilations, c.pads_before,
           c.pads_after},
          attributes,
          engine};
#endif
}

struct InnerProduct {
  dnnl::memory::desc source, weights, bias, destination;
};

inline dnnl::inner_product_forward::primitive_desc describe_inner_product(const dnnl::engine& engine,
                                                                          const InnerProduct& p,
                                                                          const dnnl::primitive_attr& attributes) {
  constexpr auto kKind = dnnl::prop_kind::forward_inference;
#if DNNL_VERSION_MAJOR >= 3
  return {engine, kKind, p.source, p.weights, p.bias, p.destination, attributes};
#else
  return {{kKind, p.source, p.weights, p.bias, p.destination}, attributes, engine};
#endif
}

struct Pooling {
  dnnl::algorithm algorithm;
  dnnl::memory::desc source, destination;
  dnnl::memory::dims strides, kernel, pads_before, pads_after;
};

inline dnnl::pooling_forward::primitive_desc describe_pooling(const dnnl::engine& engine, const Pooling& p,
                                                              const dnnl::primitive_attr& attributes) {
  constexpr auto kKind = dnnl::prop_kind::forward_inference;
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::memory::dims no_dilation(p.kernel.size(), 0);
  return {engine,   kKind,       p.algorithm,   p.source,     p.destination, p.strides,
          p.kernel, no_dilation, p.pads_before, p.pads_after, attributes};
#else
  return {{kKind, p.algorithm, p.source, p.destination, p.strides, p.kernel, p.pads_before, p.pads_after},
          attributes,
          engine};
#endif
}

inline void append_eltwise(dnnl::post_ops& operations, dnnl::algorithm algorithm, float alpha, float beta) {
#if DNNL_VERSION_MAJOR >= 3
  operations.append_eltwise(algorithm, alpha, beta);
#else
  operations.append_eltwise(1.f, algorithm, alpha, beta);
#endif
}

inline void append_relu(dnnl::post_ops& operations) {
  append_eltwise(operations, dnnl::algorithm::eltwise_relu, 0.f, 0.f);
}

inline void append_clip(dnnl::post_ops& operations, float low, float high) {
  append_eltwise(operations, dnnl::algorithm::eltwise_clip, low, high);
}

// How many threads oneDNN uses on the calling thread, within a scope. Primitives must be made and run under the same
// number. OpenMP keeps the number per calling thread, so scopes on other threads do not interfere.
class ThreadScope {
 public:
#if DNNL_CPU_THREADING_RUNTIME == DNNL_RUNTIME_OMP
  explicit ThreadScope(int threads) : before_(omp_get_max_threads()) {
    omp_set_num_threads(threads);
  }
  ~ThreadScope() {
    omp_set_num_threads(before_);
  }

 private:
  int before_;
#else
  explicit ThreadScope(int) {}
#endif

 public:
  ThreadScope(const ThreadScope&) = delete;
  ThreadScope& operator=(const ThreadScope&) = delete;
};

}  // namespace checkbox::runtime::onednn
