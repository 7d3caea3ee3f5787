// Everything `evaluate` reports about predictions whose true labels are known. Definitions as in scikit-learn, which
// the tests compare with. Pure functions; O(samples * classes), the intervals times kBootstrapRounds.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace checkbox::metrics {

struct Interval {
  double low = 0;
  double high = 0;
};

struct ClassScore {
  std::string label;
  double precision = 0;  // 0 where nothing was predicted as this class
  double recall = 0;     // 0 without support
  double f1 = 0;
  std::int64_t support = 0;
};

// Bounds are 95 % percentile bootstrap intervals over samples (Efron 1979).
struct Evaluation {
  std::int64_t samples = 0;
  double accuracy = 0;
  double weighted_f1 = 0;  // per-class F1 weighted by support
  double macro_f1 = 0;     // over classes that occur among labels or predictions
  double loss = 0;         // mean cross entropy, natural log
  double ece = 0;          // expected calibration error, kCalibrationBins equal-width bins (Guo et al. 2017)
  std::vector<ClassScore> per_class;
  std::vector<std::vector<std::int64_t>> confusion_matrix;  // [true][predicted]
  Interval accuracy_interval, weighted_f1_interval, macro_f1_interval, loss_interval, ece_interval;
};

inline constexpr int kCalibrationBins = 15;
inline constexpr int kBootstrapRounds = 1000;

// labels: [N], each in 0..C-1. probabilities: [N, C] row-major, each row summing to 1. N may not be 0.
// The same seed gives the same intervals.
[[nodiscard]] Result<Evaluation> evaluate(std::span<const int> labels, std::span<const float> probabilities,
                                          const std::vector<std::string>& class_names, std::uint64_t seed = 17);

// Keys as the fields above; each interval as "<name>_interval": [low, high]; per_class by label.
[[nodiscard]] OrderedJson to_json(const Evaluation& evaluation);
// What people read on a terminal: summary with intervals, per-class table, confusion matrix.
[[nodiscard]] std::string to_table(const Evaluation& evaluation);

// Only what training shows each epoch; O(N * C).
struct QuickScore {
  double accuracy = 0;
  double weighted_f1 = 0;
};
[[nodiscard]] QuickScore quick_score(std::span<const int> labels, std::span<const int> predictions, int class_count);

}  // namespace checkbox::metrics
