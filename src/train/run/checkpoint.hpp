// Where a training stands after an epoch, as one safetensors file: the weights under their own names (so any reader of
// weights takes a checkpoint), Adam's moments under "optimizer.", the rest as JSON in the file's metadata. Random
// numbers need no state: all of them are drawn from the seed and the epoch. No torch; plain values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>

#include "base/json.hpp"
#include "base/result.hpp"
#include "train/run/history.hpp"
#include "weights/tensor.hpp"

namespace checkbox::train {

struct Checkpoint {
  weights::TensorMap weights;         // parameters and buffers
  weights::TensorMap first_moments;   // by parameter name; empty in best.ckpt
  weights::TensorMap second_moments;  // likewise
  std::int64_t optimizer_steps = 0;
  int epoch = 0;  // finished
  int best_epoch = 0;
  double best_loss = std::numeric_limits<double>::infinity();  // on the validation set
  History history;
  Json config;  // of the run, as in config.json
};

[[nodiscard]] Status save(const Checkpoint& checkpoint, const std::filesystem::path& path);
// kCorrupt for a file that `save` did not write.
[[nodiscard]] Result<Checkpoint> load_checkpoint(const std::filesystem::path& path);

}  // namespace checkbox::train
