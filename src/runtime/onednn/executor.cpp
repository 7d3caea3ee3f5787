#include "runtime/onednn/executor.hpp"

#include <exception>
#include <mutex>
#include <optional>

#include "base/threads.hpp"
#include "runtime/onednn/builder.hpp"
#include "runtime/onednn/compat.hpp"
#include "runtime/pool.hpp"

namespace checkbox::runtime::onednn {
namespace {

// A plan for one image, and scratch memory for as many runs at once as there have been.
struct Compiled {
  std::unique_ptr<const Plan> plan;
  mutable Pool<Arena> arenas;

  [[nodiscard]] Status run(const float* input, float* logits) const {
    const auto arena = arenas.take([&] { return std::make_unique<Arena>(*plan); });
    return plan->run(*arena, input, logits);
  }
};

// oneDNN reports by exceptions; they end here.
template <class Body>
auto without_exceptions(Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& failure) {
    return error(ErrorCode::kInternal, "oneDNN: {}", failure.what());
  }
}

// A batch is run image by image, so that an image's logits do not depend on its company. It costs nothing: the baseline
// takes the same time per image in plans of 1, 4 and 32 images, as one image's values fit the second-level cache.
// With several threads, a batch is spread over them by images, and a single image by oneDNN within each layer.
class OneDnnExecutor final : public Executor {
 public:
  explicit OneDnnExecutor(int threads) : threads_(threads) {}

  // kUnsupported names the node and the reason.
  [[nodiscard]] Status compile(const Graph& graph) {
    CHECKBOX_TRY(const ShapeMap shapes, infer_shapes(graph, 1));
    input_size_ = elements(shapes.find(graph.input.name)->second);
    logit_count_ = elements(shapes.find(graph.output.name)->second);
    PackedWeights weights(dnnl::engine(dnnl::engine::kind::cpu, 0));
    CHECKBOX_TRY(one_thread_.plan, compile(graph, shapes, weights, 1));
    if (threads_ > 1) {
      CHECKBOX_TRY(all_threads_.plan, compile(graph, shapes, weights, threads_));
    }
    return {};
  }

  [[nodiscard]] Status run(const float* input, std::int64_t images, float* logits) const override {
    if (images == 1) return run_one(threads_ > 1 ? all_threads_ : one_thread_, threads_, input, logits);
    std::mutex mutex;
    std::optional<Error> failure;
    parallel_for(static_cast<std::size_t>(images), threads_, [&](std::size_t i, int) {
      const auto image = static_cast<std::int64_t>(i);
      Status status = run_one(one_thread_, 1, input + image * input_size_, logits + image * logit_count_);
      if (status.ok()) return;
      const std::lock_guard lock(mutex);
      failure = std::move(status).error();
    });
    return failure ? Status(*std::move(failure)) : Status();
  }

 private:
  static Result<std::unique_ptr<const Plan>> compile(const Graph& graph, const ShapeMap& shapes, PackedWeights& weights,
                                                     int threads) {
    const ThreadScope scope(threads);
    return Builder(graph, shapes, weights).build();
  }

  static Status run_one(const Compiled& compiled, int threads, const float* input, float* logits) {
    return without_exceptions([&]() -> Status {
      const ThreadScope scope(threads);
      return compiled.run(input, logits);
    });
  }

  const int threads_;
  std::int64_t input_size_ = 0;
  std::int64_t logit_count_ = 0;
  Compiled one_thread_;
  Compiled all_threads_;  // only where threads_ > 1
};

}  // namespace

Result<std::unique_ptr<Executor>> make_executor(const Graph& graph, int threads) {
  return without_exceptions([&]() -> Result<std::unique_ptr<Executor>> {
    auto executor = std::make_unique<OneDnnExecutor>(threads);
    CHECKBOX_CHECK(executor->compile(graph));
    return std::unique_ptr<Executor>(std::move(executor));
  });
}

}  // namespace checkbox::runtime::onednn
