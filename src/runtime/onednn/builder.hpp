// Turns a checked graph into a Plan, node by node. Each operator family has an emit function (kernels.hpp) that asks
// the builder for its inputs in the layout it likes and adds steps; a node that none can do runs the reference kernel.
//
// Values of four dimensions are kept channels-last (NHWC): measured on an AVX-512 machine, oneDNN's convolutions of the
// baseline take 3.8 ms in NHWC and 4.2 ms in the 16-channel blocks it prefers, which pad 20, 100 and 200 channels to
// 32, 112 and 208. Any other layout a kernel insists on is reordered to and from.
#pragma once

#include <dnnl.hpp>

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/check.hpp"
#include "runtime/onednn/plan.hpp"

namespace checkbox::runtime::onednn {

// Weights in the layouts that kernels want, made once and shared by the plans of one model.
class PackedWeights {
 public:
  explicit PackedWeights(dnnl::engine engine) : engine_(std::move(engine)), stream_(engine_) {}

  // `values` laid out as `source`, reordered to `wanted`. The key says whose they are, in any layout.
  [[nodiscard]] dnnl::memory get(const std::string& key, const dnnl::memory::desc& source, const float* values,
                                 const dnnl::memory::desc& wanted);
  [[nodiscard]] const dnnl::engine& engine() const { return engine_; }

 private:
  dnnl::engine engine_;
  dnnl::stream stream_;
  std::map<std::string, std::vector<dnnl::memory>> packed_;
};

class Builder {
 public:
  // `shapes` as inferred for the number of images that the plan is for.
  Builder(const Graph& graph, ShapeMap shapes, PackedWeights& weights);

  // kUnsupported names the node and the reason. Throws what oneDNN throws.
  [[nodiscard]] Result<std::unique_ptr<const Plan>> build();

  [[nodiscard]] const dnnl::engine& engine() const { return weights_.engine(); }
  [[nodiscard]] PackedWeights& weights() { return weights_; }
  [[nodiscard]] const Shape& shape(std::string_view value) const { return shapes_.find(value)->second; }

  // A value that an earlier node made, the input or an initializer, in that layout. Reordered once at most.
  [[nodiscard]] Located find(const std::string& value, const dnnl::memory::desc& layout);
  // New memory for a node's output.
  [[nodiscard]] Located make(const std::string& value, const dnnl::memory::desc& layout);
  // New memory for a single step.
  [[nodiscard]] Located make_scratch(const dnnl::memory::desc& layout);
  // `value` is the same bytes under another shape.
  void alias(const std::string& value, const Located& other, const dnnl::memory::desc& layout);

  void add(PrimitiveStep step);
  // `uses`: every storage that the function touches.
  void add(Function function, std::span<const Located> uses);

  [[nodiscard]] NodeContext context(const Node& node) const { return context_of(graph_, node, shapes_); }
  [[nodiscard]] bool is_input(const std::string& value) const { return value == graph_.input.name; }
  // Whether an earlier node made the value.
  [[nodiscard]] bool is_made(const std::string& value) const { return values_.contains(value); }

  // The node that alone uses this value, which may then never be made: for fusing the two. Null otherwise.
  [[nodiscard]] const Node* only_user(const std::string& value) const;
  // The same of the node's output, if it is a Relu.
  [[nodiscard]] const Node* following_relu(const Node& node) const;
  // The node's work has been done as part of another.
  void mark_done(const Node& node) { done_.insert(&node); }

 private:
  [[nodiscard]] Status emit(const Node& node);
  [[nodiscard]] Status emit_reference(const NodeContext& context);
  void use(std::size_t storage);
  std::size_t add_storage(const Storage& storage);

  const Graph& graph_;
  PackedWeights& weights_;
  ShapeMap shapes_;
  std::map<std::string, std::vector<Located>, std::less<>> values_;  // each in the layouts it was made or asked for in
  std::map<std::string, std::vector<const Node*>, std::less<>> consumers_;
  std::set<const Node*> done_;
  std::vector<Storage> storages_;
  std::vector<std::size_t> first_use_, last_use_;  // by storage, step numbers
  std::vector<Step> steps_;
  std::size_t scratchpad_bytes_ = 0;
};

// Row-major (NCHW).
[[nodiscard]] dnnl::memory::desc row_major(const Shape& shape);
// NHWC for four dimensions, row-major for others.
[[nodiscard]] dnnl::memory::desc channels_last(const Shape& shape);
[[nodiscard]] dnnl::primitive_attr user_scratchpad();

}  // namespace checkbox::runtime::onednn
