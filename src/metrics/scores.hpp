// The arithmetic under evaluate(): counts of a (re)sample to scores. Internal to this room. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "metrics/evaluation.hpp"

namespace checkbox::metrics {

// A confusion matrix, [true][predicted] row-major, with the sums every score is made of.
class Confusion {
 public:
  explicit Confusion(int class_count)
      : class_count_(class_count), counts_(static_cast<std::size_t>(class_count) * class_count) {}

  void add(int truth, int predicted) { ++counts_[static_cast<std::size_t>(truth) * class_count_ + predicted]; }
  void clear() { counts_.assign(counts_.size(), 0); }

  [[nodiscard]] std::int64_t at(int truth, int predicted) const {
    return counts_[static_cast<std::size_t>(truth) * class_count_ + predicted];
  }
  [[nodiscard]] int class_count() const { return class_count_; }
  [[nodiscard]] std::int64_t support(int label) const;    // samples that are of this class
  [[nodiscard]] std::int64_t predicted(int label) const;  // samples predicted as this class
  [[nodiscard]] std::int64_t total() const;

  [[nodiscard]] double accuracy() const;
  [[nodiscard]] double precision(int label) const;
  [[nodiscard]] double recall(int label) const;
  [[nodiscard]] double f1(int label) const;  // 2 tp / (2 tp + fp + fn), 0 where that is 0 / 0
  [[nodiscard]] double weighted_f1() const;
  [[nodiscard]] double macro_f1() const;

 private:
  int class_count_;
  std::vector<std::int64_t> counts_;
};

// Equal-width bins over the confidence: bin m of M holds ((m - 1) / M, m / M].
class Calibration {
 public:
  [[nodiscard]] static int bin_of(float confidence);

  void add(int bin, float confidence, bool correct);
  void clear() { *this = Calibration(); }
  // Sum over bins of |correct share - mean confidence|, weighted by the bins' samples.
  [[nodiscard]] double error() const;

 private:
  std::array<double, kCalibrationBins> excess_{};  // sum of confidences less the number of correct samples, per bin
  std::int64_t total_ = 0;
};

// The given share (0..1) of sorted values lies below it; linear between neighbours, as numpy.quantile. Not for empty.
[[nodiscard]] double quantile(std::span<const double> sorted, double share);

}  // namespace checkbox::metrics
