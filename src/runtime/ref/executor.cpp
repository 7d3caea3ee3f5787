#include "runtime/ref/executor.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include "runtime/check.hpp"

namespace checkbox::runtime::ref {
namespace {

constexpr std::int64_t kImagesAtOnce = 4;  // bounds the memory that a large batch takes

class ReferenceExecutor final : public Executor {
 public:
  explicit ReferenceExecutor(Graph graph) : graph_(std::move(graph)) {}

  [[nodiscard]] Status run(const float* input, std::int64_t images, float* logits) const override {
    for (std::int64_t done = 0; done < images;) {
      const std::int64_t count = std::min(images - done, kImagesAtOnce);
      CHECKBOX_TRY(const ShapeMap shapes, infer_shapes(graph_, count));
      CHECKBOX_CHECK(run_step(shapes, input, logits));
      input += elements(shapes.find(graph_.input.name)->second);
      logits += elements(shapes.find(graph_.output.name)->second);
      done += count;
    }
    return {};
  }

 private:
  [[nodiscard]] Status run_step(const ShapeMap& shapes, const float* input, float* logits) const {
    std::map<std::string_view, std::vector<float>> computed;
    std::map<std::string_view, const float*> values{{graph_.input.name, input}};
    for (const auto& [name, tensor] : graph_.initializers) values[name] = tensor.floats().data();
    for (const Node& node : graph_.nodes) {
      const NodeContext context = context_of(graph_, node, shapes);
      CHECKBOX_TRY(const ReferenceKernel kernel, find_operator(node.op_type)->reference(context));
      std::vector<const float*> inputs;
      for (const std::string& name : node.inputs) inputs.push_back(name.empty() ? nullptr : values[name]);
      const std::string& name = node.outputs[0];
      auto& output = computed[name];
      output.resize(static_cast<std::size_t>(elements(shapes.find(name)->second)));
      kernel(inputs, output.data());
      values[name] = output.data();
    }
    std::ranges::copy(computed[graph_.output.name], logits);
    return {};
  }

  Graph graph_;
};

}  // namespace

Result<std::unique_ptr<Executor>> make_executor(const Graph& graph) {
  return std::unique_ptr<Executor>(std::make_unique<ReferenceExecutor>(graph));
}

}  // namespace checkbox::runtime::ref
