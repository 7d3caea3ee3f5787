#include "metrics/scores.hpp"

#include <algorithm>
#include <cmath>

namespace checkbox::metrics {
namespace {

double ratio(std::int64_t part, std::int64_t whole) {
  return whole == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::int64_t Confusion::support(int label) const {
  std::int64_t sum = 0;
  for (int predicted = 0; predicted < class_count_; ++predicted) sum += at(label, predicted);
  return sum;
}

std::int64_t Confusion::predicted(int label) const {
  std::int64_t sum = 0;
  for (int truth = 0; truth < class_count_; ++truth) sum += at(truth, label);
  return sum;
}

std::int64_t Confusion::total() const {
  std::int64_t sum = 0;
  for (const std::int64_t count : counts_) sum += count;
  return sum;
}

double Confusion::accuracy() const {
  std::int64_t correct = 0;
  for (int label = 0; label < class_count_; ++label) correct += at(label, label);
  return ratio(correct, total());
}

double Confusion::precision(int label) const {
  return ratio(at(label, label), predicted(label));
}

double Confusion::recall(int label) const {
  return ratio(at(label, label), support(label));
}

double Confusion::f1(int label) const {
  return ratio(2 * at(label, label), support(label) + predicted(label));
}

double Confusion::weighted_f1() const {
  double sum = 0;
  for (int label = 0; label < class_count_; ++label) sum += static_cast<double>(support(label)) * f1(label);
  const std::int64_t samples = total();
  return samples == 0 ? 0.0 : sum / static_cast<double>(samples);
}

double Confusion::macro_f1() const {
  double sum = 0;
  int occurring = 0;
  for (int label = 0; label < class_count_; ++label) {
    if (support(label) + predicted(label) == 0) continue;
    sum += f1(label);
    ++occurring;
  }
  return occurring == 0 ? 0.0 : sum / occurring;
}

int Calibration::bin_of(float confidence) {
  const double position = std::ceil(static_cast<double>(confidence) * kCalibrationBins) - 1;
  return static_cast<int>(std::clamp(position, 0.0, kCalibrationBins - 1.0));
}

void Calibration::add(int bin, float confidence, bool correct) {
  excess_[static_cast<std::size_t>(bin)] += static_cast<double>(confidence) - (correct ? 1.0 : 0.0);
  ++total_;
}

double Calibration::error() const {
  // |share - mean| * samples of the bin is |sum of correct - sum of confidences|: the bin's size cancels out.
  double sum = 0;
  for (const double excess : excess_) sum += std::abs(excess);
  return total_ == 0 ? 0.0 : sum / static_cast<double>(total_);
}

double quantile(std::span<const double> sorted, double share) {
  const double position = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (position - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace checkbox::metrics
