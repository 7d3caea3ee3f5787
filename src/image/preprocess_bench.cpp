// Preprocessing speed per image size, beside the plain way: pad, resample and normalise one after the other. The two
// are compared before anything is timed.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/rng.hpp"
#include "image/decode.hpp"
#include "image/encode.hpp"
#include "image/preprocess.hpp"

namespace checkbox::image {
namespace {

const Preprocess kSettings{.mean = kImageNetMean, .std = kImageNetStd};

// Smooth in parts, as screens are; noise would flatter no codec and slow no kernel.
Image drawn_image(int width, int height) {
  Image image{width, height, {}};
  image.pixels.resize(std::size_t{3} * static_cast<std::size_t>(width) * height);
  Rng rng(1);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < 3 * width; ++x) {
      image.row(y)[x] = static_cast<std::uint8_t>((x / 24 + y / 8) % 5 == 0 ? rng.below(256) : 240);
    }
  }
  return image;
}

int mirrored(int index, int size) {
  while (size > 1 && (index < 0 || index >= size)) index = index < 0 ? -index : 2 * (size - 1) - index;
  return size > 1 ? index : 0;
}

void naive(const Image& image, std::span<float> output) {
  const int side = std::max(image.width, image.height);
  const int pad_x = (side - image.width) / 2, pad_y = (side - image.height) / 2;
  const int width = image.width + 2 * pad_x, height = image.height + 2 * pad_y;
  std::vector<float> padded(std::size_t{3} * static_cast<std::size_t>(width) * height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c) {
        const auto value = image.row(mirrored(y - pad_y, image.height))[3 * mirrored(x - pad_x, image.width) + c];
        padded[(static_cast<std::size_t>(c) * height + y) * width + x] = static_cast<float>(value) / 255.0F;
      }
    }
  }
  const float scale_x = static_cast<float>(width) / 224.0F, scale_y = static_cast<float>(height) / 224.0F;
  for (int c = 0; c < 3; ++c) {
    const float* plane = padded.data() + static_cast<std::size_t>(c) * height * width;
    for (int y = 0; y < 224; ++y) {
      const double v = std::max(0.0, static_cast<double>(scale_y) * (y + 0.5) - 0.5);
      const int y0 = static_cast<int>(v), y1 = std::min(y0 + 1, height - 1);
      const auto wy = static_cast<float>(v - y0);
      for (int x = 0; x < 224; ++x) {
        const double u = std::max(0.0, static_cast<double>(scale_x) * (x + 0.5) - 0.5);
        const int x0 = static_cast<int>(u), x1 = std::min(x0 + 1, width - 1);
        const auto wx = static_cast<float>(u - x0);
        const float *top = plane + static_cast<std::size_t>(y0) * width,
                    *bottom = plane + static_cast<std::size_t>(y1) * width;
        const float value =
            (1 - wy) * ((1 - wx) * top[x0] + wx * top[x1]) + wy * ((1 - wx) * bottom[x0] + wx * bottom[x1]);
        const auto channel = static_cast<std::size_t>(c);
        output[(channel * 224 + y) * 224 + x] =
            (value - static_cast<float>(kSettings.mean[channel])) / static_cast<float>(kSettings.std[channel]);
      }
    }
  }
}

bool equal(const Image& image) {
  std::vector<float> fast(kSettings.tensor_size()), plain(kSettings.tensor_size());
  if (!preprocess(image, kSettings, fast).ok()) return false;
  naive(image, plain);
  return std::equal(fast.begin(), fast.end(), plain.begin(), [](float a, float b) { return std::abs(a - b) < 2e-5F; });
}

void fused(benchmark::State& state) {
  const Image image = drawn_image(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  if (!equal(image)) return state.SkipWithError("differs from the plain way");
  std::vector<float> output(kSettings.tensor_size());
  for (auto _ : state) benchmark::DoNotOptimize(preprocess(image, kSettings, output).ok());
}

void plain(benchmark::State& state) {
  const Image image = drawn_image(static_cast<int>(state.range(0)), static_cast<int>(state.range(1)));
  std::vector<float> output(kSettings.tensor_size());
  for (auto _ : state) {
    naive(image, output);
    benchmark::DoNotOptimize(output.data());
  }
}

void decode_png(benchmark::State& state) {
  const auto bytes = encode_png(drawn_image(static_cast<int>(state.range(0)), static_cast<int>(state.range(1))));
  if (!bytes.ok()) return state.SkipWithError("cannot encode");
  for (auto _ : state) benchmark::DoNotOptimize(decode(*bytes, "png").ok());
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (const auto& [width, height] : {std::pair{24, 24}, {100, 30}, {300, 60}, {640, 480}, {1804, 64}, {1000, 1000}}) {
    bench->Args({width, height});
  }
  bench->Unit(benchmark::kMicrosecond);
}
BENCHMARK(fused)->Apply(sizes);
BENCHMARK(plain)->Apply(sizes);
BENCHMARK(decode_png)->Apply(sizes);

}  // namespace
}  // namespace checkbox::image
