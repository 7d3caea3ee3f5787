#include "weights/pickle_globals.hpp"

#include <algorithm>
#include <iterator>

namespace checkbox::weights {
namespace {

struct Entry {
  std::string_view name;
  Callable meaning;
};

// What torch.save of 0.4 to 2.x, pytorch_lightning 1.x and 2.x, and the standard and NumPy types in their checkpoints
// call. `__builtin__` and `copy_reg` are Python 2's spellings, which protocol 2 keeps.
constexpr Entry kCallables[] = {
    {"collections.OrderedDict", Callable::kDict},
    {"collections.defaultdict", Callable::kDict},
    {"collections.Counter", Callable::kDict},
    {"torch.Size", Callable::kTuple},
    {"torch._utils._rebuild_tensor", Callable::kRebuildTensor},
    {"torch._utils._rebuild_tensor_v2", Callable::kRebuildTensor},
    {"torch._utils._rebuild_tensor_v3", Callable::kRebuildTensorDType},
    {"torch._utils._rebuild_parameter", Callable::kRebuildParameter},
    {"torch._utils._rebuild_parameter_with_state", Callable::kRebuildParameter},
    {"torch._tensor._rebuild_from_type_v2", Callable::kRebuildFromType},
    {"torch.device", Callable::kInert},
    {"torch.serialization._get_layout", Callable::kInert},
    {"torch._utils._rebuild_sparse_tensor", Callable::kInert},
    {"torch._utils._rebuild_device_tensor_from_numpy", Callable::kInert},
    {"torch._utils._rebuild_qtensor", Callable::kInert},
    {"_codecs.encode", Callable::kInert},  // how protocol 2 spells bytes
    {"__builtin__.set", Callable::kInert},
    {"__builtin__.frozenset", Callable::kInert},
    {"__builtin__.bytearray", Callable::kInert},
    {"__builtin__.complex", Callable::kInert},
    {"__builtin__.slice", Callable::kInert},
    {"__builtin__.xrange", Callable::kInert},
    {"builtins.set", Callable::kInert},
    {"builtins.frozenset", Callable::kInert},
    {"builtins.bytearray", Callable::kInert},
    {"builtins.complex", Callable::kInert},
    {"builtins.slice", Callable::kInert},
    {"builtins.range", Callable::kInert},
    {"copy_reg._reconstructor", Callable::kInert},
    {"copyreg._reconstructor", Callable::kInert},
    {"argparse.Namespace", Callable::kInert},
    {"collections.deque", Callable::kInert},
    {"datetime.date", Callable::kInert},
    {"datetime.datetime", Callable::kInert},
    {"datetime.timedelta", Callable::kInert},
    {"pathlib.PosixPath", Callable::kInert},
    {"pathlib.PurePosixPath", Callable::kInert},
    {"pathlib.WindowsPath", Callable::kInert},
    {"pathlib.PureWindowsPath", Callable::kInert},
    {"pathlib._local.PosixPath", Callable::kInert},
    {"pathlib._local.WindowsPath", Callable::kInert},
    {"numpy.dtype", Callable::kInert},
    {"numpy.ndarray", Callable::kInert},
    {"numpy.core.multiarray.scalar", Callable::kInert},
    {"numpy.core.multiarray._reconstruct", Callable::kInert},
    {"numpy._core.multiarray.scalar", Callable::kInert},
    {"numpy._core.multiarray._reconstruct", Callable::kInert},
    {"pytorch_lightning.utilities.parsing.AttributeDict", Callable::kInert},
    {"lightning_fabric.utilities.data.AttributeDict", Callable::kInert},
    {"lightning.fabric.utilities.data.AttributeDict", Callable::kInert},
    {"pytorch_lightning.trainer.states.TrainerFn", Callable::kInert},
    {"pytorch_lightning.trainer.states.TrainerStatus", Callable::kInert},
    {"pytorch_lightning.trainer.states.RunningStage", Callable::kInert},
};

}  // namespace

std::optional<Callable> callable_from_name(std::string_view name) {
  const auto* found = std::ranges::find(kCallables, name, &Entry::name);
  if (found == std::end(kCallables)) return std::nullopt;
  return found->meaning;
}

}  // namespace checkbox::weights
