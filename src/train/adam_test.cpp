#include "train/adam.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/dropout.h>
#include <torch/optim/adam.h>

#include <string>

#include "base/files.hpp"
#include "base/rng.hpp"
#include "nn/model.hpp"
#include "nn/tensors.hpp"
#include "tests/support/support.hpp"
#include "weights/read.hpp"
#include "weights/safetensors.hpp"

namespace checkbox::train {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

constexpr double kLearningRate = 0.00093;
constexpr double kWeightDecay = 0.000001514;
constexpr double kNearlySure = 11;  // added to a logit

using Named = std::vector<std::pair<std::string, torch::Tensor>>;

Named make_parameters() {
  torch::manual_seed(3);
  Named parameters{{"a", torch::randn({5, 7})}, {"b", torch::randn({33})}, {"frozen", torch::randn({2})}};
  for (auto& [name, tensor] : parameters) tensor.set_requires_grad(name != "frozen");
  return parameters;
}

torch::Tensor loss_of(const Named& parameters, int step) {
  return (parameters[0].second.sin() * (step + 1)).sum() + (parameters[1].second * 1e-4).pow(2).sum();
}

TEST(Adam, TakesTheStepsOfTorchsAdam) {
  const Named ours = make_parameters(), theirs = make_parameters();
  Adam adam(ours, {.learning_rate = 0.01, .weight_decay = 0.02});
  torch::optim::Adam judge({theirs[0].second, theirs[1].second}, torch::optim::AdamOptions(0.01).weight_decay(0.02));
  for (int step = 0; step < 20; ++step) {
    adam.zero_grad();
    judge.zero_grad();
    loss_of(ours, step).backward();
    loss_of(theirs, step).backward();
    adam.step();
    judge.step();
  }
  for (std::size_t i = 0; i < ours.size(); ++i) {
    EXPECT_TRUE(torch::allclose(ours[i].second, theirs[i].second, 1e-6, 1e-6)) << ours[i].first;
  }
}

TEST(Adam, GoesOnFromRestoredMoments) {
  const Named first = make_parameters();
  Adam whole(first, {.learning_rate = 0.01});
  const Named second = make_parameters();
  auto interrupted = std::make_unique<Adam>(second, AdamOptions{.learning_rate = 0.01});
  const auto step = [](Adam& adam, const Named& parameters, int number) {
    adam.zero_grad();
    loss_of(parameters, number).backward();
    adam.step();
  };
  for (int number = 0; number < 6; ++number) {
    if (number == 3) {
      auto resumed = std::make_unique<Adam>(second, AdamOptions{.learning_rate = 0.01});
      ASSERT_TRUE(resumed
                      ->restore(interrupted->steps(), interrupted->first_moments().value(),
                                interrupted->second_moments().value(), "last.ckpt")
                      .ok());
      interrupted = std::move(resumed);
    }
    step(whole, first, number);
    step(*interrupted, second, number);
  }
  EXPECT_TRUE(torch::equal(first[0].second, second[0].second));
}

TEST(Adam, RefusesMomentsThatDoNotFit) {
  Adam adam(make_parameters(), {});
  auto first = adam.first_moments().value();
  const auto second = first;
  first["a"] = weights::Tensor::from_floats({1}, std::vector<float>{0});
  const auto status = adam.restore(1, first, second, "last.ckpt");
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("last.ckpt"));
  EXPECT_THAT(status.error().message, HasSubstr(" a "));
  EXPECT_FALSE(adam.restore(1, {}, {}, "last.ckpt").ok());
}

// One step of training on a fixed batch: forward, cross entropy, backward and Adam, all against PyTorch in Python.
// The batch is one the network is nearly sure of. Adam's first step is g / (|g| + 1e-8) per weight: where most
// gradients are large, it turns the rounding of those near zero into steps of full length, in PyTorch as here, so that
// two correct programs differ by more than any useful tolerance. Gradients of about 1e-7 leave it smooth.
TEST(Adam, WithTheBaselineEqualsPyTorchInPython) {
  CHECKBOX_NEED_PYTHON("torch, torchvision");
  const TempDir dir;
  const auto model = nn::make_model({.architecture = "baseline", .class_count = 3, .seed = 4}).value();
  for (const auto& module : model->modules()) {
    if (auto* dropout = module->as<torch::nn::Dropout>()) dropout->options.p(0);
  }
  {
    const torch::NoGradGuard no_grad;
    model->named_parameters()["head.model.6.bias"][1] += kNearlySure;
  }
  const auto images = torch::randn({8, 3, 224, 224}) * torch::rand({8, 3, 1, 1});
  const auto labels = torch::ones({8}, torch::kInt64);
  ASSERT_TRUE(write_file(dir.path() / "images", std::span(static_cast<const std::uint8_t*>(images.data_ptr()),
                                                          static_cast<std::size_t>(images.nbytes())))
                  .ok());
  ASSERT_TRUE(write_file(dir.path() / "state", weights::format_safetensors({nn::state_of(*model).value(), {}})).ok());
  const std::string folder = dir.path().string();
  const auto judge = testing::run_command(fmt::format(
      "python3 {}/tests/judges/training.py step baseline {}/state {}/images 1,1,1,1,1,1,1,1 {} {} 1 {}/result.pt 2>&1",
      testing::source_dir().string(), folder, folder, kLearningRate, kWeightDecay, folder));
  ASSERT_EQ(judge.status, 0) << judge.output;

  Named parameters;
  for (const auto& item : model->named_parameters()) parameters.emplace_back(item.key(), item.value());
  Adam adam(parameters, {.learning_rate = kLearningRate, .weight_decay = kWeightDecay});
  model->train();
  torch::nn::functional::cross_entropy(model->forward(images), labels).backward();
  adam.step();

  const auto expected = weights::read_weights(dir.path() / "result.pt");
  ASSERT_TRUE(expected.ok()) << expected.error().message;
  const auto state = nn::state_of(*model).value();
  ASSERT_EQ(state.size(), expected->tensors.size());
  for (const auto& [name, tensor] : state) {
    const auto ours = nn::to_torch(tensor).value().to(torch::kFloat64);
    const auto theirs = nn::to_torch(expected->tensors.at(name)).value().to(torch::kFloat64);
    EXPECT_LT((ours - theirs).abs().max().item<double>(), 1e-5) << name;
  }
}

}  // namespace
}  // namespace checkbox::train
