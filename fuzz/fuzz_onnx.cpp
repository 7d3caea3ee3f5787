// parse_artifact over hostile bytes. What it accepts must compile; if it is small enough to run at once, it must run
// and give the logits it promised, and writing it must give a file that reads back as the same bytes.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "runtime/artifact.hpp"
#include "runtime/check.hpp"
#include "runtime/model.hpp"

namespace {

using namespace checkbox::runtime;

constexpr std::int64_t kMaxWork = 1 << 24;  // products, bounded from above

// Values times weights and window sizes: no less than what the plain kernels do.
std::int64_t work_bound(const Graph& graph) {
  const auto shapes = infer_shapes(graph, 1);
  if (!shapes.ok()) std::abort();
  std::int64_t values = 0, per_value = 1;
  for (const auto& [name, shape] : *shapes) {
    (graph.initializers.contains(name) ? per_value : values) += elements(shape);
  }
  for (const Node& node : graph.nodes) {
    const auto window = node.attributes.find("kernel_shape");
    if (window == node.attributes.end()) continue;
    const auto* sides = std::get_if<std::vector<std::int64_t>>(&window->second);
    if (sides != nullptr) per_value += elements(*sides);
  }
  return per_value > kMaxWork || values > kMaxWork / per_value ? kMaxWork + 1 : values * per_value;
}

void check_round_trip(const Artifact& artifact) {
  const auto bytes = format_artifact(artifact);
  if (!bytes.ok()) return;  // metadata that is not UTF-8
  const auto again = parse_artifact(*bytes, "again");
  if (!again.ok() || format_artifact(*again).value() != *bytes) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto artifact = parse_artifact(std::span(data, size), "fuzzed");
  if (!artifact.ok()) return 0;
  check_round_trip(*artifact);
  const auto model = Model::compile(artifact->graph, {.backend = Backend::kReference});
  if (!model.ok()) std::abort();  // the reader has checked the same graph
  if (work_bound(artifact->graph) > kMaxWork) return 0;
  const std::vector<float> input(static_cast<std::size_t>(2 * model->input_size()), 0.5f);
  std::vector<float> logits(static_cast<std::size_t>(2 * model->class_count()));
  if (!model->run(input, 2, logits).ok()) std::abort();
  return 0;
}
