#include "metrics/evaluation.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/rng.hpp"
#include "base/threads.hpp"
#include "metrics/scores.hpp"

namespace checkbox::metrics {
namespace {

// A true class with probability 0 would make the loss infinite; scikit-learn clips at the type's epsilon, and so do we.
constexpr float kMinProbability = std::numeric_limits<float>::epsilon();
constexpr float kRowSumTolerance = 1e-3F;
constexpr double kIntervalLow = 0.025;
constexpr double kIntervalHigh = 0.975;
// Below this many samples a round is done before a thread is awake.
constexpr std::size_t kMinSamplesForThreads = 2048;

struct Outcome {
  int truth = 0;
  int predicted = 0;
  int bin = 0;
  float confidence = 0;
  double loss = 0;
};

struct Scores {
  double accuracy = 0;
  double weighted_f1 = 0;
  double macro_f1 = 0;
  double loss = 0;
  double ece = 0;
};

Result<std::vector<Outcome>> outcomes_of(std::span<const int> labels, std::span<const float> probabilities,
                                         std::size_t class_count) {
  if (labels.empty() || class_count == 0) {
    return error(ErrorCode::kInvalidArgument, "nothing to evaluate: {} samples, {} classes", labels.size(),
                 class_count);
  }
  if (probabilities.size() % class_count != 0 || probabilities.size() / class_count != labels.size()) {
    return error(ErrorCode::kInvalidArgument, "{} probabilities for {} samples of {} classes", probabilities.size(),
                 labels.size(), class_count);
  }
  std::vector<Outcome> outcomes(labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] < 0 || static_cast<std::size_t>(labels[i]) >= class_count) {
      return error(ErrorCode::kInvalidArgument, "sample {}: label {} is outside 0..{}", i, labels[i], class_count - 1);
    }
    const auto row = probabilities.subspan(i * class_count, class_count);
    float sum = 0;
    for (const float value : row) {
      if (!(value >= 0 && value <= 1 + kRowSumTolerance)) {
        return error(ErrorCode::kInvalidArgument, "sample {}: {} is not a probability", i, value);
      }
      sum += value;
    }
    if (std::abs(sum - 1) > kRowSumTolerance) {
      return error(ErrorCode::kInvalidArgument, "sample {}: the probabilities sum to {}, not to 1", i, sum);
    }
    Outcome& outcome = outcomes[i];
    outcome.truth = labels[i];
    outcome.predicted = static_cast<int>(std::max_element(row.begin(), row.end()) - row.begin());
    outcome.confidence = row[static_cast<std::size_t>(outcome.predicted)];
    outcome.bin = Calibration::bin_of(outcome.confidence);
    const float of_truth = row[static_cast<std::size_t>(labels[i])];
    outcome.loss = -std::log(static_cast<double>(std::clamp(of_truth, kMinProbability, 1 - kMinProbability)));
  }
  return outcomes;
}

// Adds outcomes one by one; scores() of what was added since clear().
class Tally {
 public:
  explicit Tally(std::size_t class_count) : confusion_(static_cast<int>(class_count)) {}

  void clear() {
    confusion_.clear();
    calibration_.clear();
    loss_ = 0;
    samples_ = 0;
  }
  void add(const Outcome& outcome) {
    confusion_.add(outcome.truth, outcome.predicted);
    calibration_.add(outcome.bin, outcome.confidence, outcome.truth == outcome.predicted);
    loss_ += outcome.loss;
    ++samples_;
  }
  [[nodiscard]] Scores scores() const {
    return {confusion_.accuracy(), confusion_.weighted_f1(), confusion_.macro_f1(),
            loss_ / static_cast<double>(samples_), calibration_.error()};
  }
  [[nodiscard]] const Confusion& confusion() const { return confusion_; }

 private:
  Confusion confusion_;
  Calibration calibration_;
  double loss_ = 0;
  std::int64_t samples_ = 0;
};

// Each round draws from its own generator, so the rounds may run on any number of threads.
std::vector<Scores> resample(const std::vector<Outcome>& outcomes, std::size_t class_count, std::uint64_t seed) {
  std::vector<Scores> rounds(kBootstrapRounds);
  const int threads = outcomes.size() < kMinSamplesForThreads ? 1 : available_cpus();
  std::vector<Tally> tallies(static_cast<std::size_t>(threads), Tally(class_count));
  parallel_for(rounds.size(), threads, [&](std::size_t round, int worker) {
    Rng rng({seed, round});
    Tally& tally = tallies[static_cast<std::size_t>(worker)];
    tally.clear();
    for (std::size_t i = 0; i < outcomes.size(); ++i) tally.add(outcomes[rng.below(outcomes.size())]);
    rounds[round] = tally.scores();
  });
  return rounds;
}

Interval interval_of(const std::vector<Scores>& rounds, double Scores::*score) {
  std::vector<double> values;
  values.reserve(rounds.size());
  for (const Scores& round : rounds) values.push_back(round.*score);
  std::sort(values.begin(), values.end());
  return {quantile(values, kIntervalLow), quantile(values, kIntervalHigh)};
}

}  // namespace

Result<Evaluation> evaluate(std::span<const int> labels, std::span<const float> probabilities,
                            const std::vector<std::string>& class_names, std::uint64_t seed) {
  const std::size_t class_count = class_names.size();
  CHECKBOX_TRY(const std::vector<Outcome> outcomes, outcomes_of(labels, probabilities, class_count));
  Tally tally(class_count);
  for (const Outcome& outcome : outcomes) tally.add(outcome);
  const Scores scores = tally.scores();
  const Confusion& confusion = tally.confusion();

  Evaluation evaluation;
  evaluation.samples = static_cast<std::int64_t>(labels.size());
  evaluation.accuracy = scores.accuracy;
  evaluation.weighted_f1 = scores.weighted_f1;
  evaluation.macro_f1 = scores.macro_f1;
  evaluation.loss = scores.loss;
  evaluation.ece = scores.ece;
  for (int label = 0; label < confusion.class_count(); ++label) {
    evaluation.per_class.push_back({class_names[static_cast<std::size_t>(label)], confusion.precision(label),
                                    confusion.recall(label), confusion.f1(label), confusion.support(label)});
    auto& row = evaluation.confusion_matrix.emplace_back();
    for (int predicted = 0; predicted < confusion.class_count(); ++predicted) {
      row.push_back(confusion.at(label, predicted));
    }
  }
  const std::vector<Scores> rounds = resample(outcomes, class_count, seed);
  evaluation.accuracy_interval = interval_of(rounds, &Scores::accuracy);
  evaluation.weighted_f1_interval = interval_of(rounds, &Scores::weighted_f1);
  evaluation.macro_f1_interval = interval_of(rounds, &Scores::macro_f1);
  evaluation.loss_interval = interval_of(rounds, &Scores::loss);
  evaluation.ece_interval = interval_of(rounds, &Scores::ece);
  return evaluation;
}

QuickScore quick_score(std::span<const int> labels, std::span<const int> predictions, int class_count) {
  Confusion confusion(class_count);
  for (std::size_t i = 0; i < std::min(labels.size(), predictions.size()); ++i) {
    confusion.add(labels[i], predictions[i]);
  }
  return {confusion.accuracy(), confusion.weighted_f1()};
}

}  // namespace checkbox::metrics
