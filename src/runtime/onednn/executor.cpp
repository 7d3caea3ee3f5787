#include "runtime/onednn/executor.hpp"

#include <list>
#include <mutex>

#include "runtime/onednn/builder.hpp"
#include "runtime/onednn/compat.hpp"
#include "runtime/pool.hpp"

namespace checkbox::runtime::onednn {
namespace {

// One image at a time keeps its values in the second-level cache.
constexpr std::int64_t kMaxImages = 1;
// Plans kept, by number of images; the one not used for longest goes first.
constexpr std::size_t kMaxPlans = 4;

struct Compiled {
  std::int64_t images;
  std::unique_ptr<const Plan> plan;
  Pool<Arena> arenas;
};

class OneDnnExecutor final : public Executor {
 public:
  OneDnnExecutor(Graph graph, int threads)
      : graph_(std::move(graph)), threads_(threads), weights_(dnnl::engine(dnnl::engine::kind::cpu, 0)) {}

  // Compiles for one image, so that what cannot be compiled is refused now.
  [[nodiscard]] Status prepare() const {
    const ThreadScope scope(threads_);
    const auto compiled = plan_for(1);
    return compiled.ok() ? Status() : compiled.error();
  }

  [[nodiscard]] std::int64_t max_images() const override { return kMaxImages; }

  [[nodiscard]] Status run(const float* input, std::int64_t images, float* logits) const override {
    try {
      const ThreadScope scope(threads_);
      CHECKBOX_TRY(const std::shared_ptr<Compiled> compiled, plan_for(images));
      const auto arena = compiled->arenas.take([&] { return std::make_unique<Arena>(*compiled->plan); });
      return compiled->plan->run(*arena, input, logits);
    } catch (const std::exception& failure) {
      return error(ErrorCode::kInternal, "oneDNN: {}", failure.what());
    }
  }

 private:
  Result<std::shared_ptr<Compiled>> plan_for(std::int64_t images) const {
    const std::lock_guard lock(mutex_);
    for (auto found = plans_.begin(); found != plans_.end(); ++found) {
      if ((*found)->images != images) continue;
      plans_.splice(plans_.begin(), plans_, found);
      return plans_.front();
    }
    CHECKBOX_TRY(ShapeMap shapes, infer_shapes(graph_, images));
    CHECKBOX_TRY(auto plan, Builder(graph_, images, weights_, std::move(shapes)).build());
    auto compiled = std::make_shared<Compiled>();
    compiled->images = images;
    compiled->plan = std::move(plan);
    plans_.push_front(compiled);
    if (plans_.size() > kMaxPlans) plans_.pop_back();
    return compiled;
  }

  const Graph graph_;
  const int threads_;
  mutable std::mutex mutex_;
  mutable PackedWeights weights_;
  mutable std::list<std::shared_ptr<Compiled>> plans_;  // the most recently used first
};

}  // namespace

Result<std::unique_ptr<Executor>> make_executor(const Graph& graph, int threads) {
  try {
    auto executor = std::make_unique<OneDnnExecutor>(graph, threads);
    CHECKBOX_CHECK(executor->prepare());
    return std::unique_ptr<Executor>(std::move(executor));
  } catch (const std::exception& failure) {
    return error(ErrorCode::kInternal, "oneDNN: {}", failure.what());
  }
}

}  // namespace checkbox::runtime::onednn
