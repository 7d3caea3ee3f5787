// Our kernels against LibTorch's operators: values, gradients, running statistics.
#include "nn/baseline_encoder.hpp"

#include <gtest/gtest.h>
#include <torch/nn/functional/loss.h>
#include <torch/nn/modules/dropout.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/rng.hpp"
#include "nn/kernels/conv3x3s2.hpp"
#include "nn/model.hpp"
#include "nn/tensors.hpp"

namespace checkbox::nn {
namespace {

std::shared_ptr<Model> make(bool own_kernels, std::uint64_t seed) {
  auto model = make_model({.architecture = "baseline", .class_count = 3, .seed = seed, .own_kernels = own_kernels});
  for (const auto& module : model.value()->modules()) {
    if (auto* dropout = module->as<torch::nn::Dropout>()) dropout->options.p(0);
  }
  return model.value();
}

struct Step {
  torch::Tensor logits;
  std::vector<torch::Tensor> gradients;
};

Step run_step(Model& model, const torch::Tensor& images) {
  Step step;
  step.logits = model.forward(images).detach();
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < images.size(0); ++i) labels.push_back(i % 3);
  model.zero_grad();
  torch::nn::functional::cross_entropy(model.forward(images), torch::tensor(labels)).backward();
  for (const auto& parameter : model.parameters()) step.gradients.push_back(parameter.grad().clone());
  return step;
}

double largest(const torch::Tensor& tensor) {
  return tensor.abs().max().item<double>();
}

// `ours` lies as near to the double-precision `truth` as LibTorch's own single precision does, within a factor of
// eight for the other order of additions.
void expect_as_exact(const torch::Tensor& ours, const torch::Tensor& theirs, const torch::Tensor& truth,
                     const std::string& what) {
  const double our_error = largest(ours.to(torch::kFloat64) - truth);
  const double their_error = largest(theirs.to(torch::kFloat64) - truth);
  EXPECT_LT(our_error, 8 * their_error + 1e-6 * largest(truth) + 1e-7) << what << ": LibTorch's error " << their_error;
}

class BaselineEncoderTest : public ::testing::TestWithParam<std::vector<std::int64_t>> {
 protected:
  void SetUp() override {
    if (best_kernels() == nullptr) GTEST_SKIP() << "needs a processor with AVX2";
  }
};

// 224 fills the kernels' tiles without remainder; the others leave every kind of one.
INSTANTIATE_TEST_SUITE_P(Sizes, BaselineEncoderTest,
                         ::testing::Values(std::vector<std::int64_t>{4, 3, 224, 224},
                                           std::vector<std::int64_t>{3, 3, 61, 98},
                                           std::vector<std::int64_t>{2, 3, 31, 15},
                                           std::vector<std::int64_t>{5, 3, 40, 37}));

TEST_P(BaselineEncoderTest, TrainsAsExactlyAsLibTorchDoes) {
  const auto ours = make(true, 1), theirs = make(false, 1), exact = make(false, 1);
  exact->to(torch::kFloat64);
  torch::manual_seed(2);
  for (int round = 0; round < 2; ++round) {
    const auto images = torch::randn(GetParam()) + 0.3;
    const Step our_step = run_step(*ours, images), their_step = run_step(*theirs, images);
    const Step truth = run_step(*exact, images.to(torch::kFloat64));
    expect_as_exact(our_step.logits, their_step.logits, truth.logits, "logits");
    for (std::size_t i = 0; i < truth.gradients.size(); ++i) {
      expect_as_exact(our_step.gradients[i], their_step.gradients[i], truth.gradients[i],
                      "gradient " + std::to_string(i));
    }
  }
  const auto expected = theirs->named_buffers(), truth = exact->named_buffers();
  for (const auto& buffer : ours->named_buffers()) {
    expect_as_exact(buffer.value(), expected[buffer.key()], truth[buffer.key()].to(torch::kFloat64), buffer.key());
  }
}

TEST_P(BaselineEncoderTest, EvaluatesAsLibTorchDoes) {
  const auto ours = make(true, 1), theirs = make(false, 1);
  torch::manual_seed(3);
  for (const auto& model : {ours, theirs}) {
    Rng rng(4);
    for (auto& buffer : model->named_buffers()) {
      if (!buffer.value().is_floating_point()) continue;
      for (std::int64_t i = 0; i < buffer.value().numel(); ++i) buffer.value()[i] = rng.uniform(0.1, 1);
    }
    model->eval();
  }
  const auto images = torch::randn(GetParam());
  const torch::NoGradGuard no_grad;
  EXPECT_LT(largest(ours->forward(images) - theirs->forward(images)), 1e-5);
}

TEST_F(BaselineEncoderTest, GivesTheSameBitsForAnyNumberOfThreads) {
  torch::manual_seed(5);
  const auto images = torch::randn({5, 3, 98, 98}), slopes = torch::randn({5, 400});
  const int before = at::get_num_threads();
  std::vector<std::vector<torch::Tensor>> results;
  for (const int threads : {1, 2, 3}) {
    at::set_num_threads(threads);
    torch::manual_seed(6);
    std::array<EncoderBlock, 3> blocks;
    std::vector<torch::Tensor> result;
    for (std::size_t i = 0; i < 3; ++i) {
      const std::int64_t channels[] = {3, 20, 100, 200};
      blocks[i].convolution =
          torch::nn::Conv2d(torch::nn::Conv2dOptions(channels[i], channels[i + 1], 3).stride(2).bias(false));
      blocks[i].norm = torch::nn::BatchNorm2d(channels[i + 1]);
    }
    const auto encoder = BaselineEncoder::make(blocks);
    result.push_back(encoder->encode(images, true));
    result.back().backward(slopes);
    for (const auto& block : blocks) {
      result.push_back(block.convolution->weight.grad());
      result.push_back(block.norm->weight.grad());
      result.push_back(block.norm->running_var);
    }
    results.push_back(std::move(result));
  }
  at::set_num_threads(before);
  for (std::size_t i = 0; i < results[0].size(); ++i) {
    EXPECT_TRUE(torch::equal(results[0][i], results[1][i])) << i;
    EXPECT_TRUE(torch::equal(results[0][i], results[2][i])) << i;
  }
}

TEST_F(BaselineEncoderTest, RefusesGradientsOfAPassThatIsOver) {
  const auto model = make(true, 1);
  const auto images = torch::randn({2, 3, 40, 40});
  const auto first = model->forward(images).sum();
  const auto second = model->forward(images).sum();
  EXPECT_THROW(first.backward(), c10::Error);
  EXPECT_NO_THROW(second.backward());
}

// Both instruction sets where the processor has them, against plain loops in double precision.
void check_kernels(const KernelSet& set) {
  Rng rng(7);
  const auto fill = [&rng](std::size_t count) {
    std::vector<float> values(count + kSlack);
    for (float& value : values) value = static_cast<float>(rng.uniform(-1, 1));
    return values;
  };
  const auto at = [](int row, int column, int width, int channel, int channels) {
    return static_cast<std::size_t>((row * width + column) * channels + channel);
  };
  for (const ConvKernels& conv : set.conv) {
    const int in = conv.in_channels, out = conv.out_channels, h = 14, w = 33, oh = 6, ow = 16;
    const auto weights = fill(static_cast<std::size_t>(out * in * 9));
    const auto input = fill(static_cast<std::size_t>(h * w * in)),
               slopes = fill(static_cast<std::size_t>(oh * ow * out));
    const auto weight = [&](int o, int i, int ky, int kx) {
      return static_cast<double>(weights[static_cast<std::size_t>(((o * in + i) * 3 + ky) * 3 + kx)]);
    };
    std::vector<float> forward(conv.packed_forward), backward(conv.packed_backward);
    conv.pack_forward(weights.data(), forward.data());
    conv.pack_backward(weights.data(), backward.data());
    std::vector<float> output(static_cast<std::size_t>(oh * ow * out)), sums(static_cast<std::size_t>(out) + kSlack);
    conv.forward(input.data(), w, forward.data(), output.data(), ow, 0, 4, sums.data());
    conv.forward(input.data(), w, forward.data(), output.data(), ow, 4, oh, sums.data());
    std::vector<float> gradient(conv.gradient_size + kSlack), weight_gradient(weights.size());
    conv.weight_gradient(input.data(), w, slopes.data(), oh, ow, 0, 1, gradient.data());
    conv.weight_gradient(input.data(), w, slopes.data(), oh, ow, 1, conv.gradient_tiles, gradient.data());
    conv.unpack_gradient(gradient.data(), weight_gradient.data());
    std::vector<float> input_gradient(input.size());
    conv.input_gradient(slopes.data(), oh, ow, backward.data(), input_gradient.data(), w);

    std::vector<double> expected_sums(static_cast<std::size_t>(out)), expected_input(input.size());
    std::vector<double> expected_weights(weights.size());
    for (int y = 0; y < oh; ++y) {
      for (int x = 0; x < ow; ++x) {
        for (int o = 0; o < out; ++o) {
          double value = 0;
          const double slope = slopes[at(y, x, ow, o, out)];
          for (int ky = 0; ky < 3; ++ky) {
            for (int kx = 0; kx < 3; ++kx) {
              for (int i = 0; i < in; ++i) {
                const std::size_t from = at(2 * y + ky, 2 * x + kx, w, i, in);
                value += weight(o, i, ky, kx) * static_cast<double>(input[from]);
                expected_input[from] += weight(o, i, ky, kx) * slope;
                expected_weights[static_cast<std::size_t>(((o * in + i) * 3 + ky) * 3 + kx)] +=
                    slope * static_cast<double>(input[from]);
              }
            }
          }
          ASSERT_NEAR(output[at(y, x, ow, o, out)], value, 1e-4) << set.instruction_set;
          expected_sums[static_cast<std::size_t>(o)] += value;
        }
      }
    }
    for (std::size_t o = 0; o < expected_sums.size(); ++o) ASSERT_NEAR(sums[o], expected_sums[o], 1e-3);
    for (std::size_t i = 0; i + kSlack < weights.size(); ++i)
      ASSERT_NEAR(weight_gradient[i], expected_weights[i], 1e-4);
    for (std::size_t i = 0; i + kSlack < input.size(); ++i) ASSERT_NEAR(input_gradient[i], expected_input[i], 1e-4);
  }
}

TEST(ConvKernels, OfEveryInstructionSetEqualPlainLoops) {
  const KernelSet* const best = best_kernels();
  if (best == nullptr) GTEST_SKIP() << "needs a processor with AVX2";
  check_kernels(*best);
#if defined(__x86_64__)
  check_kernels(avx2::kernels());
#endif
}

}  // namespace
}  // namespace checkbox::nn
