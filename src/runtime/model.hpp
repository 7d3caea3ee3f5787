// A graph made ready to run: weights packed, shapes known, kernels chosen. Const use is thread-safe; each call takes
// its own scratch memory from a pool. No oneDNN type shows here.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "runtime/graph.hpp"

namespace checkbox::runtime {

enum class Backend {
  kOneDnn,     // the fast kernels
  kReference,  // plain loops: the oracle of the fast ones
};

struct ModelOptions {
  Backend backend = Backend::kOneDnn;
  int threads = 1;  // that one run may use
};

class Model {
 public:
  // kUnsupported names the node and the reason.
  [[nodiscard]] static Result<Model> compile(const Graph& graph, const ModelOptions& options = {});

  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  [[nodiscard]] std::int64_t class_count() const;
  // Values per image of the input.
  [[nodiscard]] std::int64_t input_size() const;

  // input: [batch, 3, H, W] f32; logits: [batch, class_count()] f32, written whole.
  [[nodiscard]] Status run(std::span<const float> input, std::int64_t batch, std::span<float> logits) const;

 private:
  struct Impl;
  explicit Model(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace checkbox::runtime
