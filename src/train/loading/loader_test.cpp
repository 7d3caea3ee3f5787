#include "train/loading/loader.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "base/files.hpp"
#include "image/decode.hpp"
#include "tests/support/support.hpp"
#include "train/loading/drawn_dataset.hpp"
#include "train/loading/pixel_cache.hpp"

namespace checkbox::train {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

class LoaderTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kImages = 21;

  void SetUp() override {
    const auto dataset = draw_dataset(dir_.path(), {.train = 7, .valid = 0});
    ASSERT_TRUE(dataset.ok()) << dataset.error().message;
    for (const auto& sample : dataset->samples) items_.push_back({dataset->path_of(sample), sample.label});
    ASSERT_EQ(items_.size(), kImages);
    options_.batch_size = 4;
    options_.preprocess.width = options_.preprocess.height = 16;
  }

  static std::vector<Batch> read_epoch(Loader& loader, std::uint64_t epoch) {
    loader.start_epoch(epoch);
    std::vector<Batch> batches;
    while (true) {
      const auto next = loader.next();
      if (!next.ok()) {
        ADD_FAILURE() << next.error().message;
        break;
      }
      if (*next == nullptr) break;
      batches.push_back(**next);
    }
    return batches;
  }

  static bool same(const std::vector<Batch>& a, const std::vector<Batch>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Batch& x, const Batch& y) {
      return x.images == y.images && x.labels == y.labels && x.indices == y.indices;
    });
  }

  [[nodiscard]] Loader make(int workers) const {
    LoaderOptions options = options_;
    options.workers = workers;
    return {items_, options};
  }

  TempDir dir_;
  std::vector<LoaderItem> items_;
  LoaderOptions options_;
};

TEST_F(LoaderTest, GivesTheSameBatchesForAnyNumberOfWorkers) {
  Loader none = make(0), one = make(1), four = make(4);
  for (const std::uint64_t epoch : {1u, 2u}) {
    const auto expected = read_epoch(none, epoch);
    EXPECT_TRUE(same(expected, read_epoch(one, epoch)));
    EXPECT_TRUE(same(expected, read_epoch(four, epoch)));
  }
}

TEST_F(LoaderTest, GivesTheSameBatchesWhetherImagesAreKeptOrNot) {
  Loader keeping = make(2);
  options_.max_kept_bytes = 0;
  Loader decoding = make(2);
  for (const std::uint64_t epoch : {1u, 2u}) {
    EXPECT_TRUE(same(read_epoch(keeping, epoch), read_epoch(decoding, epoch)));
  }
}

TEST_F(LoaderTest, ShufflesAndAugmentsEachEpochAnew) {
  Loader loader = make(2);
  const auto first = read_epoch(loader, 1), second = read_epoch(loader, 2);
  EXPECT_FALSE(same(first, second));
  EXPECT_TRUE(same(first, read_epoch(loader, 1)));
  options_.seed = 18;
  Loader other = make(2);
  EXPECT_FALSE(same(first, read_epoch(other, 1)));
}

TEST_F(LoaderTest, TrainingLeavesOutALastBatchOfOne) {
  Loader loader = make(1);  // 21 images in batches of 4
  const auto batches = read_epoch(loader, 1);
  ASSERT_EQ(batches.size(), 5u);
  EXPECT_EQ(loader.batches_per_epoch(), 5u);
  EXPECT_EQ(loader.samples_per_epoch(), 20u);
  std::set<std::size_t> seen;
  for (const Batch& batch : batches) {
    EXPECT_EQ(batch.size(), 4u);
    seen.insert(batch.indices.begin(), batch.indices.end());
  }
  EXPECT_EQ(seen.size(), 20u);
}

TEST_F(LoaderTest, TrainingKeepsALastBatchOfTwo) {
  items_.pop_back();
  items_.pop_back();
  items_.pop_back();
  Loader loader = make(1);  // 18 images
  const auto batches = read_epoch(loader, 1);
  ASSERT_EQ(batches.size(), 5u);
  EXPECT_EQ(batches.back().size(), 2u);
}

TEST_F(LoaderTest, EvaluationGivesEveryImageInOrderAndUnchanged) {
  options_.mode = LoaderMode::kEvaluation;
  for (const std::uint64_t kept : {std::uint64_t{0}, std::uint64_t{1} << 30}) {
    options_.max_kept_bytes = kept;
    Loader loader = make(3);
    const auto batches = read_epoch(loader, 1);
    ASSERT_EQ(batches.size(), 6u);
    std::size_t index = 0;
    for (const Batch& batch : batches) {
      for (std::size_t i = 0; i < batch.size(); ++i, ++index) {
        EXPECT_EQ(batch.indices[i], index);
        EXPECT_EQ(batch.labels[i], items_[index].label);
        std::vector<float> expected(options_.preprocess.tensor_size());
        ASSERT_TRUE(image::preprocess(image::load(items_[index].file).value(), options_.preprocess, expected).ok());
        const auto begin = batch.images.begin() + static_cast<std::ptrdiff_t>(i * expected.size());
        EXPECT_TRUE(std::equal(expected.begin(), expected.end(), begin));
      }
    }
    EXPECT_EQ(index, kImages);
    EXPECT_TRUE(same(batches, read_epoch(loader, 2)));
  }
}

TEST_F(LoaderTest, AnEpochMayBeLeftBeforeItsEnd) {
  for (const int workers : {0, 3}) {
    Loader loader = make(workers);
    const auto expected = read_epoch(loader, 2);
    loader.start_epoch(1);
    ASSERT_TRUE(loader.next().ok());
    EXPECT_TRUE(same(expected, read_epoch(loader, 2)));
    loader.start_epoch(3);  // and the loader may go away in the middle
    ASSERT_TRUE(loader.next().ok());
  }
}

TEST_F(LoaderTest, ReportsAnImageThatDoesNotDecode) {
  ASSERT_TRUE(write_file(items_[9].file, "not an image").ok());
  for (const int workers : {0, 4}) {
    Loader loader = make(workers);
    loader.start_epoch(1);
    Result<const Batch*> next = nullptr;
    std::size_t good = 0;
    while ((next = loader.next()).ok() && *next != nullptr) ++good;
    ASSERT_FALSE(next.ok());
    EXPECT_THAT(next.error().message, HasSubstr(items_[9].file.filename().string()));
    EXPECT_LT(good, 5u);
  }
}

TEST_F(LoaderTest, WithoutImagesHasNoBatches) {
  items_.clear();
  Loader loader = make(2);
  EXPECT_TRUE(read_epoch(loader, 1).empty());
}

TEST_F(LoaderTest, PixelCacheKeepsNoMoreThanItsLimit) {
  std::vector<std::filesystem::path> files;
  for (const auto& item : items_) files.push_back(item.file);
  const std::uint64_t first = image::load(files[0])->pixels.size();
  PixelCache cache(files, first + 1);
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      const auto image = cache.get(i);
      ASSERT_TRUE(image.ok());
      EXPECT_TRUE(**image == image::load(files[i]).value());
    }
  }
  EXPECT_EQ(cache.kept_bytes(), first);
}

}  // namespace
}  // namespace checkbox::train
