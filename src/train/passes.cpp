#include "train/passes.hpp"

#include <torch/nn/functional/loss.h>
#include <torch/utils.h>

#include <algorithm>
#include <cmath>
#include <span>

#include "base/rng.hpp"
#include "metrics/evaluation.hpp"

namespace checkbox::train {
namespace {

constexpr std::uint64_t kDropoutStream = 0x64726f70;  // beside the loader's streams of the same seed

torch::Tensor images_of(const Batch& batch, torch::Device device) {
  // torch takes no const pointers; nothing writes to its input.
  return torch::from_blob(const_cast<float*>(batch.images.data()),
                          {static_cast<std::int64_t>(batch.size()), 3, batch.height, batch.width})
      .to(device);
}

torch::Tensor labels_of(const Batch& batch, torch::Device device) {
  return torch::from_blob(const_cast<std::int64_t*>(batch.labels.data()), {static_cast<std::int64_t>(batch.size())},
                          torch::kInt64)
      .to(device);
}

// Scores of a pass, added up batch by batch.
class Tally {
 public:
  // logits: [N, classes] f32 contiguous. Returns the batch's mean cross entropy.
  void add(const Batch& batch, const torch::Tensor& logits, double mean_loss) {
    classes_ = logits.size(1);
    const std::span values(logits.data_ptr<float>(), static_cast<std::size_t>(logits.numel()));
    const auto classes = static_cast<std::size_t>(classes_);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      const auto row = values.subspan(i * classes, classes);
      const auto predicted = static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin());
      labels_.push_back(static_cast<int>(batch.labels[i]));
      predictions_.push_back(predicted);
      correct_ += predicted == labels_.back() ? 1 : 0;
    }
    loss_sum_ += mean_loss * static_cast<double>(batch.size());
  }

  [[nodiscard]] PassProgress progress() const {
    const auto count = static_cast<double>(labels_.size());
    return {labels_.size(), loss_sum_ / count, static_cast<double>(correct_) / count};
  }

  [[nodiscard]] Scores scores() const {
    const auto quick = metrics::quick_score(labels_, predictions_, static_cast<int>(classes_));
    return {loss_sum_ / static_cast<double>(labels_.size()), quick.accuracy, quick.weighted_f1};
  }

  [[nodiscard]] const std::vector<int>& labels() const { return labels_; }

 private:
  std::vector<int> labels_, predictions_;
  std::int64_t classes_ = 0;
  std::size_t correct_ = 0;
  double loss_sum_ = 0;
};

Error cancelled() {
  return error(ErrorCode::kCancelled, "stopped on request");
}

}  // namespace

Result<Scores> train_epoch(nn::Model& model, Loader& loader, Adam& optimizer, torch::Device device, std::uint64_t seed,
                           int epoch, const OnBatch& on_batch) {
  torch::manual_seed(Rng({seed, kDropoutStream, static_cast<std::uint64_t>(epoch)}).next());
  model.train();
  loader.start_epoch(static_cast<std::uint64_t>(epoch));
  Tally tally;
  while (true) {
    CHECKBOX_TRY(const Batch* const batch, loader.next());
    if (batch == nullptr) break;
    optimizer.zero_grad();
    const torch::Tensor logits = model.forward(images_of(*batch, device));
    const torch::Tensor loss = torch::nn::functional::cross_entropy(logits, labels_of(*batch, device));
    const auto loss_value = loss.item<double>();
    if (!std::isfinite(loss_value)) {
      return error(ErrorCode::kInternal, "the loss is {} in epoch {}: try a lower --lr", loss_value, epoch);
    }
    loss.backward();
    optimizer.step();
    tally.add(*batch, logits.detach().to(torch::kCPU).contiguous(), loss_value);
    if (!on_batch(tally.progress())) return cancelled();
  }
  return tally.scores();
}

Result<Predictions> predict(nn::Model& model, Loader& loader, torch::Device device, const OnBatch& on_batch) {
  const torch::NoGradGuard no_grad;
  model.eval();
  loader.start_epoch(0);
  Predictions result;
  Tally tally;
  while (true) {
    CHECKBOX_TRY(const Batch* const batch, loader.next());
    if (batch == nullptr) break;
    const torch::Tensor logits = model.forward(images_of(*batch, device));
    const auto loss = torch::nn::functional::cross_entropy(logits, labels_of(*batch, device)).item<double>();
    tally.add(*batch, logits.to(torch::kCPU).contiguous(), loss);
    const torch::Tensor shares = torch::softmax(logits, 1).to(torch::kCPU).contiguous();
    const auto* const begin = shares.data_ptr<float>();
    result.probabilities.insert(result.probabilities.end(), begin, begin + shares.numel());
    if (!on_batch(tally.progress())) return cancelled();
  }
  result.labels = tally.labels();
  result.scores = tally.scores();
  return result;
}

}  // namespace checkbox::train
