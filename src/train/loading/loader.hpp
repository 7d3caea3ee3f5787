// Images on disk to batches of network inputs, made by worker threads ahead of the trainer: decode (once), augment,
// preprocess. The batches are the same for any number of workers, also none: the order comes from Rng({seed, epoch}),
// each augmentation from Rng({seed, epoch, index of the sample}).
// One thread at a time calls a Loader; it holds at most workers + kBatchesAhead batches besides the kept images.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <vector>

#include "base/result.hpp"
#include "image/preprocess.hpp"

namespace checkbox::train {

struct LoaderItem {
  std::filesystem::path file;
  std::int64_t label = 0;
};

enum class LoaderMode {
  kTraining,    // shuffled and augmented; a last batch of a single image is left out, for BatchNorm cannot train on it
  kEvaluation,  // in the given order, as they are; inputs are kept where all of them fit into max_kept_bytes
};

struct LoaderOptions {
  LoaderMode mode = LoaderMode::kTraining;
  std::size_t batch_size = 8;
  int workers = 0;  // threads; 0: next() makes the batch itself
  std::uint64_t seed = 17;
  image::Preprocess preprocess;
  std::uint64_t max_kept_bytes = std::uint64_t{1} << 30;  // of decoded images or inputs
};

inline constexpr std::size_t kBatchesAhead = 2;

struct Batch {
  int width = 0, height = 0;  // px
  std::vector<float> images;  // [size(), 3, height, width]
  std::vector<std::int64_t> labels;
  std::vector<std::size_t> indices;  // into the items
  [[nodiscard]] std::size_t size() const { return labels.size(); }
};

class Loader {
 public:
  // batch_size >= 1. Reads nothing yet.
  Loader(std::vector<LoaderItem> items, const LoaderOptions& options);
  // Waits for what the workers have in hand, at most one image each.
  ~Loader();
  Loader(Loader&&) noexcept;
  Loader& operator=(Loader&&) noexcept;

  // Begins the epoch from its first batch; an epoch that was not read to its end is dropped.
  void start_epoch(std::uint64_t epoch);
  // The next batch, valid until the next call, or nullptr after the last. An image that does not decode any more gives
  // image::load's error when its batch is due.
  [[nodiscard]] Result<const Batch*> next();

  [[nodiscard]] std::size_t batches_per_epoch() const;
  // Without an image that is left out.
  [[nodiscard]] std::size_t samples_per_epoch() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace checkbox::train
