// Objects that are costly to make (scratch memory) kept for the next caller. take() gives one that nobody else holds
// and makes a new one only where all are taken, so there are as many as calls that ever ran at once. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace checkbox::runtime {

template <class T>
class Pool {
 public:
  // Gives the object back at the end of its scope.
  class Lease {
   public:
    Lease(Pool& pool, std::unique_ptr<T> item) : pool_(pool), item_(std::move(item)) {}
    ~Lease() { pool_.give_back(std::move(item_)); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    T& operator*() const { return *item_; }
    T* operator->() const { return item_.get(); }

   private:
    Pool& pool_;
    std::unique_ptr<T> item_;
  };

  // make() returns a std::unique_ptr<T>.
  template <class Make>
  [[nodiscard]] Lease take(Make make) {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        std::unique_ptr<T> item = std::move(idle_.back());
        idle_.pop_back();
        return Lease(*this, std::move(item));
      }
    }
    return Lease(*this, make());
  }

 private:
  void give_back(std::unique_ptr<T> item) {
    if (item == nullptr) return;
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(item));
  }

  std::mutex mutex_;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace checkbox::runtime
