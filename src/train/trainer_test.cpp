#include "train/trainer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>

#include "base/files.hpp"
#include "runtime/artifact.hpp"
#include "runtime/model.hpp"
#include "tests/support/support.hpp"
#include "train/loading/drawn_dataset.hpp"
#include "train/loading/loader.hpp"
#include "train/run/checkpoint.hpp"
#include "train/run/export.hpp"

namespace checkbox::train {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

const std::atomic<bool> kNeverStop{false};

class TrainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.log_dir = dir_.path() / "logs";
    options_.epochs = 2;
    options_.batch_size = 4;
    options_.threads = 2;
  }

  data::Dataset draw(const DrawnSizes& sizes) {
    auto dataset = draw_dataset(dir_.path() / "data", sizes);
    EXPECT_TRUE(dataset.ok());
    return std::move(dataset).value();
  }

  Result<TrainReport> run(const data::Dataset& dataset) {
    Observer silent;
    return train(dataset, options_, kNeverStop, silent);
  }

  TempDir dir_;
  TrainOptions options_;
};

TEST_F(TrainerTest, LearnsDrawnBoxesByHeart) {
  options_.epochs = options_.patience = 10;
  options_.batch_size = 8;
  options_.learning_rate = 0.003;
  const auto dataset = draw({.train = 14, .valid = 4, .test = 2});
  const auto report = run(dataset);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_GE(report->evaluations.at("train").accuracy, 0.95);
  EXPECT_GE(report->evaluations.at("valid").accuracy, 0.9);
  EXPECT_EQ(report->evaluations.at("test").samples, 6);
  EXPECT_LT(report->history.back().train.loss, report->history.front().train.loss);
}

TEST_F(TrainerTest, LeavesACompleteRunFolder) {
  const auto report = run(draw({.train = 3, .valid = 1}));
  ASSERT_TRUE(report.ok()) << report.error().message;
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(report->folder)) names.insert(entry.path().filename());
  EXPECT_EQ(names, (std::set<std::string>{"best.ckpt", "config.json", "last.ckpt", "metrics.csv", "model.onnx"}));
  EXPECT_THAT(report->folder.filename().string(), HasSubstr("_baseline"));
  EXPECT_EQ(report->reason, StopReason::kAllEpochs);

  const auto config = parse_json(read_text(report->folder / "config.json").value(), "config.json").value();
  EXPECT_EQ(config["batch_size"], 4);
  EXPECT_EQ(config["dataset"]["labels"], (std::vector<std::string>{"other", "checked", "unchecked"}));
  const auto metrics = read_text(report->folder / "metrics.csv").value();
  EXPECT_EQ(std::count(metrics.begin(), metrics.end(), '\n'), 3);
  EXPECT_EQ(metrics, to_csv(report->history));
  const auto last = load_checkpoint(report->folder / "last.ckpt");
  ASSERT_TRUE(last.ok()) << last.error().message;
  EXPECT_EQ(last->epoch, 2);
  EXPECT_EQ(last->optimizer_steps, 4);  // an epoch: 9 images in batches of 4, the last one left out
}

TEST_F(TrainerTest, TheArtifactTellsAndComputesWhatWasTrained) {
  const auto dataset = draw({.train = 4, .valid = 2});
  const auto report = run(dataset);
  ASSERT_TRUE(report.ok()) << report.error().message;
  const auto artifact = runtime::read_artifact(*report->artifact);
  ASSERT_TRUE(artifact.ok()) << artifact.error().message;
  EXPECT_EQ(artifact->metadata.architecture, "baseline");
  EXPECT_EQ(artifact->metadata.labels, dataset.labels);
  EXPECT_EQ(artifact->metadata.preprocess.mean, dataset.statistics->mean);
  EXPECT_EQ(artifact->metadata.preprocess.std, dataset.statistics->std);
  const Json& training = artifact->metadata.training;
  EXPECT_EQ(training["seed"], 17);
  EXPECT_EQ(training["splits"]["train"]["checked"], 4);
  EXPECT_EQ(training["data_sha256"], hash_of(dataset, 1).value());
  EXPECT_EQ(training["metrics"]["valid"]["accuracy"], report->evaluations.at("valid").accuracy);

  // The runtime, on the same inputs, comes to the same loss as LibTorch did.
  const auto model = runtime::Model::compile(artifact->graph);
  ASSERT_TRUE(model.ok()) << model.error().message;
  std::vector<LoaderItem> items;
  for (const auto& sample : dataset.split("valid")) items.push_back({dataset.path_of(sample), sample.label});
  Loader loader(items, {.mode = LoaderMode::kEvaluation, .batch_size = 6, .preprocess = artifact->metadata.preprocess});
  loader.start_epoch(0);
  const Batch* const batch = loader.next().value();
  std::vector<float> logits(6 * 3);
  ASSERT_TRUE(model->run(batch->images, 6, logits).ok());
  double loss = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < 3; ++j) sum += std::exp(static_cast<double>(logits[3 * i + j]));
    loss += std::log(sum) - static_cast<double>(logits[3 * i + static_cast<std::size_t>(batch->labels[i])]);
  }
  EXPECT_NEAR(loss / 6, report->evaluations.at("valid").loss, 1e-4);
}

TEST_F(TrainerTest, TheSameSeedGivesTheSameArtifactForAnyNumberOfWorkers) {
  const auto dataset = draw({.train = 4, .valid = 2});
  options_.workers = 0;
  const auto first = run(dataset);
  options_.workers = 3;
  options_.max_kept_bytes = 0;
  const auto second = run(dataset);
  options_.seed = 18;
  const auto other = run(dataset);
  ASSERT_TRUE(first.ok() && second.ok() && other.ok());
  EXPECT_TRUE(read_file(*first->artifact).value() == read_file(*second->artifact).value());
  EXPECT_FALSE(read_file(*first->artifact).value() == read_file(*other->artifact).value());
}

TEST_F(TrainerTest, StopsWhenTheValidationLossNoLongerFalls) {
  auto dataset = draw({.train = 3, .valid = 3});
  for (auto& sample : dataset.samples) {
    if (sample.split == "valid") sample.label = (sample.label + 1) % 3;  // learning makes it worse
  }
  options_.epochs = 40;
  options_.patience = 2;
  options_.learning_rate = 0.01;
  const auto report = run(dataset);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->reason, StopReason::kPatience);
  const auto& history = report->history;
  ASSERT_EQ(static_cast<int>(history.size()), report->best_epoch + 2);
  for (const auto& record : history) {
    const auto& best = history[static_cast<std::size_t>(report->best_epoch - 1)];
    EXPECT_GE(record.valid.loss, best.valid.loss);
  }
  EXPECT_EQ(load_checkpoint(report->folder / "best.ckpt")->epoch, report->best_epoch);
}

class StopsIn : public Observer {
 public:
  StopsIn(std::atomic<bool>& stop, int epoch) : stop_(stop), epoch_(epoch) {}
  void on_batch(const BatchReport& batch) override {
    if (stop_) ++batches_after_stop;
    if (batch.epoch == epoch_) stop_ = true;
  }
  int batches_after_stop = 0;

 private:
  std::atomic<bool>& stop_;
  int epoch_;
};

TEST_F(TrainerTest, InterruptedKeepsTheEpochsBefore) {
  std::atomic<bool> stop{false};
  StopsIn observer(stop, 2);
  options_.epochs = 5;
  const auto dataset = draw({.train = 8, .valid = 2});
  const auto report = train(dataset, options_, stop, observer);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->reason, StopReason::kInterrupted);
  EXPECT_EQ(report->best_epoch, 1);
  ASSERT_TRUE(report->artifact.has_value());
  EXPECT_TRUE(runtime::read_artifact(*report->artifact).ok());
  EXPECT_EQ(load_checkpoint(report->folder / "last.ckpt")->epoch, 1);
}

TEST_F(TrainerTest, InterruptedInTheFirstEpochLeavesNoArtifact) {
  std::atomic<bool> stop{false};
  StopsIn observer(stop, 1);
  const auto dataset = draw({.train = 8, .valid = 2});
  const auto report = train(dataset, options_, stop, observer);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(observer.batches_after_stop, 0);
  EXPECT_FALSE(report->artifact.has_value());
  EXPECT_EQ(report->best_epoch, 0);
}

TEST_F(TrainerTest, RefusesADatasetWithoutValidationImages) {
  const auto report = run(draw({.train = 2, .valid = 0}));
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(report.error().message, HasSubstr("'valid'"));
}

TEST_F(TrainerTest, RefusesADatasetWithoutStatistics) {
  auto dataset = draw({.train = 2, .valid = 1});
  dataset.statistics.reset();
  const auto report = run(dataset);
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message, HasSubstr("ds_stats.json"));
}

TEST_F(TrainerTest, RefusesOptionsOutOfRangeByName) {
  const auto dataset = draw({.train = 2, .valid = 1});
  const auto expect_refused = [&](const std::function<void(TrainOptions&)>& change, const std::string& option) {
    const TrainOptions before = options_;
    change(options_);
    const auto report = run(dataset);
    options_ = before;
    ASSERT_FALSE(report.ok()) << option;
    EXPECT_EQ(report.error().code, ErrorCode::kInvalidArgument) << option;
    EXPECT_THAT(report.error().message, HasSubstr(option));
  };
  expect_refused([](TrainOptions& options) { options.batch_size = 1; }, "--batch-size");
  expect_refused([](TrainOptions& options) { options.learning_rate = std::nan(""); }, "--lr");
  expect_refused([](TrainOptions& options) { options.epochs = 0; }, "--n-epochs");
  expect_refused([](TrainOptions& options) { options.patience = 0; }, "--patience");
  expect_refused([](TrainOptions& options) { options.device = "tpu"; }, "--device");
  expect_refused([](TrainOptions& options) { options.model = "alexnet"; }, "alexnet");
  EXPECT_FALSE(std::filesystem::exists(options_.log_dir));
}

TEST_F(TrainerTest, SaysWhereTheRunFolderCannotBeMade) {
  ASSERT_TRUE(write_file(dir_.path() / "file", "x").ok());
  options_.log_dir = dir_.path() / "file" / "logs";
  const auto report = run(draw({.train = 2, .valid = 1}));
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message, HasSubstr("file/logs"));
}

TEST_F(TrainerTest, SaysWhenTheLossIsNotFinite) {
  auto dataset = draw({.train = 4, .valid = 2});
  dataset.statistics->std = {1e-300, 1e-300, 1e-300};
  const auto report = run(dataset);
  ASSERT_FALSE(report.ok());
  EXPECT_THAT(report.error().message, HasSubstr("in epoch 1"));
}

TEST_F(TrainerTest, HashIsWhatSha256sumGives) {
  const auto dataset = draw({.train = 2, .valid = 1});
  const auto judged = testing::run_command(
      "cd " + dataset.folder.string() +
      " && LC_ALL=C ls */*.png | while read f; do echo \"$(sha256sum <$f | cut -c1-64)  ${f%%/*}/$f\"; done | "
      "sha256sum | cut -c1-64");
  EXPECT_EQ(hash_of(dataset, 2).value() + "\n", judged.output);
}

}  // namespace
}  // namespace checkbox::train
