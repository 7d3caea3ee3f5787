// Assigns samples to train, valid and test, or to cross-validation folds, class by class so that every part has the
// same mix of classes. Pure functions; the result depends on the labels, their order and the seed alone.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace checkbox::data {

inline constexpr int kMaxFolds = 1000;

// The name of each sample's part, in the order of `labels`, which are indices into `classes`, the classes' names.
using Assignment = std::vector<std::string>;

// The names in the order in which they are listed: train, valid, test, or fold0, fold1 ...
[[nodiscard]] std::vector<std::string> part_names(int folds);

// train, valid, test with the reference's rounding: of a class of n samples each part gets int(ratio * n), and train
// what remains. kInvalidArgument unless there are three ratios in 0..1 that sum to 1 within 1e-6.
[[nodiscard]] Result<Assignment> split_by_ratios(std::span<const int> labels, std::span<const std::string> classes,
                                                 std::span<const double> ratios, std::uint64_t seed);
[[nodiscard]] Status check_ratios(std::span<const double> ratios);
[[nodiscard]] Status check_folds(int folds);

// fold0 .. fold<folds-1>: sizes within a class, and of whole folds, differ by one at most. kInvalidArgument unless
// folds is in 2..kMaxFolds and no class has fewer samples than there are folds.
[[nodiscard]] Result<Assignment> split_by_folds(std::span<const int> labels, std::span<const std::string> classes,
                                                int folds, std::uint64_t seed);

}  // namespace checkbox::data
