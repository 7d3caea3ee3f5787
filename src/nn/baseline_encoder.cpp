#include "nn/baseline_encoder.hpp"

#include <ATen/Parallel.h>
#include <torch/custom_class.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "nn/kernels/conv3x3s2.hpp"

namespace checkbox::nn {
namespace {

constexpr int kBlocks = 3;
constexpr std::int64_t kSmallestSide = 15;  // px: leaves one pixel after three convolutions
// Pieces of rows that an image is cut into for the forward pass: enough for threads to share, the same for any number
// of threads, so that sums are added in the same order.
constexpr int kRowPieces = 4;

using Floats = std::vector<float>;

// A batch of activations, each image followed by the kernels' slack. Grows, never shrinks.
class Activations {
 public:
  void resize(std::int64_t images, std::int64_t height, std::int64_t width, int channels) {
    height_ = static_cast<int>(height);
    width_ = static_cast<int>(width);
    stride_ = pixels() * static_cast<std::size_t>(channels) + kSlack;
    const std::size_t needed = stride_ * static_cast<std::size_t>(images);
    if (values_.size() < needed) values_.resize(needed);
  }
  [[nodiscard]] float* image(std::int64_t index) { return values_.data() + stride_ * static_cast<std::size_t>(index); }
  [[nodiscard]] int height() const { return height_; }
  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] std::size_t pixels() const { return static_cast<std::size_t>(height_) * width_; }
  [[nodiscard]] std::size_t stride() const { return stride_; }

 private:
  Floats values_;
  int height_ = 0, width_ = 0;
  std::size_t stride_ = 0;
};

int halved(int extent) {
  return (extent - 3) / 2 + 1;
}

// Per-channel sums of `parts` rows of `stride` floats, added in order and in double precision.
std::vector<double> add_up(const Floats& sums, std::size_t parts, std::size_t stride, std::size_t channels) {
  std::vector<double> totals(channels);
  for (std::size_t part = 0; part < parts; ++part) {
    for (std::size_t c = 0; c < channels; ++c) totals[c] += static_cast<double>(sums[part * stride + c]);
  }
  return totals;
}

template <class Body>
void for_each_image(std::int64_t count, const Body& body) {
  at::parallel_for(0, count, 1, [&](std::int64_t first, std::int64_t end) {
    for (std::int64_t i = first; i < end; ++i) body(i);
  });
}

// What one block keeps from its forward pass for its backward pass.
struct BlockState {
  EncoderBlock modules;
  const ConvKernels* conv = nullptr;
  const NormKernels* norm = nullptr;
  Activations convolved;   // before BatchNorm
  Activations normalised;  // after ReLU; later the gradient of `convolved`. Not used by the last block's forward pass.
  Floats packed;
  Floats mean, inverse_deviation, scale, shift;

  [[nodiscard]] std::size_t channels() const { return static_cast<std::size_t>(conv->out_channels); }
};

}  // namespace

struct BaselineEncoder::State : torch::CustomClassHolder {
  const KernelSet* kernels = nullptr;
  std::array<BlockState, kBlocks> blocks;
  Activations input;  // NHWC
  std::vector<int> places;
  std::int64_t images = 0;
  std::int64_t generation = 0;  // of the last forward pass

  torch::Tensor forward(const torch::Tensor& batch, bool training);
  std::vector<torch::Tensor> backward(const torch::Tensor& pooled_gradient);

 private:
  [[nodiscard]] Activations& input_of(std::size_t block) { return block == 0 ? input : blocks[block - 1].normalised; }
  void take_input(const torch::Tensor& batch);
  std::vector<double> convolve(std::size_t block);
  void find_statistics(BlockState& block, const std::vector<double>& sums);
  void use_running_statistics(BlockState& block);
  torch::Tensor pool(BlockState& block);
  void spread_pooled_gradient(BlockState& block, const torch::Tensor& pooled_gradient);
  void backward_norm(BlockState& block, torch::Tensor& gamma_gradient, torch::Tensor& beta_gradient);
  torch::Tensor weight_gradient(std::size_t index);
  void backward_input(std::size_t index);
};

void BaselineEncoder::State::take_input(const torch::Tensor& batch) {
  const torch::Tensor planar = batch.contiguous();
  images = planar.size(0);
  input.resize(images, planar.size(2), planar.size(3), 3);
  const std::size_t pixels = input.pixels();
  const float* const from = planar.data_ptr<float>();
  for_each_image(images, [&](std::int64_t i) {
    const float* const planes = from + static_cast<std::size_t>(i) * 3 * pixels;
    float* const to = input.image(i);
    for (std::size_t p = 0; p < pixels; ++p) {
      for (std::size_t c = 0; c < 3; ++c) to[3 * p + c] = planes[c * pixels + p];
    }
  });
}

// Returns each channel's sum over the batch.
std::vector<double> BaselineEncoder::State::convolve(std::size_t index) {
  BlockState& block = blocks[index];
  Activations& from = input_of(index);
  block.convolved.resize(images, halved(from.height()), halved(from.width()), block.conv->out_channels);
  block.packed.resize(std::max(block.conv->packed_forward, block.conv->packed_backward));
  const torch::Tensor weights = block.modules.convolution->weight.contiguous();
  block.conv->pack_forward(weights.data_ptr<float>(), block.packed.data());

  const std::int64_t pieces = images * kRowPieces;
  const std::size_t stride = block.channels() + kSlack;
  Floats sums(static_cast<std::size_t>(pieces) * stride);
  const int rows = block.convolved.height();
  for_each_image(pieces, [&](std::int64_t piece) {
    const std::int64_t image = piece / kRowPieces;
    const int part = static_cast<int>(piece % kRowPieces);
    block.conv->forward(from.image(image), from.width(), block.packed.data(), block.convolved.image(image),
                        block.convolved.width(), rows * part / kRowPieces, rows * (part + 1) / kRowPieces,
                        sums.data() + static_cast<std::size_t>(piece) * stride);
  });
  return add_up(sums, static_cast<std::size_t>(pieces), stride, block.channels());
}

// The batch's mean and variance in two passes, as a small variance beside a large mean asks for.
void BaselineEncoder::State::find_statistics(BlockState& block, const std::vector<double>& sums) {
  const std::size_t channels = block.channels();
  const double count = static_cast<double>(images) * static_cast<double>(block.convolved.pixels());
  for (std::size_t c = 0; c < channels; ++c) block.mean[c] = static_cast<float>(sums[c] / count);
  Floats squares(static_cast<std::size_t>(images) * channels);
  for_each_image(images, [&](std::int64_t i) {
    block.norm->square_sums(block.convolved.image(i), block.convolved.pixels(), block.mean.data(),
                            squares.data() + static_cast<std::size_t>(i) * channels);
  });
  const auto totals = add_up(squares, static_cast<std::size_t>(images), channels, channels);

  auto& norm = *block.modules.norm;
  const double momentum = norm.options.momentum().value_or(0.1);
  float* const running_mean = norm.running_mean.data_ptr<float>();
  float* const running_variance = norm.running_var.data_ptr<float>();
  for (std::size_t c = 0; c < channels; ++c) {
    const double variance = totals[c] / count;
    block.inverse_deviation[c] = static_cast<float>(1 / std::sqrt(variance + norm.options.eps()));
    const double unbiased = totals[c] / (count - 1);
    running_mean[c] = static_cast<float>((1 - momentum) * running_mean[c] + momentum * (sums[c] / count));
    running_variance[c] = static_cast<float>((1 - momentum) * running_variance[c] + momentum * unbiased);
  }
  norm.num_batches_tracked.add_(1);
}

void BaselineEncoder::State::use_running_statistics(BlockState& block) {
  const auto& norm = *block.modules.norm;
  const float* const mean = norm.running_mean.data_ptr<float>();
  const float* const variance = norm.running_var.data_ptr<float>();
  for (std::size_t c = 0; c < block.channels(); ++c) {
    block.mean[c] = mean[c];
    block.inverse_deviation[c] = static_cast<float>(1 / std::sqrt(variance[c] + norm.options.eps()));
  }
}

torch::Tensor BaselineEncoder::State::pool(BlockState& block) {
  const std::size_t channels = block.channels();
  torch::Tensor pooled = torch::empty({images, static_cast<std::int64_t>(2 * channels)});
  float* const to = pooled.data_ptr<float>();
  places.resize(static_cast<std::size_t>(images) * channels);
  const auto pixels = static_cast<float>(block.convolved.pixels());
  for_each_image(images, [&](std::int64_t i) {
    const auto image = static_cast<std::size_t>(i);
    float* const maxima = to + image * 2 * channels;
    float* const sums = maxima + channels;
    block.norm->pool(block.convolved.image(i), block.convolved.pixels(), block.scale.data(), block.shift.data(), maxima,
                     places.data() + image * channels, sums);
    for (std::size_t c = 0; c < channels; ++c) sums[c] /= pixels;
  });
  return pooled;
}

torch::Tensor BaselineEncoder::State::forward(const torch::Tensor& batch, bool training) {
  ++generation;
  take_input(batch);
  for (std::size_t i = 0; i < kBlocks; ++i) {
    BlockState& block = blocks[i];
    const auto sums = convolve(i);
    for (Floats* values : {&block.mean, &block.inverse_deviation, &block.scale, &block.shift}) {
      values->resize(block.channels());
    }
    training ? find_statistics(block, sums) : use_running_statistics(block);
    const float* const gamma = block.modules.norm->weight.data_ptr<float>();
    const float* const beta = block.modules.norm->bias.data_ptr<float>();
    for (std::size_t c = 0; c < block.channels(); ++c) {
      block.scale[c] = gamma[c] * block.inverse_deviation[c];
      block.shift[c] = beta[c] - block.mean[c] * block.scale[c];
    }
    if (i + 1 == kBlocks) return pool(block);
    block.normalised.resize(images, block.convolved.height(), block.convolved.width(), block.conv->out_channels);
    for_each_image(images, [&](std::int64_t image) {
      block.norm->normalise(block.convolved.image(image), block.convolved.pixels(), block.scale.data(),
                            block.shift.data(), block.normalised.image(image));
    });
  }
  return {};
}

// To the last block's `normalised`: every pixel its share of the average, the first largest one the maximum's gradient.
void BaselineEncoder::State::spread_pooled_gradient(BlockState& block, const torch::Tensor& pooled_gradient) {
  const torch::Tensor pooled = pooled_gradient.contiguous();
  const float* const from = pooled.data_ptr<float>();
  const std::size_t channels = block.channels(), pixels = block.convolved.pixels();
  block.normalised.resize(images, block.convolved.height(), block.convolved.width(), block.conv->out_channels);
  for_each_image(images, [&](std::int64_t i) {
    const auto image = static_cast<std::size_t>(i);
    const float* const of_maxima = from + image * 2 * channels;
    float* const to = block.normalised.image(i);
    Floats shares(of_maxima + channels, of_maxima + 2 * channels);
    for (float& share : shares) share /= static_cast<float>(pixels);
    for (std::size_t p = 0; p < pixels; ++p) std::copy(shares.begin(), shares.end(), to + p * channels);
    for (std::size_t c = 0; c < channels; ++c) {
      to[static_cast<std::size_t>(places[image * channels + c]) * channels + c] += of_maxima[c];
    }
  });
}

// In `normalised`: from the gradient after ReLU to the gradient before BatchNorm (Ioffe and Szegedy 2015).
void BaselineEncoder::State::backward_norm(BlockState& block, torch::Tensor& gamma_gradient,
                                           torch::Tensor& beta_gradient) {
  const std::size_t channels = block.channels(), pixels = block.convolved.pixels();
  Floats sums(static_cast<std::size_t>(images) * channels), products(sums.size());
  for_each_image(images, [&](std::int64_t i) {
    const std::size_t at = static_cast<std::size_t>(i) * channels;
    block.norm->gradient_sums(block.normalised.image(i), block.convolved.image(i), pixels, block.scale.data(),
                              block.shift.data(), block.mean.data(), sums.data() + at, products.data() + at);
  });
  const auto sum = add_up(sums, static_cast<std::size_t>(images), channels, channels);
  const auto product = add_up(products, static_cast<std::size_t>(images), channels, channels);

  gamma_gradient = torch::empty_like(block.modules.norm->weight);
  beta_gradient = torch::empty_like(block.modules.norm->bias);
  const double count = static_cast<double>(images) * static_cast<double>(pixels);
  Floats slope(channels), offset(channels);
  for (std::size_t c = 0; c < channels; ++c) {
    const double inverse = block.inverse_deviation[c], scale = block.scale[c];
    gamma_gradient.data_ptr<float>()[c] = static_cast<float>(product[c] * inverse);
    beta_gradient.data_ptr<float>()[c] = static_cast<float>(sum[c]);
    slope[c] = static_cast<float>(scale * inverse * inverse * product[c] / count);
    offset[c] = static_cast<float>(scale * sum[c] / count);
  }
  for_each_image(images, [&](std::int64_t i) {
    float* const gradient = block.normalised.image(i);
    block.norm->input_gradient(gradient, block.convolved.image(i), pixels, block.scale.data(), block.shift.data(),
                               block.mean.data(), slope.data(), offset.data(), gradient);
  });
}

torch::Tensor BaselineEncoder::State::weight_gradient(std::size_t index) {
  BlockState& block = blocks[index];
  Activations& from = input_of(index);
  Floats gradient(block.conv->gradient_size + kSlack);
  // Every thread takes its own part of the weights over all images: no sums to join.
  at::parallel_for(0, block.conv->gradient_tiles, 1, [&](std::int64_t first, std::int64_t end) {
    for (std::int64_t i = 0; i < images; ++i) {
      block.conv->weight_gradient(from.image(i), from.width(), block.normalised.image(i), block.convolved.height(),
                                  block.convolved.width(), static_cast<int>(first), static_cast<int>(end),
                                  gradient.data());
    }
  });
  torch::Tensor result = torch::empty(block.modules.convolution->weight.sizes());
  block.conv->unpack_gradient(gradient.data(), result.data_ptr<float>());
  return result;
}

// Into the `normalised` of the block before, whose values are not needed any more.
void BaselineEncoder::State::backward_input(std::size_t index) {
  BlockState& block = blocks[index];
  Activations& to = input_of(index);
  const torch::Tensor weights = block.modules.convolution->weight.contiguous();
  block.conv->pack_backward(weights.data_ptr<float>(), block.packed.data());
  for_each_image(images, [&](std::int64_t i) {
    std::fill_n(to.image(i), to.stride(), 0.0f);
    block.conv->input_gradient(block.normalised.image(i), block.convolved.height(), block.convolved.width(),
                               block.packed.data(), to.image(i), to.width());
  });
}

std::vector<torch::Tensor> BaselineEncoder::State::backward(const torch::Tensor& pooled_gradient) {
  std::vector<torch::Tensor> gradients(3 * kBlocks);
  spread_pooled_gradient(blocks[kBlocks - 1], pooled_gradient);
  for (std::size_t i = kBlocks; i-- > 0;) {
    backward_norm(blocks[i], gradients[3 * i + 1], gradients[3 * i + 2]);
    gradients[3 * i] = weight_gradient(i);
    if (i > 0) backward_input(i);
  }
  return gradients;
}

namespace {

// The parameters are arguments only so that autograd knows them: convolution, gamma and beta of each block.
struct Encode : torch::autograd::Function<Encode> {
  static torch::Tensor forward(torch::autograd::AutogradContext* context, const torch::Tensor& images,
                               const c10::intrusive_ptr<BaselineEncoder::State>& state, bool training,
                               const torch::Tensor&, const torch::Tensor&, const torch::Tensor&, const torch::Tensor&,
                               const torch::Tensor&, const torch::Tensor&, const torch::Tensor&, const torch::Tensor&,
                               const torch::Tensor&) {
    torch::Tensor pooled = state->forward(images, training);
    context->saved_data["state"] = c10::IValue::make_capsule(state);
    context->saved_data["generation"] = state->generation;
    return pooled;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 const torch::autograd::variable_list& gradients) {
    auto capsule = context->saved_data["state"].toCapsule();
    auto& state = static_cast<BaselineEncoder::State&>(*capsule);
    TORCH_CHECK(context->saved_data["generation"].toInt() == state.generation,
                "the encoder has run again since the pass whose gradients are asked for");
    torch::autograd::variable_list result(3);
    for (auto& gradient : state.backward(gradients[0])) result.push_back(std::move(gradient));
    return result;
  }
};

}  // namespace

BaselineEncoder::BaselineEncoder(c10::intrusive_ptr<State> state) : state_(std::move(state)) {}
BaselineEncoder::~BaselineEncoder() = default;

std::unique_ptr<BaselineEncoder> BaselineEncoder::make(const std::array<EncoderBlock, 3>& blocks) {
  const KernelSet* const kernels = best_kernels();
  if (kernels == nullptr) return nullptr;
  auto state = c10::make_intrusive<State>();
  state->kernels = kernels;
  for (std::size_t i = 0; i < kBlocks; ++i) {
    state->blocks[i].modules = blocks[i];
    state->blocks[i].conv = &kernels->conv[i];
    state->blocks[i].norm = &kernels->norm[i];
  }
  return std::unique_ptr<BaselineEncoder>(new BaselineEncoder(std::move(state)));
}

bool BaselineEncoder::takes(const torch::Tensor& images, bool training) const {
  return images.is_cpu() && images.scalar_type() == torch::kFloat32 && images.size(2) >= kSmallestSide &&
         images.size(3) >= kSmallestSide && state_->blocks[0].modules.convolution->weight.is_cpu() &&
         !images.requires_grad() && (training || !torch::GradMode::is_enabled());
}

torch::Tensor BaselineEncoder::encode(const torch::Tensor& images, bool training) {
  const auto& blocks = state_->blocks;
  const auto weight = [&](std::size_t i) { return blocks[i].modules.convolution->weight; };
  const auto gamma = [&](std::size_t i) { return blocks[i].modules.norm->weight; };
  const auto beta = [&](std::size_t i) { return blocks[i].modules.norm->bias; };
  return Encode::apply(images, state_, training, weight(0), gamma(0), beta(0), weight(1), gamma(1), beta(1), weight(2),
                       gamma(2), beta(2));
}

}  // namespace checkbox::nn
