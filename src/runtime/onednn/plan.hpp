// A graph compiled for one number of images: a list of steps over values whose places in memory are fixed. Immutable
// once built and shared by any number of threads, each with an Arena of its own. Running allocates nothing here.
#pragma once

#include <dnnl.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.hpp"

namespace checkbox::runtime::onednn {

// Where a value's bytes are.
struct Storage {
  enum class Kind { kArena, kInput, kOutput, kConstant };
  Kind kind = Kind::kArena;
  std::size_t bytes = 0;
  std::size_t offset = 0;                              // kArena
  std::shared_ptr<const std::vector<float>> constant;  // kConstant
};

// A value as a primitive sees it.
struct Located {
  std::size_t storage;
  dnnl::memory::desc desc;
};

struct PrimitiveStep {
  dnnl::primitive primitive;
  std::vector<std::pair<int, Located>> values;          // by DNNL_ARG_...
  std::vector<std::pair<int, dnnl::memory>> constants;  // packed weights
  dnnl::memory::desc scratchpad;
};

// Our own code; pointers by storage index.
using Function = std::function<void(std::span<float* const> storages)>;

using Step = std::variant<PrimitiveStep, Function>;

class Plan;

// What one run writes to. For one thread at a time.
class Arena {
 public:
  explicit Arena(const Plan& plan);

 private:
  friend class Plan;
  struct AlignedDelete {
    void operator()(float* block) const;
  };
  std::unique_ptr<float, AlignedDelete> block_;
  std::vector<float*> storages_;
  std::vector<dnnl::memory> memories_;  // keeps alive what arguments_ points to
  std::vector<dnnl::memory> inputs_, outputs_;
  std::vector<std::vector<dnnl_exec_arg_t>> arguments_;  // by step; empty for a Function
  dnnl::stream stream_;
};

class Plan {
 public:
  Plan(dnnl::engine engine, std::vector<Storage> storages, std::vector<Step> steps, std::size_t arena_bytes,
       std::size_t scratchpad_bytes);

  // kInternal where oneDNN fails, with its status.
  [[nodiscard]] Status run(Arena& arena, const float* input, float* output) const;

  [[nodiscard]] std::size_t arena_bytes() const { return arena_bytes_ + scratchpad_bytes_; }

 private:
  friend class Arena;
  dnnl::engine engine_;
  std::vector<Storage> storages_;
  std::vector<Step> steps_;
  std::size_t arena_bytes_;
  std::size_t scratchpad_bytes_;
};

}  // namespace checkbox::runtime::onednn
