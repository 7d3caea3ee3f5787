// `checkbox predict` on images whose states are known.
#include <cmath>

#include "tests/cli/fixture.hpp"

namespace checkbox::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Predict : public ProgramTest {
 protected:
  void SetUp() override {
    write_model();
    paint("red.png", kRed);
    paint("sub/blue.png", kBlue, 7, 31);
    paint("sub/green.png", kGreen, 1, 1);
  }
};

TEST_F(Predict, GivesTheProbabilitiesOfTheClosedForm) {
  const double sure = 1 / (1 + 2 * std::exp(-kColourGain));
  const auto result = checkbox("predict --model model.onnx red.png sub --format jsonl");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, IsEmpty());
  const auto lines = lines_of(result.out);
  const std::vector<std::pair<std::string, std::string>> expected{
      {"red.png", "checked"}, {"sub/blue.png", "other"}, {"sub/green.png", "unchecked"}};
  ASSERT_EQ(lines.size(), expected.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const Json row = Json::parse(lines[i]);
    EXPECT_EQ(row["file"], expected[i].first);
    EXPECT_EQ(row["label"], expected[i].second);
    EXPECT_NEAR(row["confidence"].get<double>(), sure, 2e-6);
    for (const auto& [label, probability] : row["probabilities"].items()) {
      EXPECT_NEAR(probability.get<double>(), label == expected[i].second ? sure : (1 - sure) / 2, 2e-6);
    }
    EXPECT_GT(row["elapsed_ms"].get<double>(), 0);
  }
}

TEST_F(Predict, WritesAJsonLineAsPromised) {
  const auto result = checkbox("predict --model model.onnx --format jsonl red.png missing.png");
  EXPECT_EQ(result.status, 1);
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0],
              ::testing::MatchesRegex("\\{\"file\": \"red.png\", \"label\": \"checked\", \"confidence\": 0\\.[0-9]+, "
                                      "\"probabilities\": \\{\"other\": 0\\.[0-9]+, \"checked\": 0\\.[0-9]+, "
                                      "\"unchecked\": 0\\.[0-9]+\\}, \"elapsed_ms\": [0-9]+\\.[0-9]+\\}"));
  EXPECT_THAT(lines[1], ::testing::MatchesRegex("\\{\"file\": \"missing.png\", \"error\": \".*No such file.*\"\\}"));
  EXPECT_EQ(result.err, "checkbox: error: predict: 1 of 2 inputs failed\n");
}

TEST_F(Predict, WritesOneJsonArray) {
  const auto result = checkbox("predict --model model.onnx --format json sub missing.png red.png");
  EXPECT_EQ(result.status, 1);
  const Json rows = Json::parse(result.out);
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[1]["label"], "unchecked");
  EXPECT_TRUE(rows[2].contains("error"));
  EXPECT_EQ(rows[3]["label"], "checked");
}

TEST_F(Predict, WritesCsvWithOneColumnPerLabel) {
  const auto result = checkbox("predict --model model.onnx --format csv red.png missing.png");
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0],
            "file,label,confidence,probability_other,probability_checked,probability_unchecked,elapsed_ms,error");
  EXPECT_THAT(lines[1], ::testing::MatchesRegex("red.png,checked,0\\.999[0-9]*,0\\.0[0-9]*,0\\.999[0-9]*,0\\.0[0-9]*,"
                                                "[0-9.]+,"));
  EXPECT_THAT(lines[2], ::testing::MatchesRegex("missing.png,,,,,,,.*No such file.*"));
}

TEST_F(Predict, PrintsATable) {
  const auto result = checkbox("predict --model model.onnx red.png missing.png sub");
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0], "file           state          other    checked  unchecked       ms");
  EXPECT_THAT(lines[1], ::testing::StartsWith("red.png        checked       0.0003     0.9993     0.0003  "));
  EXPECT_THAT(lines[2], ::testing::StartsWith("missing.png    error: "));
  EXPECT_THAT(lines[4], ::testing::StartsWith("sub/green.png  unchecked     0.0003     0.0003     0.9993  "));
}

TEST_F(Predict, KeepsTheOrderForAnyNumberOfThreads) {
  std::string list;
  for (int i = 0; i < 300; ++i) {
    const std::string name = "many/" + std::to_string(i * 7919 % 300) + ".png";
    paint(name, i % 3 == 0 ? kRed : i % 3 == 1 ? kGreen : kBlue, 1 + i % 50 * 4, 1 + i % 13 * 9);
    list += name + "\n";
  }
  write("list", list);
  const auto files_of = [](const std::string& text) {
    std::string files;
    for (const auto& line : lines_of(text)) files += Json::parse(line)["file"].get<std::string>() + "\n";
    return files;
  };
  for (const char* threads : {"1", "2", "5"}) {
    const auto result =
        checkbox("predict --model model.onnx --format jsonl --threads " + std::string(threads) + " - <list");
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(files_of(result.out), list);
  }
}

TEST_F(Predict, KeepsOutputWellFormedForAnyFileName) {
  const std::vector<std::string> names{
      "quo\"te.png", "com,ma.png", "back\\slash.png", "new\nline.png", "\xff\xfe.png", "\x1b[31mred.png", "☑.png"};
  for (const auto& name : names) paint("odd/" + name, kRed);
  const auto json = checkbox("predict --model model.onnx --format jsonl odd");
  EXPECT_EQ(json.status, 0) << json.err;
  const auto lines = lines_of(json.out);
  ASSERT_EQ(lines.size(), names.size());
  std::vector<std::string> found;
  for (const auto& line : lines) found.push_back(Json::parse(line)["file"].get<std::string>());
  EXPECT_THAT(found, ::testing::UnorderedElementsAre("odd/quo\"te.png", "odd/com,ma.png", "odd/back\\slash.png",
                                                     "odd/new\nline.png", "odd/\xEF\xBF\xBD\xEF\xBF\xBD.png",
                                                     "odd/\x1b[31mred.png", "odd/☑.png"));
  const auto table = checkbox("predict --model model.onnx odd");
  EXPECT_EQ(lines_of(table.out).size(), names.size() + 1);
  EXPECT_THAT(table.out, HasSubstr("odd/\\x1b[31mred.png"));
  EXPECT_THAT(table.out, HasSubstr("odd/new\\x0aline.png"));
  const auto csv = checkbox("predict --model model.onnx --format csv odd");
  EXPECT_THAT(csv.out, HasSubstr("\"odd/quo\"\"te.png\",checked,"));
  EXPECT_THAT(csv.out, HasSubstr("\"odd/com,ma.png\",checked,"));
  EXPECT_THAT(csv.out, HasSubstr("\"odd/new\nline.png\",checked,"));
}

TEST_F(Predict, ReadsNulSeparatedLists) {
  paint("new\nline.png", kGreen);
  const auto result =
      checkbox("predict --model model.onnx --format jsonl -0 -", "printf 'new\\nline.png\\0red.png\\0' |");
  EXPECT_EQ(result.status, 0) << result.err;
  const auto lines = lines_of(result.out);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(Json::parse(lines[0])["label"], "unchecked");
}

TEST_F(Predict, AnswersEachLineBeforeTheNextIsWritten) {
  // The writer sends the second path only after it has read the first answer: without streaming this would never end.
  write("talk.sh",
        "mkfifo ask answer\n"
        "\"$1\" predict --model model.onnx --format jsonl - <ask >answer &\n"
        "exec 3>ask 4<answer\n"
        "for f in red.png sub/blue.png; do echo $f >&3; read -r line <&4; echo \"$line\"; done\n"
        "exec 3>&-\nwait $!\n");
  const auto result =
      run_command("cd " + folder_.path().string() + " && timeout 60 sh talk.sh " + CHECKBOX_BINARY + " 2>&1");
  EXPECT_EQ(result.status, 0) << result.output;
  const auto lines = lines_of(result.output);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(Json::parse(lines[1])["label"], "other");
}

TEST_F(Predict, WritesTheOutputFileWhenComplete) {
  const auto result = checkbox("predict --model model.onnx --format csv --output out.csv red.png missing.png");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_EQ(lines_of(read("out.csv")).size(), 3U);
  EXPECT_THAT(names(), ElementsAre("model.onnx", "out.csv", "red.png", "sub"));
}

TEST_F(Predict, RemovesTheUnfinishedOutputWhenInterrupted) {
  write("out.jsonl", "the old content\n");
  write("run.sh",
        "mkfifo list\n\"$1\" predict --model model.onnx --format jsonl --output out.jsonl - <list &\n"
        "exec 3>list\necho red.png >&3\n"
        "until ls .out.jsonl.*.tmp >/dev/null 2>&1; do :; done\nkill -TERM $!\nwait $!\necho status $?\nrm list "
        "run.sh\n");
  const auto result =
      run_command("cd " + folder_.path().string() + " && timeout 60 sh run.sh " + CHECKBOX_BINARY + " 2>&1");
  EXPECT_THAT(result.output, ::testing::EndsWith("status 143\n"));
  EXPECT_EQ(read("out.jsonl"), "the old content\n");
  EXPECT_THAT(names(), ElementsAre("model.onnx", "out.jsonl", "red.png", "sub"));
}

TEST_F(Predict, EndsQuietlyWhenTheReaderGoesAway) {
  for (int i = 0; i < 50; ++i) paint("many/" + std::to_string(i) + ".png", kRed);
  const auto result = checkbox("predict --model model.onnx --format jsonl many | head -n 1");
  EXPECT_EQ(lines_of(result.out).size(), 1U);
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(Predict, TakesTheModelFromTheEnvironment) {
  const auto result = checkbox("predict --format csv red.png", "CHECKBOX_MODEL=model.onnx");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(checkbox("predict red.png", "CHECKBOX_MODEL=missing.onnx").status, 1);
}

TEST_F(Predict, FindsTheModelOfItsInstallation) {
  for (const char* folder : {"prefix/bin", "prefix/share/checkbox/models"}) {
    std::filesystem::create_directories(path(folder));
  }
  std::filesystem::copy_file(CHECKBOX_BINARY, path("prefix/bin/checkbox"));
  const std::string command = "cd " + folder_.path().string() + " && prefix/bin/checkbox predict red.png 2>&1";
  const auto without = run_command(command);
  EXPECT_EQ(without.status, 1);
  EXPECT_THAT(without.output, HasSubstr("no default model: neither " + path("prefix/share").string()));
  write_model("prefix/share/checkbox/models/default.onnx");
  EXPECT_THAT(run_command(command).output, HasSubstr("red.png  checked"));
}

}  // namespace
}  // namespace checkbox::testing
