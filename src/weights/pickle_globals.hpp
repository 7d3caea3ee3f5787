// The closed list of Python names that a weight file may call, and what each means to us. Every other name in the place
// of a function is refused. Stateless.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace checkbox::weights {

enum class Callable : std::uint8_t {
  kInert,               // allowed, of no use: what Lightning and optimizers keep beside the weights
  kDict,                // a mapping; its entries follow, or are a list of pairs in the arguments
  kTuple,               // of its one argument
  kRebuildTensor,       // (storage, offset, size, stride, ...)
  kRebuildTensorDType,  // (storage, offset, size, stride, requires_grad, hooks, dtype, ...)
  kRebuildParameter,    // (tensor, ...)
  kRebuildFromType,     // (one of the above, type, its arguments, attributes)
};

// name: "module.name", as Pickle has it. Empty for a name that is not on the list.
[[nodiscard]] std::optional<Callable> callable_from_name(std::string_view name);

}  // namespace checkbox::weights
