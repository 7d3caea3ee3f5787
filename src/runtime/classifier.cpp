#include <checkbox/classifier.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "image/decode.hpp"
#include "image/preprocess.hpp"
#include "runtime/artifact.hpp"
#include "runtime/model.hpp"
#include "runtime/pool.hpp"

namespace checkbox {
namespace {

// softmax(logits / temperature), in place of the logits.
void to_probabilities(std::span<float> logits, double temperature) {
  const double top = *std::ranges::max_element(logits);
  double total = 0;
  for (const float logit : logits) total += std::exp((logit - top) / temperature);
  for (float& logit : logits) logit = static_cast<float>(std::exp((logit - top) / temperature) / total);
}

}  // namespace

class Classifier::Impl {
 public:
  Impl(runtime::Metadata described, runtime::Model model, const Options& options)
      : metadata(std::move(described)), model_(std::move(model)) {
    limits.max_bytes = options.max_bytes;
    limits.max_pixels = options.max_pixels;
  }

  [[nodiscard]] Result<Prediction> classify(const image::Image& image) const {
    const std::size_t input_size = metadata.preprocess.tensor_size();
    const auto input = inputs_.take([&] { return std::make_unique<std::vector<float>>(input_size); });
    CHECKBOX_CHECK(image::preprocess(image, metadata.preprocess, *input));
    Prediction prediction;
    prediction.probabilities.resize(metadata.labels.size());
    CHECKBOX_CHECK(model_.run(*input, 1, prediction.probabilities));
    for (const float logit : prediction.probabilities) {
      if (!std::isfinite(logit)) return error(ErrorCode::kCorrupt, "the model's output is not a number: {}", logit);
    }
    to_probabilities(prediction.probabilities, metadata.temperature);
    const auto best = std::ranges::max_element(prediction.probabilities);
    prediction.label_index = static_cast<std::size_t>(best - prediction.probabilities.begin());
    prediction.label = metadata.labels[prediction.label_index];
    prediction.confidence = *best;
    return prediction;
  }

  runtime::Metadata metadata;
  image::DecodeLimits limits;

 private:
  runtime::Model model_;
  mutable runtime::Pool<std::vector<float>> inputs_;
};

Classifier::Classifier(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;
Classifier::~Classifier() = default;

Result<Classifier> Classifier::load(const std::string& artifact_path) {
  return load(artifact_path, Options());
}

Result<Classifier> Classifier::load(const std::string& artifact_path, const Options& options) {
  CHECKBOX_TRY(runtime::Artifact artifact, runtime::read_artifact(artifact_path));
  auto model = runtime::Model::compile(artifact.graph, {.threads = options.threads});
  if (!model.ok()) return error(model.error().code, "{}: {}", artifact_path, model.error().message);
  return Classifier(std::make_unique<Impl>(std::move(artifact.metadata), std::move(model).value(), options));
}

const std::vector<std::string>& Classifier::labels() const {
  return impl_->metadata.labels;
}

const std::string& Classifier::architecture() const {
  return impl_->metadata.architecture;
}

Result<Prediction> Classifier::classify_file(const std::string& path) const {
  CHECKBOX_TRY(const image::Image image, image::load(path, impl_->limits));
  return impl_->classify(image);
}

Result<Prediction> Classifier::classify_bytes(std::span<const std::uint8_t> encoded, const std::string& name) const {
  CHECKBOX_TRY(const image::Image image, image::decode(encoded, name, impl_->limits));
  return impl_->classify(image);
}

Result<Prediction> Classifier::classify_pixels(std::span<const std::uint8_t> rgb, int width, int height,
                                               std::size_t row_bytes) const {
  if (width < 1 || height < 1 || width > impl_->limits.max_side || height > impl_->limits.max_side) {
    return error(ErrorCode::kInvalidArgument, "pixels: {} x {}, 1 to {} px expected", width, height,
                 impl_->limits.max_side);
  }
  const std::size_t row = std::size_t{3} * static_cast<std::size_t>(width);
  const std::size_t step = row_bytes == 0 ? row : row_bytes;
  const auto rows = static_cast<std::size_t>(height);
  if (std::uint64_t{rows} * static_cast<std::size_t>(width) > impl_->limits.max_pixels) {
    return error(ErrorCode::kLimitExceeded, "pixels: {} x {} are more than the limit of {}", width, height,
                 impl_->limits.max_pixels);
  }
  if (step < row || rgb.size() < row || (rgb.size() - row) / step < rows - 1) {
    return error(ErrorCode::kInvalidArgument, "pixels: {} bytes in rows of {} do not hold {} x {} RGB pixels",
                 rgb.size(), step, width, height);
  }
  image::Image image{width, height, std::vector<std::uint8_t>(row * rows)};
  for (int y = 0; y < height; ++y) std::memcpy(image.row(y), rgb.data() + static_cast<std::size_t>(y) * step, row);
  return impl_->classify(image);
}

}  // namespace checkbox
