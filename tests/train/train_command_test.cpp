// `checkbox train` as a program: options and environment, the dataset folder that does not exist yet, signals, a full
// disk, and what it says where it cannot go on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>

#include "runtime/artifact.hpp"
#include "tests/support/support.hpp"
#include "train/loading/drawn_dataset.hpp"

namespace checkbox::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class TrainCommand : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path folder() const { return dir_.path(); }

  void draw(const std::string& name, const train::DrawnSizes& sizes) {
    ASSERT_TRUE(train::draw_dataset(folder() / name, sizes).ok());
  }

  // Run in the scratch folder.
  [[nodiscard]] std::string command(const std::string& arguments) const {
    return "cd " + folder().string() + " && exec " CHECKBOX_TRAIN_BINARY " train --quiet " + arguments + " 2>&1";
  }
  [[nodiscard]] CommandResult run(const std::string& arguments, const std::string& before = "") const {
    return run_command(before + command(arguments));
  }

  // The one run folder below logs/.
  [[nodiscard]] std::filesystem::path run_folder() const {
    std::filesystem::path found;
    for (const auto& entry : std::filesystem::directory_iterator(folder() / "logs")) {
      EXPECT_TRUE(found.empty()) << "a second run folder: " << entry.path();
      found = entry.path();
    }
    return found;
  }

 private:
  TempDir dir_;
};

TEST_F(TrainCommand, TrainsAndTellsTheMetricsOfTheBestEpoch) {
  draw("data", {.train = 4, .valid = 2, .test = 1});
  const auto result = run("--dataset_dir data --n_epochs=2 --batch_size 4 --lr 0.001 --weight_decay 0 --num_workers 2");
  ASSERT_EQ(result.status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("12 training images, 6 validation images, 239783 parameters (239783 trained)"));
  EXPECT_THAT(result.output, ContainsRegex("train +12 "));
  EXPECT_THAT(result.output, ContainsRegex("valid +6 "));
  EXPECT_THAT(result.output, ContainsRegex("test +3 "));
  EXPECT_THAT(result.output, ContainsRegex("wrote logs/.*_baseline/model.onnx"));
  EXPECT_TRUE(runtime::read_artifact(run_folder() / "model.onnx").ok());
}

TEST_F(TrainCommand, TakesItsOptionsFromTheEnvironmentToo) {
  draw("data", {.train = 2, .valid = 1});
  const auto result = run("--log-dir logs",
                          "CHECKBOX_DATASET_DIR=data CHECKBOX_N_EPOCHS=1 CHECKBOX_SEED=5; export CHECKBOX_DATASET_DIR "
                          "CHECKBOX_N_EPOCHS CHECKBOX_SEED; ");
  ASSERT_EQ(result.status, 0) << result.output;
  const auto artifact = runtime::read_artifact(run_folder() / "model.onnx");
  ASSERT_TRUE(artifact.ok());
  EXPECT_EQ(artifact->metadata.training["seed"], 5);
  EXPECT_EQ(artifact->metadata.training["hyperparameters"]["epochs"], 1);
}

TEST_F(TrainCommand, MakesTheDatasetFolderFirstWhereItIsMissing) {
  draw("images", {.train = 5, .valid = 0});
  for (const char* file : {"splits.csv", "label_mapping.json", "ds_stats.json"}) {
    std::filesystem::remove(folder() / "images" / file);
  }
  const auto result = run("--dataset_url images --dataset_dir made --split_ratio 0.6,0.2,0.2 --n_epochs 1");
  ASSERT_EQ(result.status, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("9 training images, 3 validation images"));
  EXPECT_TRUE(std::filesystem::exists(folder() / "made" / "splits.csv"));
}

TEST_F(TrainCommand, WithoutDatasetFolderSaysHowToGetOne) {
  const auto result = run("--dataset-dir nowhere");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.output, HasSubstr("nowhere"));
  EXPECT_THAT(result.output, HasSubstr("--dataset-url"));
}

TEST_F(TrainCommand, WithoutValidationImagesSaysSo) {
  draw("data", {.train = 2, .valid = 0});
  const auto result = run("--dataset-dir data");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.output, HasSubstr("the split 'valid' has 0 images"));
}

TEST_F(TrainCommand, RefusesWrongValuesAsUsage) {
  draw("data", {.train = 2, .valid = 1});
  for (const auto& [arguments, message] : {std::pair{"--batch-size 1", "--batch-size: expected 2 to"},
                                           {"--lr -1", "--lr: expected"},
                                           {"--split-ratio 0.5,0.6", "--split-ratio"},
                                           {"--device tpu", "--device: expected cpu or cuda"},
                                           {"--batch-siz 4", "--batch-size"},
                                           {"--n-epochs many", "n-epochs"}}) {
    const auto result = run(std::string("--dataset-dir data ") + arguments);
    EXPECT_EQ(result.status, 2) << arguments << result.output;
    EXPECT_THAT(result.output, HasSubstr(message));
  }
}

TEST_F(TrainCommand, WithoutAGpuSaysSo) {
  draw("data", {.train = 2, .valid = 1});
  const auto result = run("--dataset-dir data --n-epochs 1 --device cuda");
  if (result.status == 0) GTEST_SKIP() << "there is a GPU";
  EXPECT_THAT(result.output, HasSubstr("--device cuda: no usable GPU"));
}

TEST_F(TrainCommand, OnAFullDiskFailsAndKeepsWhatIsThere) {
  draw("data", {.train = 2, .valid = 1});
  // 1.5 MB a file: best.ckpt goes through, last.ckpt with the optimizer's moments does not.
  const auto result = run("--dataset-dir data --n-epochs 3", "trap '' XFSZ; ulimit -f 3000; ");
  EXPECT_EQ(result.status, 1) << result.output;
  EXPECT_THAT(result.output, ContainsRegex("last.ckpt: cannot write"));
  EXPECT_TRUE(std::filesystem::exists(run_folder() / "best.ckpt"));
  for (const auto& entry : std::filesystem::directory_iterator(run_folder())) {
    EXPECT_FALSE(is_temporary_name(entry.path())) << entry.path();
  }
}

TEST_F(TrainCommand, ASignalEndsItAfterTheBatchWithTheArtifactSoFar) {
  draw("data", {.train = 8, .valid = 2});
  for (const int signal : {SIGINT, SIGTERM}) {
    std::filesystem::remove_all(folder() / "logs");
    const std::string started =
        "sh -c 'echo $$; " + command("--dataset-dir data --n-epochs 1000 --patience 1000") + "'";
    FILE* const pipe = ::popen(started.c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::array<char, 512> line{};
    ASSERT_NE(std::fgets(line.data(), line.size(), pipe), nullptr);
    const pid_t pid = std::stoi(line.data());
    std::string output;
    bool sent = false;
    while (std::fgets(line.data(), line.size(), pipe) != nullptr) {
      output += line.data();
      if (!sent && output.find("best") != std::string::npos) sent = ::kill(pid, signal) == 0;
    }
    const int status = ::pclose(pipe);
    EXPECT_TRUE(sent);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << output;
    EXPECT_THAT(output, HasSubstr("interrupted after"));
    EXPECT_TRUE(runtime::read_artifact(run_folder() / "model.onnx").ok());
    EXPECT_TRUE(std::filesystem::exists(run_folder() / "last.ckpt"));
  }
}

}  // namespace
}  // namespace checkbox::testing
