// A loop spread over threads whose results come out in the order of its inputs, as soon as they can, with a bounded
// number in flight: neither a million inputs nor one slow one makes memory grow.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace checkbox::cli {

template <class Item, class Out>
class Ordered {
 public:
  struct Steps {
    std::function<std::optional<Item>()> next;  // the inputs; one call at a time, nothing ends them
    std::function<Out(Item)> work;              // any number of calls at once
    std::function<bool(Out)> emit;              // in input order, one call at a time; false stops everything
  };

  // Returns when every input is emitted or emit has said stop. What a step throws is thrown here.
  static void run(int threads, Steps steps) {
    Ordered loop(threads, std::move(steps));
    {
      std::vector<std::jthread> pool;
      for (int i = 1; i < threads; ++i) pool.emplace_back([&loop] { loop.worker(); });
      loop.worker();
    }
    if (loop.thrown_) std::rethrow_exception(loop.thrown_);
  }

 private:
  static constexpr std::uint64_t kInFlightPerThread = 32;

  Ordered(int threads, Steps steps)
      : steps_(std::move(steps)), window_(kInFlightPerThread * static_cast<std::uint64_t>(threads)) {}

  void worker() {
    try {
      while (auto taken = take()) deliver(taken->first, steps_.work(std::move(taken->second)));
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!thrown_) thrown_ = std::current_exception();
      stopped_ = true;
      room_.notify_all();
    }
  }

  // next() may block (a pipe), so it is not called under mutex_: finished results must get out meanwhile.
  std::optional<std::pair<std::uint64_t, Item>> take() {
    const std::lock_guard source(source_mutex_);
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [this] { return stopped_ || taken_ < emitted_ + window_; });
      if (stopped_) return std::nullopt;
    }
    if (exhausted_) return std::nullopt;
    auto item = steps_.next();
    exhausted_ = !item.has_value();
    if (exhausted_) return std::nullopt;
    return std::pair(taken_++, std::move(*item));
  }

  void deliver(std::uint64_t position, Out out) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(position, std::move(out));
    while (!stopped_ && !waiting_.empty() && waiting_.begin()->first == emitted_) {
      auto first = waiting_.extract(waiting_.begin());
      stopped_ = !steps_.emit(std::move(first.mapped()));
      ++emitted_;
    }
    room_.notify_all();
  }

  Steps steps_;
  const std::uint64_t window_;

  std::mutex source_mutex_;  // before mutex_ where both are held
  std::uint64_t taken_ = 0;  // written under source_mutex_
  bool exhausted_ = false;

  std::mutex mutex_;
  std::condition_variable room_;
  std::map<std::uint64_t, Out> waiting_;
  std::uint64_t emitted_ = 0;
  bool stopped_ = false;
  std::exception_ptr thrown_;
};

}  // namespace checkbox::cli
