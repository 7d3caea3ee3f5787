// `checkbox evaluate`: an artifact against images whose states are known.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/progress.hpp"
#include "base/threads.hpp"
#include "checkbox/classify.hpp"
#include "checkbox/commands.hpp"
#include "checkbox/rows.hpp"
#include "common/output.hpp"
#include "data/dataset.hpp"
#include "metrics/evaluation.hpp"

namespace checkbox {
namespace {

constexpr const char* kDefaultSplit = "valid";
constexpr const char* kWhole = "all";  // also what load_dataset calls the one split of a folder without splits.csv

struct Options {
  std::string model;
  std::string dataset_dir = "data";
  std::string split = kDefaultSplit;
  std::string json;  // "-": stdout
  std::string predictions;
  int threads = 1;
  bool quiet = false;
  CLI::Option* json_option = nullptr;
  CLI::Option* split_option = nullptr;
};

// The samples of the split that was asked for, under its name.
struct Selection {
  std::string split;
  std::vector<data::Sample> samples;
};

Result<Selection> select(const data::Dataset& dataset, const Options& options) {
  std::map<std::string, std::size_t> sizes;
  for (const auto& sample : dataset.samples) ++sizes[sample.split];
  const bool unsplit = sizes.size() == 1 && sizes.contains(kWhole);
  if (unsplit && options.split != kWhole && options.split_option->count() > 0) {
    cli::print_warning(fmt::format("{}: no splits.csv, so no split '{}': all its {} images are evaluated",
                                   options.dataset_dir, options.split, dataset.samples.size()));
  }
  if (unsplit || options.split == kWhole) return Selection{kWhole, dataset.samples};
  if (auto samples = dataset.split(options.split); !samples.empty()) {
    return Selection{options.split, std::move(samples)};
  }
  std::string found;
  for (const auto& [name, size] : sizes) found += fmt::format("{}{} ({})", found.empty() ? "" : ", ", name, size);
  return error(ErrorCode::kNotFound, "{}: no images in split '{}'; found: {}", options.dataset_dir, options.split,
               found.empty() ? "none at all" : found);
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

// For each of the dataset's label indices the model's, by name.
Result<std::vector<int>> match_labels(const data::Dataset& dataset, const Classifier& classifier,
                                      const Options& options) {
  const auto& known = classifier.labels();
  std::vector<int> indices;
  for (const auto& label : dataset.labels) {
    const auto found = std::find(known.begin(), known.end(), label);
    if (found == known.end()) {
      return error(ErrorCode::kInvalidArgument, "{}: the label '{}' is not one of the model's: {}", options.dataset_dir,
                   label, joined(known));
    }
    indices.push_back(static_cast<int>(found - known.begin()));
  }
  return indices;
}

std::vector<Row> classify_all(const data::Dataset& dataset, const std::vector<data::Sample>& samples,
                              const Classifier& classifier, const Options& options) {
  std::vector<Row> rows(samples.size());
  Progress progress("evaluate", samples.size(), options.quiet);
  std::mutex mutex;
  std::uint64_t done = 0;
  parallel_for(samples.size(), options.threads, [&](std::size_t i, int) {
    Row row = classify(classifier, dataset.path_of(samples[i]).string());
    row.file = samples[i].file;
    row.truth = dataset.labels[static_cast<std::size_t>(samples[i].label)];
    rows[i] = std::move(row);
    const std::lock_guard lock(mutex);
    progress.update(++done);
  });
  if (::isatty(STDERR_FILENO) == 1) progress.finish();
  return rows;
}

Status write_predictions(const std::vector<Row>& rows, const Classifier& classifier, const std::string& path) {
  CHECKBOX_TRY(auto output, cli::Output::open(path));
  RowWriter writer(RowFormat::kCsv, classifier.labels(), true);
  CHECKBOX_CHECK(output.write(writer.begin()));
  for (const Row& row : rows) CHECKBOX_CHECK(output.write(writer.row(row)));
  return output.finish();
}

Status report(const metrics::Evaluation& evaluation, const std::vector<Row>& rows, const Selection& selection,
              const Options& options) {
  const bool wants_json = options.json_option->count() > 0;
  const bool to_stdout = options.json.empty() || options.json == "-";
  if (wants_json) {
    OrderedJson document{{"model", options.model}, {"dataset_dir", options.dataset_dir}, {"split", selection.split}};
    document.update(metrics::to_json(evaluation));
    OrderedJson& failed = document["failed"] = OrderedJson::array();
    for (const Row& row : rows) {
      if (!row.prediction) failed.push_back({{"file", row.file}, {"error", row.error}});
    }
    const std::string text = document.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
    if (!to_stdout) CHECKBOX_CHECK(write_file(options.json, text));
    if (to_stdout) fmt::print("{}", text);
  }
  if (!wants_json || !to_stdout) {
    fmt::print("{}, split {} of {}: {}", options.model, selection.split, options.dataset_dir,
               metrics::to_table(evaluation));
  }
  return {};
}

Result<int> evaluate(const Options& options) {
  CHECKBOX_TRY(const Classifier classifier, load_classifier(options.model));
  CHECKBOX_TRY(const data::Dataset dataset, data::load_dataset(options.dataset_dir));
  CHECKBOX_TRY(const std::vector<int> model_label, match_labels(dataset, classifier, options));
  CHECKBOX_TRY(const Selection selection, select(dataset, options));
  const std::vector<Row> rows = classify_all(dataset, selection.samples, classifier, options);

  std::vector<int> labels;
  std::vector<float> probabilities;
  std::size_t failed = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].prediction) {
      cli::print_error(fmt::format("evaluate: {}: {}", rows[i].file, rows[i].error));
      ++failed;
      continue;
    }
    labels.push_back(model_label[static_cast<std::size_t>(selection.samples[i].label)]);
    const auto& row = rows[i].prediction->probabilities;
    probabilities.insert(probabilities.end(), row.begin(), row.end());
  }
  if (!options.predictions.empty()) CHECKBOX_CHECK(write_predictions(rows, classifier, options.predictions));
  if (labels.empty()) {
    return error(ErrorCode::kCorrupt, "evaluate: none of the {} images could be classified", rows.size());
  }
  CHECKBOX_TRY(const auto evaluation, metrics::evaluate(labels, probabilities, classifier.labels()));
  CHECKBOX_CHECK(report(evaluation, rows, selection, options));
  if (failed == 0) return cli::kDone;
  cli::print_error(fmt::format("evaluate: {} of {} images failed; the others are evaluated", failed, rows.size()));
  return cli::kFailed;
}

void declare(CLI::App& app, Options& options) {
  app.add_option("--model", options.model, "Artifact to judge")->type_name("FILE.onnx")->required();
  app.add_option("--dataset-dir", options.dataset_dir, "Dataset folder, or a folder with one subfolder per class")
      ->type_name("DIR");
  options.split_option =
      app.add_option("--split", options.split,
                     "Split of splits.csv to evaluate, or 'all'; without splits.csv the whole folder")
          ->type_name("NAME");
  options.json_option = app.add_option("--json", options.json,
                                       "Metrics as JSON to this file; without a file, to stdout instead of the table")
                            ->expected(0, 1)
                            ->type_name("[FILE]");
  app.add_option("--predictions", options.predictions, "Each image's true and predicted label as CSV to this file")
      ->type_name("FILE");
  add_threads_option(app, options.threads);
  app.add_flag("--quiet", options.quiet, "No progress on stderr");
}

}  // namespace

cli::Verb evaluate_verb() {
  const auto options = std::make_shared<Options>();
  cli::Verb verb;
  verb.name = "evaluate";
  verb.group = "Classify";
  verb.summary = "accuracy, F1, confusion matrix and calibration on a dataset folder";
  verb.examples =
      "  checkbox evaluate --model model.onnx --dataset-dir data --split valid\n"
      "  checkbox evaluate --model model.onnx --dataset-dir data --split test --json\n\n"
      "Exit status: 0 done, 1 some images failed (the others are evaluated), 2 wrong usage.";
  verb.declare = [options](CLI::App& app) { declare(app, *options); };
  verb.run = [options] { return evaluate(*options); };
  return verb;
}

}  // namespace checkbox
