#include "runtime/model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "tests/support/networks.hpp"

namespace checkbox::runtime {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using testing::kSmallNetwork;
using testing::random_network;
using testing::random_values;

std::vector<float> run(const Model& model, std::span<const float> input, std::int64_t batch) {
  std::vector<float> logits(static_cast<std::size_t>(batch * model.class_count()), NAN);
  const Status status = model.run(input, batch, logits);
  EXPECT_TRUE(status.ok()) << status.error().message;
  return logits;
}

Model compile(const Graph& graph, const ModelOptions& options = {}) {
  auto model = Model::compile(graph, options);
  if (!model.ok()) throw std::runtime_error(model.error().message);
  return std::move(model).value();
}

TEST(Model, OneDnnGivesTheReferenceLogits) {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const Graph graph = random_network(seed, kSmallNetwork);
    const Model fast = compile(graph);
    const Model plain = compile(graph, {.backend = Backend::kReference});
    for (const std::int64_t batch : {1, 3, 32}) {
      Rng rng({seed, static_cast<std::uint64_t>(batch)});
      const auto input = random_values(rng, static_cast<std::size_t>(batch * fast.input_size()));
      EXPECT_THAT(run(fast, input, batch), ::testing::Pointwise(::testing::FloatNear(1e-5f), run(plain, input, batch)));
    }
  }
}

TEST(Model, BaselineOnOneDnnGivesTheReferenceLogits) {
  const Graph graph = random_network(7);
  const Model fast = compile(graph);
  const Model plain = compile(graph, {.backend = Backend::kReference});
  EXPECT_EQ(fast.class_count(), 3);
  EXPECT_EQ(fast.input_size(), 3 * 224 * 224);
  Rng rng(7);
  const auto input = random_values(rng, static_cast<std::size_t>(fast.input_size()));
  EXPECT_THAT(run(fast, input, 1), ::testing::Pointwise(::testing::FloatNear(2e-5f), run(plain, input, 1)));
}

TEST(Model, ImageGivesTheSameBitsInAnyBatch) {
  const Model model = compile(random_network(3, kSmallNetwork));
  Rng rng(3);
  const auto input = random_values(rng, static_cast<std::size_t>(33 * model.input_size()));
  const auto together = run(model, input, 33);
  for (std::size_t i = 0; i < 33; ++i) {
    const auto image = std::span(input).subspan(i * model.input_size(), model.input_size());
    const auto alone = run(model, image, 1);
    EXPECT_EQ(alone, std::vector(together.begin() + i * 3, together.begin() + i * 3 + 3)) << i;
  }
}

TEST(Model, TwoThreadsInARunGiveTheSameLogits) {
  const Graph graph = random_network(5, {.side = 65, .channels = {20, 33}, .hidden = 9, .classes = 4});
  const Model one = compile(graph);
  const Model two = compile(graph, {.threads = 2});
  Rng rng(5);
  const auto input = random_values(rng, static_cast<std::size_t>(2 * one.input_size()));
  EXPECT_THAT(run(two, input, 2), ::testing::Pointwise(::testing::FloatNear(1e-5f), run(one, input, 2)));
}

TEST(Model, EightThreadsOnOneModelGiveTheBitsOfOne) {
  for (const Backend backend : {Backend::kOneDnn, Backend::kReference}) {
    const Model model = compile(random_network(11, kSmallNetwork), {.backend = backend});
    Rng rng(11);
    const auto input = random_values(rng, static_cast<std::size_t>(5 * model.input_size()));
    const auto expected = run(model, input, 5);
    std::vector<int> equal(8, 0);
    {
      std::vector<std::jthread> threads;
      for (std::size_t t = 0; t < equal.size(); ++t) {
        threads.emplace_back([&, t] {
          for (int i = 0; i < 20; ++i) equal[t] += run(model, input, 5) == expected ? 1 : 0;
        });
      }
    }
    EXPECT_THAT(equal, Each(20));
  }
}

TEST(Model, MovedModelRuns) {
  Model model = compile(random_network(1, kSmallNetwork));
  Rng rng(1);
  const auto input = random_values(rng, static_cast<std::size_t>(model.input_size()));
  const auto expected = run(model, input, 1);
  const Model moved = std::move(model);
  EXPECT_EQ(run(moved, input, 1), expected);
}

TEST(Model, RefusesSizesThatDoNotFit) {
  const Model model = compile(random_network(1, kSmallNetwork));
  std::vector<float> input(static_cast<std::size_t>(model.input_size()));
  std::vector<float> logits(3);
  EXPECT_TRUE(model.run(input, 1, logits).ok());
  for (const std::int64_t batch : {std::int64_t{-1}, std::int64_t{0}, std::int64_t{2}, INT64_MAX}) {
    const Status status = model.run(input, batch, logits);
    ASSERT_FALSE(status.ok()) << batch;
    EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
  }
  EXPECT_FALSE(model.run(input, 1, std::span(logits).first(2)).ok());
  EXPECT_FALSE(model.run(std::span(input).first(5), 1, logits).ok());
}

TEST(Model, RefusesGraphsAndOptionsThatCannotRun) {
  Graph graph = random_network(1, kSmallNetwork);
  EXPECT_EQ(Model::compile(graph, {.threads = 0}).error().code, ErrorCode::kInvalidArgument);
  graph.nodes[1].op_type = "Mystery";
  const auto result = Model::compile(graph);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(result.error().message, HasSubstr("node 'conv0.relu' (Mystery): unknown operator"));
}

}  // namespace
}  // namespace checkbox::runtime
