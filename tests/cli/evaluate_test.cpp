// `checkbox evaluate` on a dataset whose scores are known: 6 images in valid, of which 4 are right.
#include "tests/cli/fixture.hpp"

namespace checkbox::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Evaluate : public ProgramTest {
 protected:
  void SetUp() override {
    write_model();
    paint("data/checked/1.png", kRed);
    paint("data/checked/2.png", kRed);
    paint("data/checked/3.png", kGreen);  // taken for unchecked
    paint("data/unchecked/1.png", kGreen);
    paint("data/unchecked/2.png", kBlue);  // taken for other
    paint("data/other/1.png", kBlue);
    paint("data/other/2.png", kRed);  // train
    // The artifact's order is other, checked, unchecked.
    write("data/label_mapping.json", R"({"0": "checked", "1": "other", "2": "unchecked"})");
    write("data/splits.csv",
          ",filepath,label,split\n0,checked/1.png,0,valid\n1,checked/2.png,0,valid\n2,checked/3.png,0,valid\n"
          "3,unchecked/1.png,2,valid\n4,unchecked/2.png,2,valid\n5,other/1.png,1,valid\n6,other/2.png,1,train\n");
  }
  [[nodiscard]] Json json_of(const std::string& arguments) const {
    const auto result = checkbox("evaluate --model model.onnx --dataset-dir data --json " + arguments);
    EXPECT_EQ(result.status, 0) << result.err;
    return Json::parse(result.out);
  }
};

TEST_F(Evaluate, MatchesLabelsByNameAndScoresByHand) {
  const Json scores = json_of("--split valid");
  EXPECT_EQ(scores["samples"], 6);
  EXPECT_DOUBLE_EQ(scores["accuracy"].get<double>(), 4.0 / 6);
  EXPECT_EQ(scores["labels"], Json({"other", "checked", "unchecked"}));
  EXPECT_EQ(scores["confusion_matrix"], Json({{1, 0, 0}, {0, 2, 1}, {1, 0, 1}}));
  EXPECT_DOUBLE_EQ(scores["per_class"]["checked"]["precision"].get<double>(), 1);
  EXPECT_DOUBLE_EQ(scores["per_class"]["checked"]["recall"].get<double>(), 2.0 / 3);
  const double f1_other = 2.0 / 3, f1_checked = 4.0 / 5, f1_unchecked = 2.0 / 4;
  EXPECT_NEAR(scores["macro_f1"].get<double>(), (f1_other + f1_checked + f1_unchecked) / 3, 1e-12);
  EXPECT_NEAR(scores["weighted_f1"].get<double>(), (f1_other + 3 * f1_checked + 2 * f1_unchecked) / 6, 1e-12);
  // Right ones cost log(1 + 2 e^-g), wrong ones g more.
  const double gain = kColourGain;
  EXPECT_NEAR(scores["loss"].get<double>(), std::log1p(2 * std::exp(-gain)) + 2.0 / 6 * gain, 1e-5);
  EXPECT_NEAR(scores["ece"].get<double>(), 1 / (1 + 2 * std::exp(-gain)) - 4.0 / 6, 1e-6);
  for (const char* name : {"accuracy", "weighted_f1", "macro_f1", "loss", "ece"}) {
    const auto interval = scores[std::string(name) + "_interval"].get<std::vector<double>>();
    ASSERT_EQ(interval.size(), 2U);
    EXPECT_LE(interval[0], scores[name].get<double>());
    EXPECT_GE(interval[1], scores[name].get<double>());
  }
  EXPECT_EQ(scores["failed"], Json::array());
}

TEST_F(Evaluate, TakesEachSplitOrAll) {
  EXPECT_EQ(json_of("--split train")["samples"], 1);
  EXPECT_EQ(json_of("--split all")["samples"], 7);
  const auto result = checkbox("evaluate --model model.onnx --dataset-dir data --split test");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err, "checkbox: error: data: no images in split 'test'; found: train (1), valid (6)\n");
}

TEST_F(Evaluate, CountsAFolderWithoutSplitsAsOneSplit) {
  std::filesystem::remove(path("data/splits.csv"));
  std::filesystem::remove(path("data/label_mapping.json"));
  const Json scores = json_of("");
  EXPECT_EQ(scores["samples"], 7);
  EXPECT_EQ(scores["split"], "all");
  const auto asked = checkbox("evaluate --model model.onnx --dataset-dir data --split valid --json");
  EXPECT_EQ(asked.status, 0);
  EXPECT_THAT(asked.err, HasSubstr("warning: data: no splits.csv"));
  EXPECT_EQ(Json::parse(asked.out)["samples"], 7);
}

TEST_F(Evaluate, PrintsATableAndWritesJsonBeside) {
  const auto result = checkbox("evaluate --model model.onnx --dataset-dir data --split valid --json scores.json");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("model.onnx, split valid of data: 6 images\n"));
  EXPECT_THAT(result.out, HasSubstr("accuracy      0.6667  ["));
  EXPECT_EQ(Json::parse(read("scores.json"))["samples"], 6);
  EXPECT_EQ(Json::parse(read("scores.json")), json_of("--split valid"));
}

TEST_F(Evaluate, GivesTheSameNumbersOnAnyNumberOfThreads) {
  EXPECT_EQ(json_of("--split all --threads 1"), json_of("--split all --threads 3"));
}

TEST_F(Evaluate, ListsEachPrediction) {
  const auto result = checkbox("evaluate --model model.onnx --dataset-dir data --split valid --predictions p.csv");
  EXPECT_EQ(result.status, 0) << result.err;
  const auto lines = lines_of(read("p.csv"));
  ASSERT_EQ(lines.size(), 7U);
  EXPECT_EQ(lines[0],
            "file,truth,label,confidence,probability_other,probability_checked,probability_unchecked,elapsed_ms,error");
  EXPECT_THAT(lines[3], ::testing::StartsWith("checked/3.png,checked,unchecked,0.999"));
}

TEST_F(Evaluate, ListsImagesThatFailAndScoresTheOthers) {
  write("data/unchecked/2.png", "not an image");
  const auto result = checkbox("evaluate --model model.onnx --dataset-dir data --split valid --json");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("checkbox: error: evaluate: unchecked/2.png: "));
  EXPECT_THAT(result.err, HasSubstr("1 of 6 images failed; the others are evaluated"));
  const Json scores = Json::parse(result.out);
  EXPECT_EQ(scores["samples"], 5);
  EXPECT_EQ(scores["failed"][0]["file"], "unchecked/2.png");
}

TEST_F(Evaluate, RefusesLabelsThatTheModelDoesNotKnow) {
  write("data/label_mapping.json", R"({"0": "ticked", "1": "other", "2": "unchecked"})");
  const auto result = checkbox("evaluate --model model.onnx --dataset-dir data");
  EXPECT_EQ(result.status, 1);
  EXPECT_EQ(result.err,
            "checkbox: error: data: the label 'ticked' is not one of the model's: other, checked, unchecked\n");
}

}  // namespace
}  // namespace checkbox::testing
