// Trained weights to the artifact that everything after training uses, and what it tells about its training. The bytes
// depend on the data, the options and the seed alone: no dates, no paths. No torch.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "base/json.hpp"
#include "base/result.hpp"
#include "data/dataset.hpp"
#include "image/preprocess.hpp"
#include "metrics/evaluation.hpp"
#include "train/options.hpp"
#include "weights/tensor.hpp"

namespace checkbox::train {

// The SHA-256 of what `sha256sum` prints for the images, one line "<hash>  <label>/<file>" each, in the order of file
// names. O(bytes of all images).
[[nodiscard]] Result<std::string> hash_of(const data::Dataset& dataset, int threads);

// The dataset's statistics for the baseline, ImageNet's for the pretrained networks. kNotFound where ds_stats.json is
// needed and missing.
[[nodiscard]] Result<image::Preprocess> preprocess_for(const std::string& model, const data::Dataset& dataset);

struct TrainedModel {
  weights::TensorMap weights;
  int best_epoch = 0;
  std::map<std::string, metrics::Evaluation> evaluations;  // by split, of these weights
};

// Fills the metadata (labels, preprocessing, training) and writes the ONNX file.
[[nodiscard]] Status write_model(const std::filesystem::path& path, const TrainedModel& model,
                                 const TrainOptions& options, const data::Dataset& dataset,
                                 const std::string& data_hash);

}  // namespace checkbox::train
