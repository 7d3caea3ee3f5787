// Runs a graph with oneDNN: a plan per number of images, scratch memory from a pool. This header and executor.cpp are
// the whole of what the rest of the runtime sees of oneDNN.
#pragma once

#include <memory>

#include "runtime/executor.hpp"

namespace checkbox::runtime::onednn {

// The graph must be a checked one; threads >= 1 is what one run may use. kUnsupported names the node and the reason.
[[nodiscard]] Result<std::unique_ptr<Executor>> make_executor(const Graph& graph, int threads);

}  // namespace checkbox::runtime::onednn
