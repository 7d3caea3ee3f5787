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

Baseline::Baseline(std::int64_t class_count, bool own_kernels)
    : encoder_(register_module("encoder", make_encoder())),
      head_(register_module("head", Head(kChannels[3], class_count))) {
  if (!own_kernels) return;
  std::array<EncoderBlock, 3> blocks;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    blocks[i].convolution = torch::nn::Conv2d(std::dynamic_pointer_cast<torch::nn::Conv2dImpl>(encoder_->ptr(3 * i)));
    blocks[i].norm =
        torch::nn::BatchNorm2d(std::dynamic_pointer_cast<torch::nn::BatchNorm2dImpl>(encoder_->ptr(3 * i + 1)));
  }
  fast_encoder_ = BaselineEncoder::make(blocks);
}

torch::Tensor Baseline::trained_logits(const std::vector<torch::Tensor>& features) {
  const torch::Tensor& images = features.at(0);
  if (fast_encoder_ && fast_encoder_->takes(images, is_training())) {
    return head_->forward_pooled(fast_encoder_->encode(images, is_training()));
  }
  return head_(encoder_->forward(images));
}

}  // namespace checkbox::nn
