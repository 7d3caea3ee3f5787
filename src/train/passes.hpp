// One pass over the data: a training epoch, or predictions as they are. What the trainer is built from.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.hpp"
#include "nn/model.hpp"
#include "train/adam.hpp"
#include "train/loading/loader.hpp"
#include "train/run/history.hpp"

namespace checkbox::train {

struct PassProgress {
  std::size_t images_done = 0;
  double loss = 0;  // mean over the images so far
  double accuracy = 0;
};
// Called after every batch; false ends the pass with kCancelled.
using OnBatch = std::function<bool(const PassProgress&)>;

// Forward, backward and one optimizer step per batch of `epoch`. Dropout draws from torch's generator, which is seeded
// from {seed, epoch}: an epoch does not depend on how the ones before it were run. kInternal with the epoch in the
// message where the loss is not finite any more.
[[nodiscard]] Result<Scores> train_epoch(nn::Model& model, Loader& loader, Adam& optimizer, torch::Device device,
                                         std::uint64_t seed, int epoch, const OnBatch& on_batch);

struct Predictions {
  std::vector<int> labels;           // true ones, [N]
  std::vector<float> probabilities;  // [N, classes]
  Scores scores;
};

// The model in evaluation mode over the whole loader, which should be of LoaderMode::kEvaluation.
[[nodiscard]] Result<Predictions> predict(nn::Model& model, Loader& loader, torch::Device device,
                                          const OnBatch& on_batch);

}  // namespace checkbox::train
