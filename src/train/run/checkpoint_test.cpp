#include "train/run/checkpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "base/files.hpp"
#include "tests/support/support.hpp"
#include "weights/safetensors.hpp"

namespace checkbox::train {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

Checkpoint example() {
  Checkpoint checkpoint;
  checkpoint.weights["a.weight"] = weights::Tensor::from_floats({2, 2}, std::vector<float>{1, 2, 3, 4});
  checkpoint.first_moments["a.weight"] = weights::Tensor::from_floats({2, 2}, std::vector<float>{5, 6, 7, 8});
  checkpoint.second_moments["a.weight"] = weights::Tensor::from_floats({2, 2}, std::vector<float>{9, 1, 2, 3});
  checkpoint.optimizer_steps = 78;
  checkpoint.epoch = 2;
  checkpoint.best_epoch = 1;
  checkpoint.best_loss = 0.1 + 0.2;
  checkpoint.history = {{.epoch = 1, .train = {1.5, 0.5, 0.25}, .valid = {0.1 + 0.2, 0.75, 0.5}, .learning_rate = 1e-3},
                        {.epoch = 2, .train = {1.25, 0.5, 0.5}, .valid = {1, 1, 1}, .learning_rate = 1e-3}};
  checkpoint.config = {{"seed", 17}};
  return checkpoint;
}

// All writes beyond this size fail while it lives, as on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    old_handler_ = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*old_handler_)(int);
};

TEST(Checkpoint, ComesBackAsItWasSaved) {
  const TempDir dir;
  const Checkpoint saved = example();
  ASSERT_TRUE(save(saved, dir.path() / "last.ckpt").ok());
  const auto loaded = load_checkpoint(dir.path() / "last.ckpt");
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_TRUE(loaded->weights.at("a.weight").bytes == saved.weights.at("a.weight").bytes);
  EXPECT_TRUE(loaded->first_moments.at("a.weight").bytes == saved.first_moments.at("a.weight").bytes);
  EXPECT_TRUE(loaded->second_moments.at("a.weight").bytes == saved.second_moments.at("a.weight").bytes);
  EXPECT_EQ(loaded->weights.size(), 1u);
  EXPECT_EQ(loaded->optimizer_steps, 78);
  EXPECT_EQ(loaded->epoch, 2);
  EXPECT_EQ(loaded->best_epoch, 1);
  EXPECT_EQ(loaded->best_loss, 0.1 + 0.2);
  EXPECT_EQ(to_csv(loaded->history), to_csv(saved.history));
  EXPECT_EQ(loaded->history[0].valid.loss, 0.1 + 0.2);
  EXPECT_EQ(loaded->config, saved.config);
}

TEST(Checkpoint, SavedBeforeAnyBestEpochHasNone) {
  const TempDir dir;
  Checkpoint checkpoint = example();
  checkpoint.best_epoch = 0;
  checkpoint.best_loss = std::numeric_limits<double>::infinity();
  ASSERT_TRUE(save(checkpoint, dir.path() / "last.ckpt").ok());
  EXPECT_EQ(load_checkpoint(dir.path() / "last.ckpt")->best_loss, std::numeric_limits<double>::infinity());
}

TEST(Checkpoint, OnAFullDiskFailsAndKeepsTheOneBefore) {
  const TempDir dir;
  const auto path = dir.path() / "last.ckpt";
  ASSERT_TRUE(save(example(), path).ok());
  const auto before = read_file(path).value();
  Checkpoint larger = example();
  larger.weights["b"] = weights::Tensor::from_floats({100'000}, std::vector<float>(100'000));
  Status status;
  {
    const FileSizeLimit limit(50'000);
    status = save(larger, path);
  }
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kIo);
  EXPECT_THAT(status.error().message, HasSubstr("last.ckpt"));
  EXPECT_EQ(read_file(path).value(), before);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);  // no temporary file is left
}

TEST(Checkpoint, RefusesOtherSafetensorsFiles) {
  const TempDir dir;
  const auto path = dir.path() / "weights.safetensors";
  weights::WeightFile file;
  file.tensors["a"] = weights::Tensor::from_floats({1}, std::vector<float>{1});
  ASSERT_TRUE(write_file(path, weights::format_safetensors(file)).ok());
  const auto loaded = load_checkpoint(path);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(loaded.error().message, HasSubstr("weights.safetensors"));
}

TEST(Checkpoint, RefusesDamagedState) {
  const TempDir dir;
  const auto path = dir.path() / "last.ckpt";
  for (const char* state : {"{}", "[]", "{\"format\":99}", "{\"format\":1,\"epoch\":\"x\"}", "nonsense",
                            R"({"format":1,"optimizer_steps":1,"epoch":1,"best_epoch":1,"best_loss":1,"config":{},)"
                            R"("history":[[1,2]]})"}) {
    weights::WeightFile file;
    file.metadata["checkbox.training"] = state;
    ASSERT_TRUE(write_file(path, weights::format_safetensors(file)).ok());
    const auto loaded = load_checkpoint(path);
    ASSERT_FALSE(loaded.ok()) << state;
    EXPECT_THAT(loaded.error().message, HasSubstr("last.ckpt")) << state;
  }
}

}  // namespace
}  // namespace checkbox::train
