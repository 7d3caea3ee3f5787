#include "runtime/model.hpp"

#include <algorithm>

#include "base/threads.hpp"
#include "runtime/check.hpp"
#include "runtime/limits.hpp"
#include "runtime/onednn/executor.hpp"
#include "runtime/ref/executor.hpp"

namespace checkbox::runtime {

struct Model::Impl {
  std::unique_ptr<Executor> executor;
  std::int64_t input_size;
  std::int64_t class_count;
};

Model::Model(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Result<Model> Model::compile(const Graph& graph, const ModelOptions& options) {
  if (options.threads < 1) {
    return error(ErrorCode::kInvalidArgument, "threads: {}, at least 1 expected", options.threads);
  }
  CHECKBOX_TRY(const Graph checked, check_graph(graph));
  CHECKBOX_TRY(const ShapeMap shapes, infer_shapes(checked, 1));
  const std::int64_t input_size = elements(shapes.find(checked.input.name)->second);
  const std::int64_t class_count = elements(shapes.find(checked.output.name)->second);
  const int threads = std::min(options.threads, available_cpus());
  CHECKBOX_TRY(auto executor, options.backend == Backend::kOneDnn ? onednn::make_executor(checked, threads)
                                                                  : ref::make_executor(checked));
  return Model(std::make_unique<Impl>(Impl{std::move(executor), input_size, class_count}));
}

std::int64_t Model::class_count() const {
  return impl_->class_count;
}

std::int64_t Model::input_size() const {
  return impl_->input_size;
}

Status Model::run(std::span<const float> input, std::int64_t batch, std::span<float> logits) const {
  if (batch < 1 || batch > kMaxBatch) {
    return error(ErrorCode::kInvalidArgument, "batch of {} images, 1 to {} expected", batch, kMaxBatch);
  }
  const auto input_values = static_cast<std::size_t>(batch * impl_->input_size);
  const auto logit_values = static_cast<std::size_t>(batch * impl_->class_count);
  if (input.size() != input_values || logits.size() != logit_values) {
    return error(ErrorCode::kInvalidArgument, "{} input values and room for {} logits, {} and {} expected",
                 input.size(), logits.size(), input_values, logit_values);
  }
  return impl_->executor->run(input.data(), batch, logits.data());
}

}  // namespace checkbox::runtime
