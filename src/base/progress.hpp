// Progress of long work on stderr: a bar that redraws itself on a terminal, a plain line now and then otherwise.
// One thread at a time may call it. Never prints to stdout.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace checkbox {

class Progress {
 public:
  // total 0 means unknown. quiet prints nothing at all.
  Progress(std::string title, std::uint64_t total, bool quiet = false);
  ~Progress();  // ends the line where finish() was not called
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` of the total so far; `detail` (say "loss 0.43  acc 0.81  120 img/s") stands after the bar.
  void update(std::uint64_t done, std::string_view detail = {});
  void set_total(std::uint64_t total) { total_ = total; }
  void set_title(std::string title) { title_ = std::move(title); }
  // Takes the bar off the terminal, so that a line can be printed in its place; the next update draws it again.
  void clear();
  // Draws the last state and ends the line.
  void finish(std::string_view detail = {});

 private:
  using Clock = std::chrono::steady_clock;
  void draw(std::uint64_t done, std::string_view detail, bool last);

  std::string title_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
  bool quiet_;
  bool terminal_;
  bool drawn_ = false;
  bool finished_ = false;
  Clock::time_point start_;
  Clock::time_point last_draw_;
};

// "1.2 s", "3:05", "1:02:45".
[[nodiscard]] std::string format_duration(double seconds);
// "512 B", "9.3 MB".
[[nodiscard]] std::string format_bytes(std::uint64_t bytes);

}  // namespace checkbox
