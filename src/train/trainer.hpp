// A whole training: dataset folder in, run folder out. Prints nothing: an Observer is told how it goes. No torch here.
// One training at a time in a process (LibTorch's threads and random generator are the process's). Same data, options,
// seed, machine and thread count: bitwise the same model.onnx.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "data/dataset.hpp"
#include "metrics/evaluation.hpp"
#include "train/options.hpp"
#include "train/run/history.hpp"

namespace checkbox::train {

struct RunInfo {
  std::filesystem::path folder;
  std::size_t train_images = 0;
  std::size_t images_per_epoch = 0;  // one fewer where the last batch would hold a single image
  std::size_t valid_images = 0;
  std::int64_t parameters = 0;
  std::int64_t trainable_parameters = 0;
  int threads = 0;
};

enum class Phase { kTraining, kValidation, kFinal };

struct BatchReport {
  Phase phase = Phase::kTraining;
  int epoch = 0;
  std::size_t images_done = 0;  // in this phase of the epoch
  std::size_t images_total = 0;
  double loss = 0;  // mean so far
  double accuracy = 0;
  double images_per_second = 0;
};

class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_start(const RunInfo&) {}
  virtual void on_batch(const BatchReport&) {}
  // false ends the training as patience does: how a pruner stops a trial.
  virtual bool on_epoch(const EpochRecord&, bool /*is_best*/) { return true; }
};

enum class StopReason { kAllEpochs, kPatience, kInterrupted, kObserver };

struct TrainReport {
  std::filesystem::path folder;
  StopReason reason = StopReason::kAllEpochs;
  History history;
  int best_epoch = 0;  // 0 where no epoch was finished: then there is no artifact either
  std::optional<std::filesystem::path> artifact;
  // Of the best checkpoint, without augmentation, by split: train, valid and, where there is one, test.
  std::map<std::string, metrics::Evaluation> evaluations;
};

// `stop` may be set at any time, also by a signal handler: training ends after the current batch, and what the epochs
// finished by then have given is still evaluated and written. Errors: options (kInvalidArgument), a dataset without
// usable train and valid splits (kInvalidArgument), a full disk (kIo; files written before stay), a loss that is not
// finite.
[[nodiscard]] Result<TrainReport> train(const data::Dataset& dataset, const TrainOptions& options,
                                        const std::atomic<bool>& stop, Observer& observer);

}  // namespace checkbox::train
