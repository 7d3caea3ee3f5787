#include "data/split.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace checkbox::data {
namespace {

using ::testing::HasSubstr;

std::vector<int> labels_with(const std::vector<int>& counts) {
  std::vector<int> labels;
  for (std::size_t c = 0; c < counts.size(); ++c) labels.insert(labels.end(), counts[c], static_cast<int>(c));
  return labels;
}

const std::vector<std::string> kOne{"a"};
const std::vector<std::string> kTwo{"a", "b"};
const std::vector<std::string> kThree{"other", "checked", "unchecked"};

std::map<std::string, int> count(const std::vector<int>& labels, const Assignment& parts, int label) {
  std::map<std::string, int> counts;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == label) ++counts[parts[i]];
  }
  return counts;
}

using Counts = std::map<std::string, int>;
const std::vector<double> kRatios{0.6, 0.2, 0.2};

// The published counts of the reference's data set: other, checked, unchecked.
TEST(SplitByRatios, RoundsAsTheReferenceDoes) {
  const auto labels = labels_with({138, 222, 155});
  const auto parts = split_by_ratios(labels, kThree, kRatios, 17).value();
  EXPECT_EQ(count(labels, parts, 0), (Counts{{"train", 84}, {"valid", 27}, {"test", 27}}));
  EXPECT_EQ(count(labels, parts, 1), (Counts{{"train", 134}, {"valid", 44}, {"test", 44}}));
  EXPECT_EQ(count(labels, parts, 2), (Counts{{"train", 93}, {"valid", 31}, {"test", 31}}));
}

TEST(SplitByRatios, TruncatesEveryPartAndGivesTrainTheRest) {
  for (int n = 0; n < 60; ++n) {
    const auto labels = labels_with({n});
    auto counts = count(labels, split_by_ratios(labels, kOne, kRatios, 1).value(), 0);
    EXPECT_EQ(counts["valid"], static_cast<int>(0.2 * n));
    EXPECT_EQ(counts["test"], static_cast<int>(0.2 * n));
    EXPECT_EQ(counts["train"], n - 2 * static_cast<int>(0.2 * n));
  }
}

TEST(SplitByRatios, TakesEmptyParts) {
  const auto labels = labels_with({10});
  EXPECT_EQ(count(labels, split_by_ratios(labels, kOne, std::vector{0.0, 0.0, 1.0}, 1).value(), 0),
            (Counts{{"test", 10}}));
}

TEST(SplitByRatios, DependsOnTheSeedAlone) {
  const auto labels = labels_with({50, 50});
  EXPECT_EQ(split_by_ratios(labels, kTwo, kRatios, 3).value(), split_by_ratios(labels, kTwo, kRatios, 3).value());
  EXPECT_NE(split_by_ratios(labels, kTwo, kRatios, 3).value(), split_by_ratios(labels, kTwo, kRatios, 4).value());
}

TEST(SplitByRatios, LeavesOtherClassesAloneWhenOneGrows) {
  const auto before = split_by_ratios(labels_with({50, 50}), kTwo, kRatios, 3).value();
  const auto after = split_by_ratios(labels_with({50, 57}), kTwo, kRatios, 3).value();
  EXPECT_TRUE(std::equal(before.begin(), before.begin() + 50, after.begin()));
}

// Every sample lands in "test" with the same frequency, whatever its place: a sign that the shuffle is fair.
TEST(SplitByRatios, GivesEverySampleTheSameChance) {
  const auto labels = labels_with({20});
  std::vector<int> in_test(20);
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    const auto parts = split_by_ratios(labels, kOne, kRatios, seed).value();
    for (std::size_t i = 0; i < 20; ++i) in_test[i] += parts[i] == "test";
  }
  for (int hits : in_test) EXPECT_NEAR(hits, 1000, 142);  // five standard deviations
}

TEST(SplitByRatios, RefusesRatiosThatAreNoSplit) {
  for (const std::vector<double>& ratios : {std::vector{0.6, 0.4}, std::vector{0.6, 0.2, 0.3},
                                            std::vector{1.2, -0.2, 0.0}, std::vector{0.5, 0.5, 0.0 / 0.0}}) {
    const auto result = split_by_ratios(labels_with({10}), kOne, ratios, 1);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_TRUE(check_ratios(std::vector{1.0 / 3, 1.0 / 3, 1.0 / 3}).ok());
}

TEST(SplitByFolds, BalancesClassesAndWholeFolds) {
  const std::vector<int> counts{138, 222, 157};
  const auto labels = labels_with(counts);
  const auto parts = split_by_folds(labels, kThree, 5, 17).value();
  for (int label = 0; label < 3; ++label) {
    const auto folds = count(labels, parts, label);
    EXPECT_EQ(folds.size(), 5u);
    for (const auto& [name, size] : folds) {
      EXPECT_GE(size, counts[label] / 5) << name;
      EXPECT_LE(size, counts[label] / 5 + 1) << name;
    }
  }
  std::map<std::string, int> sizes;
  for (const auto& part : parts) ++sizes[part];
  for (const auto& [name, size] : sizes) EXPECT_NEAR(size, 103, 1) << name;
}

TEST(SplitByFolds, RefusesMoreFoldsThanAClassHasSamples) {
  const auto result = split_by_folds(labels_with({10, 3}), kTwo, 5, 1);
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, HasSubstr("class b has only 3 samples"));
  EXPECT_FALSE(split_by_folds(labels_with({10}), kOne, 1, 1).ok());
  EXPECT_FALSE(split_by_folds(labels_with({10}), kOne, kMaxFolds + 1, 1).ok());
}

}  // namespace
}  // namespace checkbox::data
