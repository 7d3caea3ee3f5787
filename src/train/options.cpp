#include "train/options.hpp"

#include <cmath>

namespace checkbox::train {
namespace {

constexpr int kMaxEpochs = 1'000'000;
constexpr int kMaxBatchSize = 4096;
constexpr int kMaxThreads = 1024;

Status check_range(const char* option, double value, double lowest, double highest) {
  if (value >= lowest && value <= highest) return {};
  return error(ErrorCode::kInvalidArgument, "--{}: expected {} to {}, found {}", option, lowest, highest, value);
}

}  // namespace

Status check(const TrainOptions& options) {
  CHECKBOX_CHECK(check_range("n-epochs", options.epochs, 1, kMaxEpochs));
  CHECKBOX_CHECK(check_range("batch-size", options.batch_size, 2, kMaxBatchSize));
  CHECKBOX_CHECK(check_range("lr", options.learning_rate, 1e-12, 1e3));
  CHECKBOX_CHECK(check_range("weight-decay", options.weight_decay, 0, 1e3));
  CHECKBOX_CHECK(check_range("patience", options.patience, 1, kMaxEpochs));
  CHECKBOX_CHECK(check_range("num-workers", options.workers, 0, kMaxThreads));
  CHECKBOX_CHECK(check_range("threads", options.threads, 0, kMaxThreads));
  if (options.device != "cpu" && options.device != "cuda") {
    return error(ErrorCode::kInvalidArgument, "--device: expected cpu or cuda, found '{}'", options.device);
  }
  return {};
}

Json hyperparameters(const TrainOptions& options) {
  return {{"model", options.model},
          {"epochs", options.epochs},
          {"batch_size", options.batch_size},
          {"learning_rate", options.learning_rate},
          {"weight_decay", options.weight_decay},
          {"patience", options.patience},
          {"optimizer", "Adam"},
          {"loss", "cross entropy"}};
}

}  // namespace checkbox::train
