#include "train/trainer.hpp"

#include <torch/cuda.h>
#include <torch/utils.h>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "base/files.hpp"
#include "base/threads.hpp"
#include "nn/model.hpp"
#include "nn/tensors.hpp"
#include "train/adam.hpp"
#include "train/loading/loader.hpp"
#include "train/passes.hpp"
#include "train/run/checkpoint.hpp"
#include "train/run/export.hpp"
#include "train/run/run_folder.hpp"

namespace checkbox::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr const char* kTrainSplit = "train";
constexpr const char* kValidSplit = "valid";
constexpr const char* kTestSplit = "test";

Result<torch::Device> find_device(const std::string& name) {
  if (name == "cpu") return torch::Device(torch::kCPU);
  if (!torch::cuda::is_available()) {
    return error(
        ErrorCode::kUnsupported,
        "--device cuda: no usable GPU (LibTorch was built without CUDA, or finds no device); use --device cpu");
  }
  return torch::Device(torch::kCUDA);
}

std::vector<LoaderItem> items_of(const data::Dataset& dataset, const std::string& split) {
  std::vector<LoaderItem> items;
  for (const auto& sample : dataset.split(split)) items.push_back({dataset.path_of(sample), sample.label});
  return items;
}

Status check_splits(const data::Dataset& dataset) {
  const auto require = [&](const char* split, std::size_t least) -> Status {
    if (const std::size_t count = dataset.split(split).size(); count < least) {
      return error(ErrorCode::kInvalidArgument,
                   "{}: the split '{}' has {} images, training needs at least {}; make splits with `checkbox prepare "
                   "--split`",
                   dataset.folder.string(), split, count, least);
    }
    return {};
  };
  CHECKBOX_CHECK(require(kTrainSplit, 2));
  return require(kValidSplit, 1);
}

class Training {
 public:
  Training(const data::Dataset& dataset, const TrainOptions& options, const std::atomic<bool>& stop, Observer& observer)
      : dataset_(dataset), options_(options), stop_(stop), observer_(observer) {}

  Result<TrainReport> run() {
    CHECKBOX_CHECK(set_up());
    CHECKBOX_CHECK(run_epochs());
    CHECKBOX_CHECK(finish());
    return std::move(report_);
  }

 private:
  Status set_up() {
    CHECKBOX_CHECK(check(options_));
    CHECKBOX_CHECK(check_splits(dataset_));
    if (options_.threads == 0) options_.threads = available_cpus();
    at::set_num_threads(options_.threads);
    CHECKBOX_TRY(device_, find_device(options_.device));
    CHECKBOX_TRY(preprocess_, preprocess_for(options_.model, dataset_));
    CHECKBOX_TRY(data_hash_, hash_of(dataset_, options_.threads));
    CHECKBOX_TRY(model_, nn::make_model({.architecture = options_.model,
                                         .class_count = static_cast<std::int64_t>(dataset_.labels.size()),
                                         .seed = options_.seed}));
    model_->to(device_);
    std::vector<std::pair<std::string, torch::Tensor>> parameters;
    for (const auto& item : model_->named_parameters()) parameters.emplace_back(item.key(), item.value());
    optimizer_ = std::make_unique<Adam>(
        parameters, AdamOptions{.learning_rate = options_.learning_rate, .weight_decay = options_.weight_decay});
    train_loader_ = make_loader(kTrainSplit, LoaderMode::kTraining);
    valid_loader_ = make_loader(kValidSplit, LoaderMode::kEvaluation);

    CHECKBOX_TRY(auto folder, RunFolder::create(options_.log_dir, options_.model));
    folder_ = std::make_unique<RunFolder>(std::move(folder));
    report_.folder = folder_->path();
    state_.config = config();
    CHECKBOX_CHECK(write_file(folder_->config(), state_.config.dump(2) + "\n"));
    const auto count = nn::count_parameters(*model_);
    observer_.on_start({.folder = folder_->path(),
                        .train_images = dataset_.split(kTrainSplit).size(),
                        .images_per_epoch = train_loader_->samples_per_epoch(),
                        .valid_images = valid_loader_->samples_per_epoch(),
                        .parameters = count.total,
                        .trainable_parameters = count.trainable,
                        .threads = options_.threads});
    return {};
  }

  [[nodiscard]] Json config() const {
    Json config = hyperparameters(options_);
    config["dataset"] = {{"folder", dataset_.folder.string()}, {"labels", dataset_.labels}, {"sha256", data_hash_}};
    config["seed"] = options_.seed;
    config["threads"] = options_.threads;
    config["num_workers"] = options_.workers;
    config["device"] = options_.device;
    config["preprocess"] = image::to_json(preprocess_);
    return config;
  }

  [[nodiscard]] std::unique_ptr<Loader> make_loader(const std::string& split, LoaderMode mode) const {
    return std::make_unique<Loader>(items_of(dataset_, split),
                                    LoaderOptions{.mode = mode,
                                                  .batch_size = static_cast<std::size_t>(options_.batch_size),
                                                  .workers = options_.workers,
                                                  .seed = options_.seed,
                                                  .preprocess = preprocess_,
                                                  .max_kept_bytes = options_.max_kept_bytes});
  }

  OnBatch reporter(Phase phase, int epoch, std::size_t images_total) {
    return [this, phase, epoch, images_total, start = Clock::now()](const PassProgress& progress) {
      observer_.on_batch({.phase = phase,
                          .epoch = epoch,
                          .images_done = progress.images_done,
                          .images_total = images_total,
                          .loss = progress.loss,
                          .accuracy = progress.accuracy,
                          .images_per_second = static_cast<double>(progress.images_done) / seconds_since(start)});
      return phase == Phase::kFinal || !stop_.load();
    };
  }

  Status run_epochs() {
    for (int epoch = state_.epoch + 1; epoch <= options_.epochs; ++epoch) {
      const auto start = Clock::now();
      auto trained = train_epoch(*model_, *train_loader_, *optimizer_, device_, options_.seed, epoch,
                                 reporter(Phase::kTraining, epoch, train_loader_->samples_per_epoch()));
      if (is_interrupted(trained)) return {};
      CHECKBOX_TRY(const Scores train_scores, std::move(trained));
      auto validated = predict(*model_, *valid_loader_, device_,
                               reporter(Phase::kValidation, epoch, valid_loader_->samples_per_epoch()));
      if (is_interrupted(validated)) return {};
      CHECKBOX_TRY(const Predictions predictions, std::move(validated));

      const EpochRecord record{.epoch = epoch,
                               .train = train_scores,
                               .valid = predictions.scores,
                               .learning_rate = options_.learning_rate,
                               .seconds = seconds_since(start)};
      const bool is_best = record.valid.loss < state_.best_loss;
      CHECKBOX_CHECK(save_epoch(record, is_best));
      if (!observer_.on_epoch(record, is_best)) {
        report_.reason = StopReason::kObserver;
        return {};
      }
      if (epoch - state_.best_epoch >= options_.patience) {
        report_.reason = StopReason::kPatience;
        return {};
      }
    }
    return {};
  }

  template <class T>
  bool is_interrupted(const Result<T>& pass) {
    if (pass.ok() || pass.error().code != ErrorCode::kCancelled) return false;
    report_.reason = StopReason::kInterrupted;
    return true;
  }

  // best.ckpt first: a run that is killed between the two repeats the epoch and writes it again.
  Status save_epoch(const EpochRecord& record, bool is_best) {
    state_.epoch = record.epoch;
    state_.history.push_back(record);
    CHECKBOX_TRY(state_.weights, nn::state_of(*model_));
    state_.optimizer_steps = optimizer_->steps();
    if (is_best) {
      state_.best_epoch = record.epoch;
      state_.best_loss = record.valid.loss;
      state_.first_moments.clear();
      state_.second_moments.clear();
      CHECKBOX_CHECK(save(state_, folder_->best_checkpoint()));
    }
    CHECKBOX_TRY(state_.first_moments, optimizer_->first_moments());
    CHECKBOX_TRY(state_.second_moments, optimizer_->second_moments());
    CHECKBOX_CHECK(save(state_, folder_->last_checkpoint()));
    return write_file(folder_->metrics(), to_csv(state_.history));
  }

  Status finish() {
    report_.history = state_.history;
    report_.best_epoch = state_.best_epoch;
    if (state_.best_epoch == 0) return {};
    CHECKBOX_TRY(Checkpoint best, load_checkpoint(folder_->best_checkpoint()));
    CHECKBOX_CHECK(nn::load_state(*model_, best.weights, folder_->best_checkpoint().string()));
    for (const char* split : {kTrainSplit, kValidSplit, kTestSplit}) CHECKBOX_CHECK(evaluate_split(split));
    const TrainedModel trained{std::move(best.weights), state_.best_epoch, report_.evaluations};
    CHECKBOX_CHECK(write_model(folder_->artifact(), trained, options_, dataset_, data_hash_));
    report_.artifact = folder_->artifact();
    return {};
  }

  Status evaluate_split(const std::string& split) {
    auto loader = split == kValidSplit ? std::move(valid_loader_) : make_loader(split, LoaderMode::kEvaluation);
    if (loader->samples_per_epoch() == 0) return {};
    CHECKBOX_TRY(
        const Predictions predictions,
        predict(*model_, *loader, device_, reporter(Phase::kFinal, state_.best_epoch, loader->samples_per_epoch())));
    CHECKBOX_TRY(auto evaluation, metrics::evaluate(predictions.labels, predictions.probabilities, dataset_.labels));
    report_.evaluations.emplace(split, std::move(evaluation));
    return {};
  }

  const data::Dataset& dataset_;
  TrainOptions options_;
  const std::atomic<bool>& stop_;
  Observer& observer_;

  torch::Device device_{torch::kCPU};
  image::Preprocess preprocess_;
  std::string data_hash_;
  std::shared_ptr<nn::Model> model_;
  std::unique_ptr<Adam> optimizer_;
  std::unique_ptr<Loader> train_loader_, valid_loader_;
  std::unique_ptr<RunFolder> folder_;
  Checkpoint state_;
  TrainReport report_;
};

}  // namespace

Result<TrainReport> train(const data::Dataset& dataset, const TrainOptions& options, const std::atomic<bool>& stop,
                          Observer& observer) {
  try {
    return Training(dataset, options, stop, observer).run();
  } catch (const c10::Error& failure) {
    return error(ErrorCode::kInternal, "LibTorch: {}", failure.what_without_backtrace());
  } catch (const std::exception& failure) {
    return error(ErrorCode::kInternal, "training failed: {}", failure.what());
  }
}

}  // namespace checkbox::train
