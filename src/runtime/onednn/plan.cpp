#include "runtime/onednn/plan.hpp"

#include <new>

#include "runtime/memory_plan.hpp"

namespace checkbox::runtime::onednn {
namespace {

float* aligned_block(std::size_t bytes) {
  return static_cast<float*>(::operator new (bytes > 0 ? bytes : kAlignment, std::align_val_t{kAlignment}));
}

float* at(float* block, std::size_t offset) {
  return block + offset / sizeof(float);
}

}  // namespace

void Arena::AlignedDelete::operator()(float* block) const {
  ::operator delete (block, std::align_val_t{kAlignment});
}

Arena::Arena(const Plan& plan) : block_(aligned_block(plan.arena_bytes())), stream_(plan.engine_) {
  for (const Storage& storage : plan.storages_) {
    switch (storage.kind) {
      case Storage::Kind::kArena:
        storages_.push_back(at(block_.get(), storage.offset));
        break;
      case Storage::Kind::kConstant:
        storages_.push_back(const_cast<float*>(storage.constant->data()));  // steps only read it
        break;
      default:
        storages_.push_back(nullptr);  // known when it runs
    }
  }
  for (const Step& step : plan.steps_) {
    auto& arguments = arguments_.emplace_back();
    const auto* primitive = std::get_if<PrimitiveStep>(&step);
    if (primitive == nullptr) continue;
    const auto add = [&](int argument, const dnnl::memory& memory) {
      memories_.push_back(memory);
      arguments.push_back({argument, memory.get()});
    };
    for (const auto& [argument, value] : primitive->values) {
      const dnnl::memory memory(value.desc, plan.engine_, storages_[value.storage]);
      const Storage::Kind kind = plan.storages_[value.storage].kind;
      if (kind == Storage::Kind::kInput) inputs_.push_back(memory);
      if (kind == Storage::Kind::kOutput) outputs_.push_back(memory);
      add(argument, memory);
    }
    for (const auto& [argument, memory] : primitive->constants) add(argument, memory);
    if (primitive->scratchpad.get_size() > 0) {
      add(DNNL_ARG_SCRATCHPAD, dnnl::memory(primitive->scratchpad, plan.engine_, at(block_.get(), plan.arena_bytes_)));
    }
  }
}

Plan::Plan(dnnl::engine engine, std::vector<Storage> storages, std::vector<Step> steps, std::size_t arena_bytes,
           std::size_t scratchpad_bytes)
    : engine_(std::move(engine)),
      storages_(std::move(storages)),
      steps_(std::move(steps)),
      arena_bytes_(arena_bytes),
      scratchpad_bytes_(scratchpad_bytes) {}

Status Plan::run(Arena& arena, const float* input, float* output) const {
  for (std::size_t i = 0; i < storages_.size(); ++i) {
    if (storages_[i].kind == Storage::Kind::kInput) arena.storages_[i] = const_cast<float*>(input);
    if (storages_[i].kind == Storage::Kind::kOutput) arena.storages_[i] = output;
  }
  for (dnnl::memory& memory : arena.inputs_) memory.set_data_handle(const_cast<float*>(input));
  for (dnnl::memory& memory : arena.outputs_) memory.set_data_handle(output);
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    if (const auto* function = std::get_if<Function>(&steps_[i])) {
      (*function)(arena.storages_);
      continue;
    }
    // The C call, because the C++ one builds a map and a vector each time.
    const auto& arguments = arena.arguments_[i];
    const dnnl_status_t status =
        dnnl_primitive_execute(std::get<PrimitiveStep>(steps_[i]).primitive.get(), arena.stream_.get(),
                               static_cast<int>(arguments.size()), arguments.data());
    if (status != dnnl_success) {
      return error(ErrorCode::kInternal, "oneDNN failed in step {} with status {}", i, static_cast<int>(status));
    }
  }
  if (dnnl_stream_wait(arena.stream_.get()) != dnnl_success) {
    return error(ErrorCode::kInternal, "oneDNN failed to finish a run");
  }
  return {};
}

}  // namespace checkbox::runtime::onednn
