#include "train/run/export.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/files.hpp"
#include "base/sha256.hpp"
#include "base/threads.hpp"
#include "runtime/artifact.hpp"
#include "runtime/networks/networks.hpp"

namespace checkbox::train {
namespace {

Json count_splits(const data::Dataset& dataset) {
  Json counts = Json::object();
  for (const auto& sample : dataset.samples) {
    Json& split = counts[sample.split];
    Json& count = split[dataset.labels[static_cast<std::size_t>(sample.label)]];
    count = count.is_null() ? 1 : count.get<int>() + 1;
  }
  return counts;
}

Json scores_of(const std::map<std::string, metrics::Evaluation>& evaluations) {
  Json scores = Json::object();
  for (const auto& [split, evaluation] : evaluations) {
    scores[split] = {{"samples", evaluation.samples},
                     {"accuracy", evaluation.accuracy},
                     {"weighted_f1", evaluation.weighted_f1},
                     {"macro_f1", evaluation.macro_f1},
                     {"loss", evaluation.loss}};
  }
  return scores;
}

}  // namespace

Result<std::string> hash_of(const data::Dataset& dataset, int threads) {
  std::vector<data::Sample> samples = dataset.samples;
  std::sort(samples.begin(), samples.end(),
            [](const data::Sample& a, const data::Sample& b) { return a.file < b.file; });
  std::vector<std::string> lines(samples.size());
  std::vector<Status> failures(samples.size());
  parallel_for(samples.size(), threads, [&](std::size_t i, int) {
    const auto content = read_file(dataset.path_of(samples[i]));
    if (!content.ok()) {
      failures[i] = content.error();
      return;
    }
    Sha256 hash;
    hash.update(*content);
    lines[i] = fmt::format("{}  {}/{}\n", hash.finish(), dataset.labels[static_cast<std::size_t>(samples[i].label)],
                           samples[i].file);
  });
  for (const Status& status : failures) CHECKBOX_CHECK(status);
  Sha256 hash;
  for (const std::string& line : lines) hash.update(line);
  return hash.finish();
}

Result<image::Preprocess> preprocess_for(const std::string& model, const data::Dataset& dataset) {
  image::Preprocess settings;
  if (model != "baseline") {
    settings.mean = image::kImageNetMean;
    settings.std = image::kImageNetStd;
    return settings;
  }
  if (!dataset.statistics) {
    return error(ErrorCode::kNotFound,
                 "{}: the baseline is trained with the data set's mean and standard deviation, but ds_stats.json is "
                 "missing: make the folder with `checkbox prepare`",
                 dataset.folder.string());
  }
  settings.mean = dataset.statistics->mean;
  settings.std = dataset.statistics->std;
  return settings;
}

Status write_model(const std::filesystem::path& path, const TrainedModel& model, const TrainOptions& options,
                   const data::Dataset& dataset, const std::string& data_hash) {
  runtime::Artifact artifact;
  CHECKBOX_TRY(artifact.graph, runtime::build_network(options.model, model.weights));
  CHECKBOX_TRY(artifact.metadata.preprocess, preprocess_for(options.model, dataset));
  artifact.metadata.version = CHECKBOX_VERSION;
  artifact.metadata.architecture = options.model;
  artifact.metadata.labels = dataset.labels;
  artifact.metadata.training = {
      {"data_sha256", data_hash}, {"splits", count_splits(dataset)}, {"hyperparameters", hyperparameters(options)},
      {"seed", options.seed},     {"best_epoch", model.best_epoch},  {"metrics", scores_of(model.evaluations)}};
  return runtime::write_artifact(path, artifact);
}

}  // namespace checkbox::train
