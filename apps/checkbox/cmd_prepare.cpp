// `checkbox prepare`: URL, zip file or folder to a dataset folder.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/threads.hpp"
#include "checkbox/commands.hpp"
#include "common/text.hpp"
#include "data/prepare.hpp"
#include "data/split.hpp"

namespace checkbox {
namespace {

constexpr const char* kTotal = "all";
constexpr int kMaxWorkers = 1024;

struct Options {
  data::PrepareOptions prepare;
  std::string dataset_dir;
};

// Right-aligned cells after a left-aligned first one, columns as wide as their widest cell.
std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], cli::display_width(row[i]));
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - cli::display_width(row[i]), ' ');
      text += i == 0 ? row[i] + padding : "  " + padding + row[i];
    }
    text += '\n';
  }
  return text;
}

std::string class_table(const data::Dataset& dataset, const std::vector<std::string>& parts) {
  std::vector<std::string> header{"class"};
  header.insert(header.end(), parts.begin(), parts.end());
  header.emplace_back(kTotal);
  std::vector<std::vector<std::string>> rows{header};

  std::map<std::pair<std::string, std::string>, std::size_t> counts;
  for (const auto& sample : dataset.samples) {
    const std::string& label = dataset.labels[static_cast<std::size_t>(sample.label)];
    for (const std::string& row : {label, std::string()}) {  // "" for the sum over classes
      ++counts[{row, sample.split}];
      ++counts[{row, {}}];
    }
  }
  std::vector<std::string> labels = dataset.labels;
  labels.emplace_back();
  for (const auto& label : labels) {
    std::vector<std::string> row{label.empty() ? kTotal : cli::printable(label)};
    for (const auto& part : parts) row.push_back(std::to_string(counts[{label, part}]));
    row.push_back(std::to_string(counts[{label, {}}]));
    rows.push_back(std::move(row));
  }
  return format_table(rows);
}

void print_report(const data::PrepareReport& report, const Options& options) {
  const data::Dataset& dataset = report.dataset;
  for (const auto& rejected : report.rejected) {
    cli::print_warning(fmt::format("left out {}: {}", rejected.file, rejected.reason));
  }
  for (const auto& note : report.notes) cli::print_warning(note);
  fmt::print("{}: {} images in {} classes, split with seed {}\n{}", cli::printable(options.dataset_dir),
             dataset.samples.size(), dataset.labels.size(), options.prepare.seed,
             class_table(dataset, data::part_names(options.prepare.folds)));
  const auto& [mean, std] = *dataset.statistics;
  fmt::print("mean {:.4f} {:.4f} {:.4f}, std {:.4f} {:.4f} {:.4f} (red, green, blue in 0..1)\n", mean[0], mean[1],
             mean[2], std[0], std[1], std[2]);
  if (report.rejected.empty()) return;
  fmt::print("left out: {} file{} that cannot be decoded\n", report.rejected.size(),
             report.rejected.size() == 1 ? "" : "s");
}

Result<int> run(Options& options) {
  options.prepare.dataset_dir = options.dataset_dir;
  const Status usable = options.prepare.folds != 0 ? data::check_folds(options.prepare.folds)
                                                   : data::check_ratios(options.prepare.ratios);
  if (!usable.ok()) return cli::usage_error("prepare: " + usable.error().message);
  CHECKBOX_TRY(const data::PrepareReport report, data::prepare(options.prepare));
  print_report(report, options);
  return cli::kDone;
}

void declare(CLI::App& app, Options& options) {
  data::PrepareOptions& prepare = options.prepare;
  prepare.threads = available_cpus();
  app.add_option("--source", prepare.source, "URL, zip file or folder with one subfolder of images per class")
      ->type_name("SOURCE")
      ->required();
  app.add_option("--dataset-dir", options.dataset_dir, "Dataset folder to make")->type_name("DIR")->required();
  auto* split = app.add_option("--split", prepare.ratios, "Shares of train, valid and test")
                    ->delimiter(',')
                    ->expected(3)
                    ->type_name("R,R,R")
                    ->default_str("0.6,0.2,0.2");
  app.add_option("--kfold", prepare.folds,
                 "Instead of --split: this many folds, fold0, fold1 ..., for cross-validation")
      ->type_name("K")
      ->excludes(split);
  app.add_option("--seed", prepare.seed, "Of the split")->type_name("N")->capture_default_str();
  app.add_flag("--force", prepare.force, "Replace an existing dataset folder, once the new one is complete");
  app.add_option("--num-workers", prepare.threads, "Images to check at the same time; the result does not depend on it")
      ->check(CLI::Range(1, kMaxWorkers))
      ->type_name("N")
      ->default_str("all processors");
  app.add_flag("--quiet", prepare.quiet, "No progress on stderr");
}

}  // namespace

cli::Verb prepare_verb() {
  const auto options = std::make_shared<Options>();
  cli::Verb verb;
  verb.name = "prepare";
  verb.group = "Data";
  verb.summary = "URL, zip file or folder to a dataset folder: checked, split, measured";
  verb.examples =
      "  checkbox prepare --source https://example.org/data.zip --dataset-dir data\n"
      "  checkbox prepare --source screenshots/ --dataset-dir data --split 0.8,0.1,0.1 --seed 3\n\n"
      "Images that cannot be decoded are listed and left out. Downloads are kept in $XDG_CACHE_HOME/checkbox or\n"
      "~/.cache/checkbox.\n"
      "Exit status: 0 done, 1 no dataset folder was made, 2 wrong usage.";
  verb.declare = [options](CLI::App& app) { declare(app, *options); };
  verb.run = [options] { return run(*options); };
  return verb;
}

}  // namespace checkbox
