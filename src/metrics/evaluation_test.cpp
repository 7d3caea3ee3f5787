#include "metrics/evaluation.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "base/files.hpp"
#include "base/rng.hpp"
#include "metrics/scores.hpp"
#include "tests/support/support.hpp"

namespace checkbox::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<std::string> kNames{"checked", "other", "unchecked"};

struct Case {
  std::vector<int> labels;
  std::vector<float> probabilities;
};

// Confidence in the true class varies; class 2 of 4 is neither labelled nor favoured when `absent`.
Case random_case(std::size_t samples, int class_count, std::uint64_t seed, bool absent = false) {
  Rng rng(seed);
  Case made;
  for (std::size_t i = 0; i < samples; ++i) {
    int label = static_cast<int>(rng.below(static_cast<std::uint64_t>(class_count)));
    if (absent && label == 2) label = 0;
    std::vector<double> scores(static_cast<std::size_t>(class_count));
    double sum = 0;
    for (int c = 0; c < class_count; ++c) {
      const double logit = rng.uniform(-2, 2) + (c == label ? 1.0 : 0.0) - (absent && c == 2 ? 9.0 : 0.0);
      sum += scores[static_cast<std::size_t>(c)] = std::exp(logit);
    }
    made.labels.push_back(label);
    for (const double score : scores) made.probabilities.push_back(static_cast<float>(score / sum));
  }
  return made;
}

// One-hot predictions.
Case certain(const std::vector<int>& labels, const std::vector<int>& predictions, int class_count) {
  Case made{labels, {}};
  for (const int predicted : predictions) {
    for (int c = 0; c < class_count; ++c) made.probabilities.push_back(c == predicted ? 1.0F : 0.0F);
  }
  return made;
}

Json judged(const Case& input, int class_count, const std::string& argument) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < input.labels.size(); ++i) {
    Json row = Json::array();
    for (int c = 0; c < class_count; ++c) {
      row.push_back(static_cast<double>(input.probabilities[i * class_count + static_cast<std::size_t>(c)]));
    }
    rows.push_back(row);
  }
  const Json request{
      {"labels", input.labels}, {"probabilities", rows}, {"class_count", class_count}, {"bins", kCalibrationBins}};
  const testing::TempDir folder;
  const auto file = folder.path() / "case.json";
  EXPECT_TRUE(write_file(file, request.dump()).ok());
  const auto judge = testing::source_dir() / "tests" / "judges" / "metrics.py";
  const auto answer = testing::run_command("python3 " + judge.string() + " " + argument + " < " + file.string());
  EXPECT_EQ(answer.status, 0) << answer.output;
  return Json::parse(answer.output);
}

void expect_as_judged(const Case& input, int class_count, const std::string& argument) {
  std::vector<std::string> names;
  for (int c = 0; c < class_count; ++c) names.push_back("class" + std::to_string(c));
  const auto ours = evaluate(input.labels, input.probabilities, names);
  ASSERT_TRUE(ours.ok()) << ours.error().message;
  const Json judge = judged(input, class_count, argument);
  EXPECT_NEAR(ours->accuracy, judge["accuracy"].get<double>(), 1e-12);
  EXPECT_NEAR(ours->weighted_f1, judge["weighted_f1"].get<double>(), 1e-12);
  EXPECT_NEAR(ours->macro_f1, judge["macro_f1"].get<double>(), 1e-12);
  EXPECT_NEAR(ours->loss, judge["loss"].get<double>(), 1e-6);
  EXPECT_NEAR(ours->ece, judge["ece"].get<double>(), 1e-9);
  EXPECT_EQ(Json(ours->confusion_matrix), judge["confusion_matrix"]);
  for (std::size_t c = 0; c < names.size(); ++c) {
    const auto expected = judge["per_class"][c].get<std::vector<double>>();
    EXPECT_NEAR(ours->per_class[c].precision, expected[0], 1e-12);
    EXPECT_NEAR(ours->per_class[c].recall, expected[1], 1e-12);
    EXPECT_NEAR(ours->per_class[c].f1, expected[2], 1e-12);
    EXPECT_EQ(static_cast<double>(ours->per_class[c].support), expected[3]);
  }
  const auto quick = quick_score(
      input.labels,
      [&] {
        std::vector<int> predictions;
        for (std::size_t i = 0; i < input.labels.size(); ++i) {
          const auto row = input.probabilities.begin() + static_cast<std::ptrdiff_t>(i * names.size());
          predictions.push_back(static_cast<int>(std::max_element(row, row + class_count) - row));
        }
        return predictions;
      }(),
      class_count);
  EXPECT_DOUBLE_EQ(quick.accuracy, ours->accuracy);
  EXPECT_DOUBLE_EQ(quick.weighted_f1, ours->weighted_f1);
}

TEST(Evaluation, EqualsTheDefinitionsInExactArithmetic) {
  CHECKBOX_NEED_PYTHON("json");
  expect_as_judged(random_case(300, 3, 1), 3, "");
  expect_as_judged(random_case(200, 4, 2, true), 4, "");
  expect_as_judged(certain({0, 1, 2, 2}, {1, 1, 0, 0}, 3), 3, "");
  expect_as_judged(certain({1}, {1}, 3), 3, "");
}

TEST(Evaluation, EqualsScikitLearn) {
  CHECKBOX_NEED_PYTHON("sklearn");
  expect_as_judged(random_case(300, 3, 1), 3, "sklearn");
  expect_as_judged(random_case(200, 4, 2, true), 4, "sklearn");
}

TEST(Evaluation, CountsAKnownCaseByHand) {
  // truth 0: hit, hit, as 1; truth 1: hit; truth 2: as 0. F1: 4/6, 2/3, 0.
  const Case input = certain({0, 0, 0, 1, 2}, {0, 0, 1, 1, 0}, 3);
  const auto result = evaluate(input.labels, input.probabilities, kNames);
  ASSERT_TRUE(result.ok());
  EXPECT_DOUBLE_EQ(result->accuracy, 3.0 / 5);
  EXPECT_DOUBLE_EQ(result->macro_f1, (4.0 / 6 + 2.0 / 3) / 3);
  EXPECT_DOUBLE_EQ(result->weighted_f1, (3 * 4.0 / 6 + 2.0 / 3) / 5);
  EXPECT_THAT(result->confusion_matrix, ElementsAre(ElementsAre(2, 1, 0), ElementsAre(0, 1, 0), ElementsAre(1, 0, 0)));
  EXPECT_DOUBLE_EQ(result->ece, 2.0 / 5);  // all confidences are 1, three of five are right
  EXPECT_NEAR(result->loss, 2.0 / 5 * -std::log(std::pow(2.0, -23)), 1e-6);
}

TEST(Evaluation, IntervalOfAccuracyIsTheBinomialOne) {
  constexpr int kSamples = 1000, kCorrect = 800;
  std::vector<int> labels(kSamples, 0), predictions(kSamples, 0);
  std::fill(predictions.begin() + kCorrect, predictions.end(), 1);
  const Case input = certain(labels, predictions, 2);
  const auto result = evaluate(input.labels, input.probabilities, {"a", "b"});
  ASSERT_TRUE(result.ok());
  const double half = 1.96 * std::sqrt(0.8 * 0.2 / kSamples);
  EXPECT_NEAR(result->accuracy_interval.low, 0.8 - half, 0.003);
  EXPECT_NEAR(result->accuracy_interval.high, 0.8 + half, 0.003);
  EXPECT_NEAR(result->ece_interval.low, 0.2 - half, 0.003);  // here always 1 - accuracy
  EXPECT_NEAR(result->ece_interval.high, 0.2 + half, 0.003);
}

TEST(Evaluation, IntervalsCoverTheTrueAccuracyAboutNineteenTimesInTwenty) {
  constexpr int kTrials = 200;
  int covered = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    Rng rng({99, static_cast<std::uint64_t>(trial)});
    std::vector<int> labels(150, 0), predictions;
    for (std::size_t i = 0; i < labels.size(); ++i) predictions.push_back(rng.uniform() < 0.75 ? 0 : 1);
    const Case input = certain(labels, predictions, 2);
    const auto result = evaluate(input.labels, input.probabilities, {"a", "b"}, static_cast<std::uint64_t>(trial));
    ASSERT_TRUE(result.ok());
    if (result->accuracy_interval.low <= 0.75 && 0.75 <= result->accuracy_interval.high) ++covered;
  }
  EXPECT_GE(covered, kTrials * 0.90);
  EXPECT_LE(covered, kTrials * 0.99);
}

TEST(Evaluation, SameSeedGivesTheSameIntervals) {
  const Case input = random_case(5000, 3, 3);  // enough for several threads
  const auto first = evaluate(input.labels, input.probabilities, kNames, 5);
  const auto second = evaluate(input.labels, input.probabilities, kNames, 5);
  const auto third = evaluate(input.labels, input.probabilities, kNames, 6);
  ASSERT_TRUE(first.ok() && second.ok() && third.ok());
  EXPECT_EQ(to_json(*first), to_json(*second));
  EXPECT_NE(to_json(*first), to_json(*third));
}

TEST(Evaluation, RefusesWhatCannotBeScored) {
  const auto message = [](const std::vector<int>& labels, const std::vector<float>& probabilities) {
    const auto result = evaluate(labels, probabilities, kNames);
    return result.ok() ? std::string("accepted") : result.error().message;
  };
  EXPECT_EQ(message({}, {}), "nothing to evaluate: 0 samples, 3 classes");
  EXPECT_EQ(message({0, 1}, {1, 0, 0}), "3 probabilities for 2 samples of 3 classes");
  EXPECT_EQ(message({3}, {1, 0, 0}), "sample 0: label 3 is outside 0..2");
  EXPECT_THAT(message({0}, {NAN, 0, 0}), HasSubstr("not a probability"));
  EXPECT_THAT(message({0}, {0.5F, 0.2F, 0.2F}), HasSubstr("sum to 0.9, not to 1"));
}

TEST(Evaluation, WritesTheKeysThatProgramsRead) {
  const Case input = random_case(50, 3, 4);
  const auto result = evaluate(input.labels, input.probabilities, kNames);
  ASSERT_TRUE(result.ok());
  const OrderedJson document = to_json(*result);
  std::vector<std::string> keys;
  for (const auto& [key, value] : document.items()) keys.push_back(key);
  EXPECT_THAT(keys, ElementsAre("samples", "accuracy", "accuracy_interval", "weighted_f1", "weighted_f1_interval",
                                "macro_f1", "macro_f1_interval", "loss", "loss_interval", "ece", "ece_interval",
                                "per_class", "labels", "confusion_matrix"));
  EXPECT_EQ(document["accuracy_interval"].size(), 2);
  EXPECT_EQ(document["per_class"]["checked"]["support"], result->per_class[0].support);
}

TEST(Evaluation, PrintsATableThatLinesUp) {
  const Case input = certain({0, 0, 1, 2}, {0, 0, 1, 1}, 3);
  const auto result = evaluate(input.labels, input.probabilities, kNames);
  ASSERT_TRUE(result.ok());
  const std::string table = to_table(*result);
  EXPECT_THAT(table, HasSubstr("accuracy      0.7500  ["));
  EXPECT_THAT(table, HasSubstr("checked         1.0000    1.0000    1.0000         2\n"));
  EXPECT_THAT(table, HasSubstr("unchecked            0         1         0\n"));
}

TEST(Quantile, InterpolatesAsNumpy) {
  const std::vector<double> sorted{1, 2, 4, 8};
  EXPECT_DOUBLE_EQ(quantile(sorted, 0), 1);
  EXPECT_DOUBLE_EQ(quantile(sorted, 0.5), 3);
  EXPECT_DOUBLE_EQ(quantile(sorted, 0.9), 4 + 0.7 * 4);
  EXPECT_DOUBLE_EQ(quantile(sorted, 1), 8);
}

}  // namespace
}  // namespace checkbox::metrics
