// Runs a graph node by node with the plain kernels. Slow and obvious; allocates every value.
#pragma once

#include <memory>

#include "runtime/executor.hpp"

namespace checkbox::runtime::ref {

// The graph must be a checked one.
[[nodiscard]] Result<std::unique_ptr<Executor>> make_executor(const Graph& graph);

}  // namespace checkbox::runtime::ref
