// What one training run is told, and how it is written down in config.json and in the artifact. Plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"

namespace checkbox::train {

struct TrainOptions {
  std::filesystem::path log_dir = "logs";
  std::string model = "baseline";  // one of nn::trainable_architectures()
  int epochs = 50;
  int batch_size = 8;  // >= 2: BatchNorm cannot train on a single image
  double learning_rate = 0.00093;
  double weight_decay = 0.000001514;  // L2, added to the gradient as torch.optim.Adam does
  int patience = 3;                   // epochs without a better validation loss before training stops
  std::uint64_t seed = 17;
  int workers = 1;                                        // loader threads; 0: none
  int threads = 0;                                        // of LibTorch; 0: available_cpus()
  std::string device = "cpu";                             // or "cuda"
  std::uint64_t max_kept_bytes = std::uint64_t{1} << 30;  // of decoded images, per split
};

// kInvalidArgument names the option.
[[nodiscard]] Status check(const TrainOptions& options);

// Those options that bear on the result: not paths, threads or workers.
[[nodiscard]] Json hyperparameters(const TrainOptions& options);

}  // namespace checkbox::train
