// Verbs, options, help and their exit statuses.
#include "tests/cli/fixture.hpp"

namespace checkbox::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class CommandLine : public ProgramTest {};

TEST_F(CommandLine, HelpListsTheCommandsInGroups) {
  for (const std::string arguments : {"--help", "-h", "help"}) {
    const auto result = checkbox(arguments);
    EXPECT_EQ(result.status, 0);
    EXPECT_THAT(result.err, IsEmpty());
    EXPECT_THAT(result.out, HasSubstr("\nUsage: checkbox <command> [options]\n"));
    EXPECT_THAT(result.out, HasSubstr("\nClassify:\n  predict "));
    EXPECT_THAT(result.out, HasSubstr("\nExamples:\n  checkbox predict "));
    EXPECT_LT(lines_of(result.out).size(), 30U);
  }
}

TEST_F(CommandLine, HelpOfACommandNamesItsOptions) {
  for (const std::string arguments : {"predict --help", "help predict", "predict -h"}) {
    const auto result = checkbox(arguments);
    EXPECT_EQ(result.status, 0);
    for (const char* option : {"--model", "--format", "--threads", "--output", "-0,--null", "Examples:"}) {
      EXPECT_THAT(result.out, HasSubstr(option));
    }
  }
}

TEST_F(CommandLine, VersionIsOneLine) {
  const auto result = checkbox("--version");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, ::testing::MatchesRegex("checkbox [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(CommandLine, NoCommandShowsTheHelpAndIsWrongUsage) {
  const auto result = checkbox("");
  EXPECT_EQ(result.status, 2);
  EXPECT_THAT(result.out, IsEmpty());
  EXPECT_THAT(result.err, HasSubstr("Usage: checkbox <command>"));
}

TEST_F(CommandLine, SuggestsTheNearestCommand) {
  const auto result = checkbox("predcit a.png");
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.err, "checkbox: error: unknown command 'predcit'; did you mean predict?\n");
  EXPECT_EQ(checkbox("quux").err, "checkbox: error: unknown command 'quux'\n");
}

TEST_F(CommandLine, SuggestsTheNearestOption) {
  const auto result = checkbox("predict --modle x.onnx a.png");
  EXPECT_EQ(result.status, 2);
  EXPECT_EQ(result.err,
            "checkbox: error: predict: unknown option '--modle'; did you mean --model?\n"
            "See 'checkbox predict --help'.\n");
  EXPECT_THAT(checkbox("evaluate --datset_dir=data").err,
              HasSubstr("unknown option '--datset-dir'; did you mean --dataset-dir?"));
  EXPECT_THAT(checkbox("predict --colourful").err, HasSubstr("unknown option '--colourful'\n"));
  EXPECT_THAT(checkbox("predict -format csv").err, HasSubstr("unknown option '-format'; did you mean --format?"));
}

TEST_F(CommandLine, NamesTheOptionWhoseValueIsWrong) {
  for (const auto& [arguments, message] : std::vector<std::pair<std::string, std::string>>{
           {"predict --format xml a.png", "--format: xml not in {"},
           {"predict --threads 0 a.png", "--threads: "},
           {"predict --threads many a.png", "--threads: "},
           {"predict --model", "--model: "},
           {"evaluate --dataset-dir data", "--model is required"},
           {"evaluate --model m.onnx stray", "unexpected argument 'stray'"},
           {"predict", "nothing to classify"}}) {
    const auto result = checkbox(arguments);
    EXPECT_EQ(result.status, 2) << arguments;
    EXPECT_THAT(result.err, StartsWith("checkbox: error: "));
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_THAT(result.out, IsEmpty());
  }
}

TEST_F(CommandLine, TakesUnderscoresForDashesInNamesButNotInValues) {
  write_model("my_model.onnx");
  paint("data_set/checked/a_b.png", kRed);
  paint("data_set/other/c.png", kBlue);
  const auto result = checkbox("evaluate --model my_model.onnx --dataset_dir=data_set --json");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(Json::parse(result.out)["dataset_dir"], "data_set");
  EXPECT_EQ(Json::parse(result.out)["model"], "my_model.onnx");
}

TEST_F(CommandLine, TakesEverythingAfterTwoDashesAsInput) {
  write_model();
  paint("--model", kRed);
  const auto result = checkbox("predict --model model.onnx --format csv -- --model");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\n--model,checked,"));
}

TEST_F(CommandLine, StartsTheTrainerBesideItWithTheSameArguments) {
  std::filesystem::create_directory(path("bin"));
  std::filesystem::copy_file(CHECKBOX_BINARY, path("bin/checkbox"));
  write("bin/checkbox-train", "#!/bin/sh\nfor word; do echo \"[$word]\"; done\nexit 7\n");
  std::filesystem::permissions(path("bin/checkbox-train"), std::filesystem::perms::owner_all);
  const auto result = run_command(path("bin/checkbox").string() + " train --n_epochs 3 'a b' ''");
  EXPECT_EQ(result.status, 7);
  EXPECT_EQ(result.output, "[train]\n[--n_epochs]\n[3]\n[a b]\n[]\n");
}

TEST_F(CommandLine, FindsTheTrainerInLibexec) {
  for (const char* folder : {"bin", "libexec/checkbox"}) std::filesystem::create_directories(path(folder));
  std::filesystem::copy_file(CHECKBOX_BINARY, path("bin/checkbox"));
  write("libexec/checkbox/checkbox-train", "#!/bin/sh\necho found\n");
  std::filesystem::permissions(path("libexec/checkbox/checkbox-train"), std::filesystem::perms::owner_all);
  EXPECT_EQ(run_command(path("bin/checkbox").string() + " train").output, "found\n");
}

TEST_F(CommandLine, SaysHowToGetTheTrainerWhereThereIsNone) {
  std::filesystem::create_directory(path("bin"));
  std::filesystem::copy_file(CHECKBOX_BINARY, path("bin/checkbox"));
  const auto result = run_command("PATH=/nowhere " + path("bin/checkbox").string() + " train 2>&1");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.output, HasSubstr("checkbox: error: train: checkbox-train is neither beside"));
  EXPECT_THAT(result.output, HasSubstr("build without training"));
  EXPECT_THAT(result.output, HasSubstr("-DCHECKBOX_TRAINING=ON"));
}

TEST_F(CommandLine, ReportsAFullDiskBehindStdout) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "needs /dev/full";
  write_model();
  paint("a.png", kRed);
  const auto result = checkbox("predict --model model.onnx a.png >/dev/full");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("No space left on device"));
  EXPECT_EQ(checkbox("--help >/dev/full").status, 1);
}

}  // namespace
}  // namespace checkbox::testing
