#include "nn/baseline.hpp"

namespace checkbox::nn {
namespace {

constexpr std::int64_t kChannels[] = {3, 20, 100, 200};

torch::nn::Sequential make_encoder() {
  torch::nn::Sequential encoder;
  for (int block = 0; block < 3; ++block) {
    encoder->push_back(
        torch::nn::Conv2d(torch::nn::Conv2dOptions(kChannels[block], kChannels[block + 1], 3).stride(2).bias(false)));
    encoder->push_back(torch::nn::BatchNorm2d(kChannels[block + 1]));
    encoder->push_back(torch::nn::ReLU());
  }
  return encoder;
}

}  // namespace

Baseline::Baseline(std::int64_t class_count)
    : encoder_(register_module("encoder", make_encoder())),
      head_(register_module("head", Head(kChannels[3], class_count))) {}

torch::Tensor Baseline::trained_logits(const std::vector<torch::Tensor>& features) {
  return head_(encoder_->forward(features.at(0)));
}

}  // namespace checkbox::nn
