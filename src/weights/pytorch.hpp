// What the two PyTorch file formats share: the meaning of their pickle. Finds the state dict, and turns its entries
// from (storage, offset, sizes, strides) into plain tensors. Also the readers of both containers. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.hpp"
#include "weights/pickle.hpp"
#include "weights/safetensors.hpp"
#include "weights/tensor.hpp"

namespace checkbox::weights {

// A storage as a persistent id describes it.
struct StorageId {
  std::string_view key;
  std::optional<DType> dtype;      // empty: bytes without a type, or of a type that Tensor has not
  std::uint64_t element_size = 1;  // bytes
  std::uint64_t element_count = 0;
  // A part of the storage, in elements; only files from before PyTorch 0.4 have it.
  std::uint64_t view_offset = 0;
  std::optional<std::uint64_t> view_count;
};

// kCorrupt if `id`, a kPersistent's arguments, is not ("storage", type, key, location, count[, view]).
[[nodiscard]] Result<StorageId> parse_storage_id(const Pickle& pickle, Pickle::Ref id, std::string_view name);

// The bytes of a whole storage: element_count * element_size.
using StorageSource = std::function<Result<std::span<const std::byte>>(const StorageId&)>;

// The state dict is the pickled object itself, or what it holds under "state_dict", "model_state_dict" or "model".
// Scalars beside it, and those under "hyper_parameters", become metadata. Together the tensors may take kMaxUnfolding
// times `file_bytes` (plus a little): a file can name one storage again and again.
[[nodiscard]] Result<WeightFile> weights_from_pickle(const Pickle& pickle, const StorageSource& storages,
                                                     std::uint64_t file_bytes, std::string_view name);
inline constexpr std::uint64_t kMaxUnfolding = 8;

// Since 1.6: a zip archive of data.pkl and one uncompressed record per storage.
[[nodiscard]] Result<WeightFile> parse_pytorch_zip(std::span<const std::uint8_t> bytes, std::string_view name);
// Before 1.6: five pickles, then the storages.
[[nodiscard]] Result<WeightFile> parse_pytorch_legacy(std::span<const std::uint8_t> bytes, std::string_view name);
[[nodiscard]] bool is_pytorch_legacy(std::span<const std::uint8_t> bytes);

}  // namespace checkbox::weights
