// `checkbox train`: dataset folder to run folder with artifact, metrics and checkpoints.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/progress.hpp"
#include "base/threads.hpp"
#include "checkbox_train/commands.hpp"
#include "data/dataset.hpp"
#include "data/prepare.hpp"
#include "data/split.hpp"
#include "train/trainer.hpp"

namespace checkbox {
namespace {

struct Options {
  train::TrainOptions train;
  std::string dataset_url;
  std::string dataset_dir = "data";
  std::string log_dir = "logs";
  std::vector<double> split_ratio{0.6, 0.2, 0.2};
  std::uint64_t keep_mb = 1024;
  bool quiet = false;
};

std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

// The first signal ends the training after the current batch, a second one at once.
void listen_for_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop_requested = true; };
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

class Console : public train::Observer {
 public:
  Console(int epochs, bool quiet) : epochs_(epochs), progress_("training", 0, quiet) {}

  void on_start(const train::RunInfo& run) override {
    fmt::print("run folder {}: {} training images, {} validation images, {} parameters ({} trained), {} threads\n",
               run.folder.string(), run.train_images, run.valid_images, run.parameters, run.trainable_parameters,
               run.threads);
    fmt::print("{:>5}  {:>10} {:>9} {:>8}  {:>10} {:>9} {:>8}  {:>7}\n", "epoch", "train loss", "train acc", "train f1",
               "valid loss", "valid acc", "valid f1", "seconds");
    std::fflush(stdout);
    images_per_epoch_ = run.images_per_epoch + run.valid_images;
    train_images_ = run.images_per_epoch;
    progress_.set_total(images_per_epoch_ * static_cast<std::uint64_t>(epochs_));
  }

  void on_batch(const train::BatchReport& batch) override {
    if (batch.phase == train::Phase::kFinal) return;
    const bool validating = batch.phase == train::Phase::kValidation;
    progress_.set_title(fmt::format("epoch {}/{}", batch.epoch, epochs_));
    progress_.update(images_per_epoch_ * static_cast<std::uint64_t>(batch.epoch - 1) +
                         (validating ? train_images_ : 0) + batch.images_done,
                     fmt::format("{}loss {:.4f}  acc {:.3f}  {:.0f} img/s", validating ? "valid " : "", batch.loss,
                                 batch.accuracy, batch.images_per_second));
  }

  bool on_epoch(const train::EpochRecord& row, bool is_best) override {
    progress_.clear();
    fmt::print("{:>5}  {:>10.4f} {:>9.3f} {:>8.3f}  {:>10.4f} {:>9.3f} {:>8.3f}  {:>7.2f}{}\n", row.epoch,
               row.train.loss, row.train.accuracy, row.train.weighted_f1, row.valid.loss, row.valid.accuracy,
               row.valid.weighted_f1, row.seconds, is_best ? "  best" : "");
    std::fflush(stdout);
    return true;
  }

  void end() { progress_.clear(); }

 private:
  int epochs_;
  Progress progress_;
  std::uint64_t images_per_epoch_ = 0;
  std::uint64_t train_images_ = 0;
};

Result<data::Dataset> find_dataset(const Options& options) {
  if (std::filesystem::exists(options.dataset_dir)) return data::load_dataset(options.dataset_dir);
  if (options.dataset_url.empty()) {
    return error(ErrorCode::kNotFound,
                 "{}: no such dataset folder; name an existing one with --dataset-dir, or what to make it from with "
                 "--dataset-url",
                 options.dataset_dir);
  }
  CHECKBOX_TRY(auto prepared, data::prepare({.source = options.dataset_url,
                                             .dataset_dir = options.dataset_dir,
                                             .ratios = options.split_ratio,
                                             .seed = options.train.seed,
                                             .threads = available_cpus(),
                                             .quiet = options.quiet}));
  for (const auto& rejected : prepared.rejected) {
    cli::print_warning(fmt::format("left out {}: {}", rejected.file, rejected.reason));
  }
  return std::move(prepared.dataset);
}

void print_interval(double value, const metrics::Interval& interval) {
  fmt::print("  {:.3f} [{:.3f}, {:.3f}]", value, interval.low, interval.high);
}

void print_result(const train::TrainReport& report) {
  const auto epochs = report.history.size();
  switch (report.reason) {
    case train::StopReason::kAllEpochs:
      fmt::print("\nfinished {} epochs", epochs);
      break;
    case train::StopReason::kPatience:
      fmt::print("\nstopped after {} epochs: the validation loss has not fallen since epoch {}", epochs,
                 report.best_epoch);
      break;
    case train::StopReason::kInterrupted:
    case train::StopReason::kObserver:
      fmt::print("\ninterrupted after {} whole epochs", epochs);
      break;
  }
  fmt::print("; the best, epoch {}, without augmentation:\n", report.best_epoch);
  fmt::print("{:>6}  {:>6}  {:>7}  {:>20}  {:>20}\n", "split", "images", "loss", "accuracy [95 %]",
             "weighted F1 [95 %]");
  for (const char* split : {"train", "valid", "test"}) {
    const auto found = report.evaluations.find(split);
    if (found == report.evaluations.end()) continue;
    const auto& scores = found->second;
    fmt::print("{:>6}  {:>6}  {:>7.4f}", split, scores.samples, scores.loss);
    print_interval(scores.accuracy, scores.accuracy_interval);
    print_interval(scores.weighted_f1, scores.weighted_f1_interval);
    fmt::print("\n");
  }
  fmt::print("wrote {}\n", report.artifact->string());
}

Result<int> run(Options& options) {
  options.train.log_dir = options.log_dir;
  options.train.max_kept_bytes = options.keep_mb << 20;
  if (const auto status = train::check(options.train); !status.ok()) {
    return cli::usage_error("train: " + status.error().message);
  }
  if (const auto status = data::check_ratios(options.split_ratio); !status.ok()) {
    return cli::usage_error("train: --split-ratio: " + status.error().message);
  }
  listen_for_signals();
  CHECKBOX_TRY(const data::Dataset dataset, find_dataset(options));
  Console console(options.train.epochs, options.quiet);
  auto outcome = train::train(dataset, options.train, stop_requested, console);
  console.end();
  CHECKBOX_TRY(const train::TrainReport report, std::move(outcome));
  if (!report.artifact) {
    return error(ErrorCode::kCancelled, "train: interrupted before the first epoch was done: there is no model yet");
  }
  print_result(report);
  return cli::kDone;
}

void declare(CLI::App& app, Options& options) {
  train::TrainOptions& train = options.train;
  app.add_option("--dataset-dir", options.dataset_dir, "Dataset folder; made from --dataset-url where it is missing")
      ->type_name("DIR");
  app.add_option("--dataset-url", options.dataset_url, "What to make the dataset folder from: URL, zip file or folder")
      ->type_name("SOURCE");
  app.add_option("--split-ratio", options.split_ratio, "Shares of train, valid and test when the folder is made")
      ->delimiter(',')
      ->expected(1, 3)
      ->type_name("R,R,R")
      ->default_str("0.6,0.2,0.2");
  app.add_option("--log-dir", options.log_dir, "Folder in which the run folder is made")->type_name("DIR");
  app.add_option("--model", train.model, "Network: baseline")->type_name("NAME");
  app.add_option("--n-epochs", train.epochs, "Most epochs to train")->type_name("N");
  app.add_option("--patience", train.patience, "Stop after this many epochs without a better validation loss")
      ->type_name("N");
  app.add_option("--batch-size", train.batch_size, "Images per step")->type_name("N");
  app.add_option("--lr", train.learning_rate, "Adam's learning rate")->type_name("RATE");
  app.add_option("--weight-decay", train.weight_decay, "L2 penalty added to the gradient")->type_name("RATE");
  app.add_option("--seed", train.seed, "Of initial weights, order, augmentation, dropout and a new split")
      ->type_name("N");
  app.add_option("--num-workers", train.workers,
                 "Threads that load and augment images; the result does not depend on it")
      ->type_name("N");
  app.add_option("--threads", train.threads, "Threads that compute; 0: all processors")->type_name("N");
  app.add_option("--device", train.device, "cpu or cuda")->type_name("NAME");
  app.add_option("--keep-mb", options.keep_mb, "Most megabytes of decoded images kept in memory, per split")
      ->type_name("MB")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 24));
  app.add_flag("--quiet", options.quiet, "No progress on stderr");
}

}  // namespace

cli::Verb train_verb() {
  const auto options = std::make_shared<Options>();
  cli::Verb verb;
  verb.name = "train";
  verb.group = "Train";
  verb.summary = "dataset folder to a trained classifier";
  verb.examples =
      "  checkbox train --model baseline --dataset-dir data\n"
      "  checkbox train --dataset-url https://example.org/data.zip --dataset-dir data --patience 10\n"
      "Every option can also be set by the environment: --batch-size by CHECKBOX_BATCH_SIZE.\n"
      "Ctrl-C ends after the current batch and keeps the best epoch so far; a second one ends at once.";
  verb.environment = true;
  verb.declare = [options](CLI::App& app) { declare(app, *options); };
  verb.run = [options] { return run(*options); };
  return verb;
}

}  // namespace checkbox
