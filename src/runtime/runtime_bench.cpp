// Milliseconds per image of the baseline network by threads and batch. The logits are compared with the reference
// kernels' before anything is timed. CHECKBOX_BENCH_MODEL=FILE times another artifact.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <utility>

#include "runtime/model.hpp"
#include "tests/support/networks.hpp"

namespace checkbox::runtime {
namespace {

constexpr float kTolerance = 1e-4f;

Graph graph_to_time() {
  const char* path = std::getenv("CHECKBOX_BENCH_MODEL");
  if (path == nullptr) return testing::random_network(7);
  auto artifact = read_artifact(path);
  if (!artifact.ok()) throw std::runtime_error(artifact.error().message);
  return artifact->graph;
}

std::vector<float> logits_of(const Model& model, std::span<const float> input, std::int64_t batch) {
  std::vector<float> logits(static_cast<std::size_t>(batch * model.class_count()), NAN);
  if (const Status status = model.run(input, batch, logits); !status.ok()) {
    throw std::runtime_error(status.error().message);
  }
  return logits;
}

// Compiled, and found to give the reference kernels' logits for one image.
Model checked_model(const Graph& graph, int threads) {
  Model model = Model::compile(graph, {.threads = threads}).value();
  Rng rng(7);
  const auto input = testing::random_values(rng, static_cast<std::size_t>(model.input_size()));
  static const std::vector<float> expected =
      logits_of(Model::compile(graph, {.backend = Backend::kReference}).value(), input, 1);
  const auto found = logits_of(model, input, 1);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (!(std::abs(found[i] - expected[i]) <= kTolerance)) throw std::runtime_error("logits differ from the reference");
  }
  return model;
}

void BM_Run(benchmark::State& state) {
  static const Graph graph = graph_to_time();
  const Model model = checked_model(graph, static_cast<int>(state.range(0)));
  const std::int64_t batch = state.range(1);
  Rng rng(1);
  const auto input = testing::random_values(rng, static_cast<std::size_t>(batch * model.input_size()));
  for (auto _ : state) benchmark::DoNotOptimize(logits_of(model, input, batch));
  state.counters["time/image"] = benchmark::Counter(
      static_cast<double>(batch), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_Run)
    ->ArgNames({"threads", "batch"})
    ->ArgsProduct({{1, 2}, {1, 32}})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace checkbox::runtime
