#include "train/loading/loader.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <new>
#include <numeric>
#include <optional>
#include <thread>
#include <utility>

#include "base/rng.hpp"
#include "train/loading/augment.hpp"
#include "train/loading/pixel_cache.hpp"

namespace checkbox::train {
namespace {

std::vector<std::filesystem::path> files_of(const std::vector<LoaderItem>& items) {
  std::vector<std::filesystem::path> files;
  for (const auto& item : items) files.push_back(item.file);
  return files;
}

}  // namespace

class Loader::Impl {
 public:
  Impl(std::vector<LoaderItem> items, const LoaderOptions& options)
      : items_(std::move(items)),
        options_(options),
        keep_inputs_(options.mode == LoaderMode::kEvaluation &&
                     items_.size() <= options.max_kept_bytes / (options.preprocess.tensor_size() * sizeof(float))),
        pixels_(files_of(items_), keep_inputs_ ? 0 : options.max_kept_bytes),
        sample_count_(items_.size()),
        order_(items_.size()) {
    if (options_.mode == LoaderMode::kTraining && sample_count_ % options_.batch_size == 1) --sample_count_;
    batch_count_ = (sample_count_ + options_.batch_size - 1) / options_.batch_size;
    next_to_make_ = next_to_give_ = batch_count_;
    const auto workers = static_cast<std::size_t>(std::max(options_.workers, 0));
    slots_.resize(keep_inputs_ ? batch_count_ : workers + kBatchesAhead);
    for (std::size_t i = 0; i < workers; ++i) {
      workers_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
  }

  ~Impl() {
    for (auto& worker : workers_) worker.request_stop();
    workers_.clear();  // joins; condition_variable_any wakes on a stop request
  }

  void start_epoch(std::uint64_t epoch) {
    std::unique_lock lock(mutex_);
    next_to_make_ = batch_count_;
    changed_.wait(lock, [this] { return in_hand_ == 0; });
    epoch_ = epoch;
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    if (options_.mode == LoaderMode::kTraining) Rng({options_.seed, epoch}).shuffle(std::span(order_));
    const bool all_kept = keep_inputs_ && std::all_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
                            return slot.state == SlotState::kReady && !slot.failure;
                          });
    if (!all_kept) {
      for (Slot& slot : slots_) slot.state = SlotState::kEmpty;
      next_to_make_ = 0;
    }
    next_to_give_ = 0;
    given_ = false;
    changed_.notify_all();
  }

  Result<const Batch*> next() {
    std::unique_lock lock(mutex_);
    if (given_) {
      if (!keep_inputs_) slot_of(next_to_give_).state = SlotState::kEmpty;
      ++next_to_give_;
      given_ = false;
      changed_.notify_all();
    }
    if (next_to_give_ >= batch_count_) return nullptr;
    Slot& slot = slot_of(next_to_give_);
    if (workers_.empty() && slot.state == SlotState::kEmpty) {
      make_next(lock, {});
    } else {
      changed_.wait(lock, [&slot] { return slot.state == SlotState::kReady; });
    }
    if (slot.failure) return *slot.failure;
    given_ = true;
    return &slot.batch;
  }

  [[nodiscard]] std::size_t batch_count() const { return batch_count_; }
  [[nodiscard]] std::size_t sample_count() const { return sample_count_; }

 private:
  enum class SlotState { kEmpty, kBeingMade, kReady };
  struct Slot {
    SlotState state = SlotState::kEmpty;
    Batch batch;
    std::optional<Error> failure;
  };

  Slot& slot_of(std::size_t batch) { return slots_[batch % slots_.size()]; }

  [[nodiscard]] bool can_make() {
    return next_to_make_ < batch_count_ && slot_of(next_to_make_).state == SlotState::kEmpty;
  }

  void work(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (changed_.wait(lock, stop, [this] { return can_make(); })) make_next(lock, stop);
  }

  // Called and left with the lock held; it is given up while the batch is made.
  void make_next(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
    const std::size_t number = next_to_make_++;
    Slot& slot = slot_of(number);
    slot.state = SlotState::kBeingMade;
    ++in_hand_;
    lock.unlock();
    const Status status = fill_or_report(slot.batch, number, stop);
    lock.lock();
    slot.failure = status.ok() ? std::nullopt : std::optional(status.error());
    slot.state = SlotState::kReady;
    --in_hand_;
    changed_.notify_all();
  }

  Status fill_or_report(Batch& batch, std::size_t number, const std::stop_token& stop) {
    try {
      return fill(batch, number, stop);
    } catch (const std::bad_alloc&) {
      return error(ErrorCode::kLimitExceeded, "not enough memory for a batch of {} images", options_.batch_size);
    }
  }

  Status fill(Batch& batch, std::size_t number, const std::stop_token& stop) {
    const std::size_t first = number * options_.batch_size;
    const std::size_t count = std::min(options_.batch_size, sample_count_ - first);
    const std::size_t input_size = options_.preprocess.tensor_size();
    batch.width = options_.preprocess.width;
    batch.height = options_.preprocess.height;
    batch.images.resize(count * input_size);
    batch.labels.resize(count);
    batch.indices.resize(count);
    image::Image augmented;
    for (std::size_t i = 0; i < count; ++i) {
      if (stop.stop_requested()) return error(ErrorCode::kCancelled, "loading was stopped");
      const std::size_t index = order_[first + i];
      batch.indices[i] = index;
      batch.labels[i] = items_[index].label;
      CHECKBOX_TRY(const auto source, pixels_.get(index));
      const image::Image* picture = source.get();
      if (options_.mode == LoaderMode::kTraining) {
        Rng rng({options_.seed, epoch_, index});
        apply(draw_augmentation(rng, source->width, source->height), *source, augmented);
        picture = &augmented;
      }
      CHECKBOX_CHECK(image::preprocess(*picture, options_.preprocess,
                                       std::span(batch.images).subspan(i * input_size, input_size)));
    }
    return {};
  }

  std::vector<LoaderItem> items_;
  LoaderOptions options_;
  bool keep_inputs_;
  PixelCache pixels_;
  std::size_t sample_count_;
  std::size_t batch_count_ = 0;

  std::mutex mutex_;                     // guards what follows; a slot being made belongs to its maker
  std::condition_variable_any changed_;  // any of it
  std::vector<std::size_t> order_;       // changes only while nothing is in hand
  std::uint64_t epoch_ = 0;              // likewise
  std::vector<Slot> slots_;              // batch b is made in slot b modulo their number
  std::size_t next_to_make_ = 0;
  std::size_t next_to_give_ = 0;
  std::size_t in_hand_ = 0;
  bool given_ = false;  // the caller reads slot_of(next_to_give_)
  std::vector<std::jthread> workers_;
};

Loader::Loader(std::vector<LoaderItem> items, const LoaderOptions& options)
    : impl_(std::make_unique<Impl>(std::move(items), options)) {}
Loader::~Loader() = default;
Loader::Loader(Loader&&) noexcept = default;
Loader& Loader::operator=(Loader&&) noexcept = default;

void Loader::start_epoch(std::uint64_t epoch) {
  impl_->start_epoch(epoch);
}

Result<const Batch*> Loader::next() {
  return impl_->next();
}

std::size_t Loader::batches_per_epoch() const {
  return impl_->batch_count();
}

std::size_t Loader::samples_per_epoch() const {
  return impl_->sample_count();
}

}  // namespace checkbox::train
