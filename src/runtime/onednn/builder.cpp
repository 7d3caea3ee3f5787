#include "runtime/onednn/builder.hpp"

#include <algorithm>
#include <array>

#include "runtime/memory_plan.hpp"
#include "runtime/onednn/kernels.hpp"

namespace checkbox::runtime::onednn {
namespace {

using dnnl::memory;

constexpr std::size_t kUnused = SIZE_MAX;
constexpr std::size_t kFewInputs = 8;  // as many pointers as are passed on without allocating

memory::desc strided(const Shape& shape, std::span<const std::size_t> outer_to_inner) {
  memory::dims strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t i = outer_to_inner.size(); i-- > 0;) {
    strides[outer_to_inner[i]] = stride;
    stride *= shape[outer_to_inner[i]];
  }
  return {shape, memory::data_type::f32, strides};
}

// Whether the two name the same bytes: NCHW and NHWC do with one channel or one pixel.
bool same_order(const Shape& shape, const memory::desc& a, const memory::desc& b) {
  if (a == b) return true;
  if (shape.size() != 4 || (shape[1] != 1 && shape[2] * shape[3] != 1)) return false;
  const auto is_dense = [&](const memory::desc& desc) {
    return desc == row_major(shape) || desc == channels_last(shape);
  };
  return is_dense(a) && is_dense(b);
}

dnnl::reorder::primitive_desc describe_reorder(const dnnl::engine& engine, const memory::desc& from,
                                               const memory::desc& to) {
  return {engine, from, engine, to, user_scratchpad()};
}

}  // namespace

memory::desc row_major(const Shape& shape) {
  if (shape.empty()) return row_major({1});
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < shape.size(); ++i) order.push_back(i);
  return strided(shape, order);
}

memory::desc channels_last(const Shape& shape) {
  if (shape.size() != 4) return row_major(shape);
  return strided(shape, std::array<std::size_t, 4>{0, 2, 3, 1});
}

dnnl::primitive_attr user_scratchpad() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

memory PackedWeights::get(const std::string& key, const memory::desc& source, const float* values,
                          const memory::desc& wanted) {
  auto& layouts = packed_[key];
  for (const memory& known : layouts) {
    if (known.get_desc() == wanted) return known;
  }
  memory from(source, engine_, const_cast<float*>(values));
  memory packed(wanted, engine_);
  dnnl::reorder(from, packed).execute(stream_, from, packed);
  stream_.wait();
  return layouts.emplace_back(packed);
}

Builder::Builder(const Graph& graph, ShapeMap shapes, PackedWeights& weights)
    : graph_(graph), weights_(weights), shapes_(std::move(shapes)) {
  const memory::desc layout = row_major(shape(graph.input.name));
  values_[graph.input.name] = {{add_storage({Storage::Kind::kInput, layout.get_size(), 0, nullptr}), layout}};
  for (const Node& node : graph.nodes) {
    for (const std::string& name : node.inputs) {
      if (!name.empty()) consumers_[name].push_back(&node);
    }
  }
}

std::size_t Builder::add_storage(const Storage& storage) {
  storages_.push_back(storage);
  first_use_.push_back(kUnused);
  last_use_.push_back(kUnused);
  return storages_.size() - 1;
}

void Builder::use(std::size_t storage) {
  if (first_use_[storage] == kUnused) first_use_[storage] = steps_.size();
  last_use_[storage] = steps_.size();
}

void Builder::add(PrimitiveStep step) {
  for (const auto& [argument, value] : step.values) use(value.storage);
  scratchpad_bytes_ = std::max(scratchpad_bytes_, step.scratchpad.get_size());
  steps_.emplace_back(std::move(step));
}

void Builder::add(Function function, std::span<const Located> uses) {
  for (const Located& value : uses) use(value.storage);
  steps_.emplace_back(std::move(function));
}

Located Builder::find(const std::string& value, const memory::desc& layout) {
  auto& layouts = values_[value];
  if (layouts.empty()) {
    const auto floats = graph_.initializers.find(value)->second.floats();
    const Storage constant{Storage::Kind::kConstant, floats.size_bytes(), 0,
                           std::make_shared<const std::vector<float>>(floats.begin(), floats.end())};
    layouts.push_back({add_storage(constant), row_major(shape(value))});
  }
  for (const Located& known : layouts) {
    if (same_order(shape(value), known.desc, layout)) return {known.storage, layout};
  }
  const auto reorder = describe_reorder(engine(), layouts.front().desc, layout);
  layouts.push_back(make_scratch(layout));
  add({dnnl::reorder(reorder),
       {{DNNL_ARG_FROM, layouts.front()}, {DNNL_ARG_TO, layouts.back()}},
       {},
       reorder.scratchpad_desc()});
  return layouts.back();
}

Located Builder::make(const std::string& value, const memory::desc& layout) {
  return values_[value].emplace_back(make_scratch(layout));
}

Located Builder::make_scratch(const memory::desc& layout) {
  return {add_storage({Storage::Kind::kArena, layout.get_size(), 0, nullptr}), layout};
}

void Builder::alias(const std::string& value, const Located& other, const memory::desc& layout) {
  values_[value].push_back({other.storage, layout});
}

const Node* Builder::only_user(const std::string& value) const {
  const auto found = consumers_.find(value);
  if (found == consumers_.end() || found->second.size() != 1 || value == graph_.output.name) return nullptr;
  return found->second[0];
}

const Node* Builder::following_relu(const Node& node) const {
  const Node* next = only_user(node.outputs[0]);
  return next != nullptr && next->op_type == "Relu" ? next : nullptr;
}

Status Builder::emit_reference(const NodeContext& context) {
  CHECKBOX_TRY(const ReferenceKernel kernel, find_operator(context.node.op_type)->reference(context));
  std::vector<Located> uses;
  std::vector<std::size_t> inputs;
  for (std::size_t i = 0; i < context.node.inputs.size(); ++i) {
    if (!context.has_input(i)) {
      inputs.push_back(kUnused);
      continue;
    }
    uses.push_back(find(context.node.inputs[i], row_major(context.inputs[i])));
    inputs.push_back(uses.back().storage);
  }
  const std::string& name = context.node.outputs[0];
  uses.push_back(make(name, row_major(shape(name))));
  const std::size_t output = uses.back().storage;
  add(
      [kernel, inputs, output](std::span<float* const> storages) {
        std::array<const float*, kFewInputs> few{};
        std::vector<const float*> many;
        std::span<const float*> pointers(few);
        if (inputs.size() > few.size()) {
          many.resize(inputs.size());
          pointers = many;
        }
        for (std::size_t i = 0; i < inputs.size(); ++i) {
          pointers[i] = inputs[i] == kUnused ? nullptr : storages[inputs[i]];
        }
        kernel(pointers.first(inputs.size()), storages[output]);
      },
      uses);
  return {};
}

Status Builder::emit(const Node& node) {
  const NodeContext context = this->context(node);
  if (const Emit fast = find_emit(node.op_type)) {
    CHECKBOX_TRY(const bool done, fast(*this, context));
    if (done) return {};
  }
  return emit_reference(context);
}

Result<std::unique_ptr<const Plan>> Builder::build() {
  for (const Node& node : graph_.nodes) {
    if (!done_.contains(&node)) CHECKBOX_CHECK(emit(node));
  }
  const memory::desc layout = row_major(shape(graph_.output.name));
  const std::size_t bytes = layout.get_size();
  const Located logits = find(graph_.output.name, layout);
  const Located output{add_storage({Storage::Kind::kOutput, bytes, 0, nullptr}), layout};
  add([from = logits.storage, to = output.storage, count = bytes / sizeof(float)](
          std::span<float* const> storages) { std::copy_n(storages[from], count, storages[to]); },
      std::array{logits, output});

  std::vector<Lifetime> lifetimes;
  std::vector<std::size_t> in_arena;
  for (std::size_t i = 0; i < storages_.size(); ++i) {
    if (storages_[i].kind != Storage::Kind::kArena || first_use_[i] == kUnused) continue;
    lifetimes.push_back({storages_[i].bytes, first_use_[i], last_use_[i]});
    in_arena.push_back(i);
  }
  const MemoryPlan memory = plan_memory(lifetimes);
  for (std::size_t i = 0; i < in_arena.size(); ++i) storages_[in_arena[i]].offset = memory.offsets[i];
  return std::make_unique<const Plan>(engine(), std::move(storages_), std::move(steps_), memory.bytes,
                                      scratchpad_bytes_);
}

}  // namespace checkbox::runtime::onednn
