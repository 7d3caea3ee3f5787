// For tests: a small dataset folder of drawn boxes, with every file that training reads. Header only.
#pragma once

#include <filesystem>
#include <string>

#include "base/files.hpp"
#include "base/rng.hpp"
#include "data/dataset.hpp"
#include "image/encode.hpp"

namespace checkbox::train {

inline image::Image draw_box(int width, int height, bool box, bool cross, Rng& rng) {
  image::Image picture{width, height, {}};
  const auto paper = static_cast<std::uint8_t>(225 + rng.below(30));
  picture.pixels.assign(std::size_t{3} * width * height, paper);
  const auto dot = [&](int x, int y) {
    if (x < 0 || y < 0 || x >= width || y >= height) return;
    picture.row(y)[3 * x] = 20;
    picture.row(y)[3 * x + 1] = 40;
    picture.row(y)[3 * x + 2] = 90;
  };
  const int side = height * 2 / 3;
  const int left = height / 6 + static_cast<int>(rng.below(3)), top = height / 6;
  for (int i = 0; i <= side; ++i) {
    if (box) {
      for (const int edge : {0, side}) {
        dot(left + i, top + edge);
        dot(left + edge, top + i);
      }
    }
    for (int thickness = 0; cross && thickness < 3; ++thickness) {
      dot(left + i + thickness, top + i);
      dot(left + side - i + thickness, top + i);
    }
  }
  return picture;
}

struct DrawnSizes {
  int train = 4;  // images per class
  int valid = 2;
  int test = 0;
};

// Classes: 0 other (blank), 1 checked, 2 unchecked.
inline Result<data::Dataset> draw_dataset(const std::filesystem::path& folder, const DrawnSizes& sizes,
                                          std::uint64_t seed = 1) {
  Rng rng(seed);
  data::Dataset dataset;
  dataset.folder = folder;
  dataset.labels = {"other", "checked", "unchecked"};
  dataset.statistics = data::Statistics{{0.8, 0.8, 0.85}, {0.3, 0.3, 0.25}};
  for (const auto& [split, count] :
       {std::pair<std::string, int>{"train", sizes.train}, {"valid", sizes.valid}, {"test", sizes.test}}) {
    for (int i = 0; i < count; ++i) {
      for (int label = 0; label < 3; ++label) {
        const std::string& name = dataset.labels[static_cast<std::size_t>(label)];
        CHECKBOX_CHECK(make_directories(folder / name));
        const std::string file = fmt::format("{}/{}_{}.png", name, split, i);
        const int height = 24 + static_cast<int>(rng.below(8));
        CHECKBOX_TRY(const auto png, image::encode_png(draw_box(height * 2, height, label != 0, label == 1, rng)));
        CHECKBOX_CHECK(write_file(folder / file, png));
        dataset.samples.push_back({file, label, split});
      }
    }
  }
  std::string rows = ",filepath,label,split\n";
  for (std::size_t i = 0; i < dataset.samples.size(); ++i) {
    const auto& sample = dataset.samples[i];
    rows += fmt::format("{},{},{},{}\n", i, sample.file, sample.label, sample.split);
  }
  CHECKBOX_CHECK(write_file(folder / "splits.csv", rows));
  CHECKBOX_CHECK(write_file(folder / "label_mapping.json", R"({"0":"other","1":"checked","2":"unchecked"})"));
  CHECKBOX_CHECK(write_file(folder / "ds_stats.json", R"({"mean":[0.8,0.8,0.85],"std":[0.3,0.3,0.25]})"));
  return dataset;
}

}  // namespace checkbox::train
