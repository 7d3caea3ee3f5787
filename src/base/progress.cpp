#include "base/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace checkbox {
namespace {

constexpr auto kTerminalInterval = std::chrono::milliseconds(100);
constexpr auto kPlainInterval = std::chrono::seconds(10);
constexpr int kBarWidth = 24;
constexpr int kDefaultColumns = 80;

int terminal_columns() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : kDefaultColumns;
}

}  // namespace

Progress::Progress(std::string title, std::uint64_t total, bool quiet)
    : title_(std::move(title)),
      total_(total),
      quiet_(quiet),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      last_draw_(start_) {}

Progress::~Progress() {
  if (drawn_ && !finished_ && terminal_) std::fputc('\n', stderr);
}

void Progress::update(std::uint64_t done, std::string_view detail) {
  done_ = done;
  if (quiet_) return;
  const auto interval = terminal_ ? std::chrono::duration_cast<Clock::duration>(kTerminalInterval)
                                  : std::chrono::duration_cast<Clock::duration>(kPlainInterval);
  if (Clock::now() - last_draw_ < interval) return;
  draw(done, detail, false);
}

void Progress::finish(std::string_view detail) {
  if (!quiet_ && !finished_) draw(total_ > 0 ? total_ : done_, detail, true);
  finished_ = true;
}

void Progress::clear() {
  if (!drawn_ || finished_ || !terminal_) return;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
  drawn_ = false;
}

void Progress::draw(std::uint64_t done, std::string_view detail, bool last) {
  last_draw_ = Clock::now();
  const double elapsed = std::chrono::duration<double>(last_draw_ - start_).count();
  std::string line = title_;
  if (total_ > 0) {
    const double share = std::min(1.0, static_cast<double>(done) / static_cast<double>(total_));
    const int filled = static_cast<int>(share * kBarWidth);
    if (terminal_) line += fmt::format(" [{:#<{}}{:.<{}}]", "", filled, "", kBarWidth - filled);
    line += fmt::format(" {:3.0f} %", share * 100);
    if (last) {
      line += fmt::format("  {}", format_duration(elapsed));
    } else if (share > 0) {
      line += fmt::format("  {} left", format_duration(elapsed / share - elapsed));
    }
  } else {
    line += fmt::format("  {}", format_duration(elapsed));
  }
  if (!detail.empty()) line += fmt::format("  {}", detail);
  if (terminal_) {
    line.resize(std::min(line.size(), static_cast<std::size_t>(std::max(terminal_columns() - 1, 1))));
    fmt::print(stderr, "\r\033[K{}{}", line, last ? "\n" : "");
  } else {
    fmt::print(stderr, "{}\n", line);
  }
  std::fflush(stderr);
  drawn_ = true;
}

std::string format_duration(double seconds) {
  if (seconds < 60) return fmt::format("{:.1f} s", std::max(seconds, 0.0));
  const auto whole = static_cast<std::uint64_t>(seconds);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string format_bytes(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  double amount = static_cast<double>(bytes);
  int unit = 0;
  while (amount >= 1000 && unit < 6) {
    amount /= 1000;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

}  // namespace checkbox
