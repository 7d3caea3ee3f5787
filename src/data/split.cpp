#include "data/split.hpp"

#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <cstddef>

#include "base/rng.hpp"

namespace checkbox::data {
namespace {

constexpr std::array<const char*, 3> kPartNames{"train", "valid", "test"};
constexpr double kRatioTolerance = 1e-6;

// Positions in `labels` by class, each class shuffled by a generator of its own, so that adding a sample to one class
// leaves the others as they were.
std::vector<std::vector<std::size_t>> shuffled_classes(std::span<const int> labels, std::size_t class_count,
                                                       std::uint64_t seed) {
  std::vector<std::vector<std::size_t>> members(class_count);
  for (std::size_t i = 0; i < labels.size(); ++i) members[static_cast<std::size_t>(labels[i])].push_back(i);
  for (std::size_t c = 0; c < members.size(); ++c) Rng({seed, c}).shuffle(std::span(members[c]));
  return members;
}

}  // namespace

std::vector<std::string> part_names(int folds) {
  std::vector<std::string> names(kPartNames.begin(), kPartNames.end());
  if (folds > 0) names.clear();
  for (int fold = 0; fold < folds; ++fold) names.push_back(fmt::format("fold{}", fold));
  return names;
}

Status check_ratios(std::span<const double> ratios) {
  double sum = 0;
  bool valid = ratios.size() == kPartNames.size();
  for (double ratio : ratios) {
    valid = valid && ratio >= 0 && ratio <= 1;
    sum += ratio;
  }
  if (valid && std::abs(sum - 1) <= kRatioTolerance) return {};
  return error(ErrorCode::kInvalidArgument,
               "split ratios: three numbers in 0..1 (train, valid, test) that sum to 1 expected, found {}",
               fmt::join(ratios, ","));
}

Status check_folds(int folds) {
  if (folds >= 2 && folds <= kMaxFolds) return {};
  return error(ErrorCode::kInvalidArgument, "folds: 2 to {} expected, found {}", kMaxFolds, folds);
}

Result<Assignment> split_by_ratios(std::span<const int> labels, std::span<const std::string> classes,
                                   std::span<const double> ratios, std::uint64_t seed) {
  CHECKBOX_CHECK(check_ratios(ratios));
  Assignment parts(labels.size(), kPartNames[0]);
  for (const auto& members : shuffled_classes(labels, classes.size(), seed)) {
    const auto size_of = [&](std::size_t part) {
      return static_cast<std::size_t>(ratios[part] * static_cast<double>(members.size()));
    };
    std::size_t at = members.size();
    for (std::size_t part = kPartNames.size() - 1; part > 0; --part) {
      for (std::size_t left = size_of(part); left > 0 && at > 0; --left) parts[members[--at]] = kPartNames[part];
    }
  }
  return parts;
}

Result<Assignment> split_by_folds(std::span<const int> labels, std::span<const std::string> classes, int folds,
                                  std::uint64_t seed) {
  CHECKBOX_CHECK(check_folds(folds));
  Assignment parts(labels.size());
  std::size_t next = 0;  // goes on from class to class, so that the folds' remainders do not pile up in fold0
  std::size_t label = 0;
  for (const auto& members : shuffled_classes(labels, classes.size(), seed)) {
    if (members.size() < static_cast<std::size_t>(folds)) {
      return error(ErrorCode::kInvalidArgument, "folds: class {} has only {} samples, too few for {} folds",
                   classes[label], members.size(), folds);
    }
    for (std::size_t member : members) {
      parts[member] = fmt::format("fold{}", next++ % static_cast<std::size_t>(folds));
    }
    ++label;
  }
  return parts;
}

}  // namespace checkbox::data
