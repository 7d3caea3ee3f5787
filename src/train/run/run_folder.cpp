#include "train/run/run_folder.hpp"

#include <fmt/format.h>

#include <array>
#include <ctime>
#include <string>
#include <system_error>

#include "base/files.hpp"

namespace checkbox::train {
namespace {

constexpr int kMaxRunsPerSecond = 1000;

std::string local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d_%H-%M-%S", &parts);
  return text.data();
}

}  // namespace

Result<RunFolder> RunFolder::create(const std::filesystem::path& log_dir, std::string_view model) {
  CHECKBOX_CHECK(make_directories(log_dir));
  const std::string name = fmt::format("{}_{}", local_time(), model);
  for (int number = 1; number <= kMaxRunsPerSecond; ++number) {
    const auto path = log_dir / (number == 1 ? name : fmt::format("{}_{}", name, number));
    std::error_code failure;
    if (std::filesystem::create_directory(path, failure)) return RunFolder(path);
    if (failure) {
      return error(ErrorCode::kIo, "{}: cannot create the run folder: {}", path.string(), failure.message());
    }
  }
  return error(ErrorCode::kAlreadyExists, "{}: {} runs of the same second exist already", (log_dir / name).string(),
               kMaxRunsPerSecond);
}

}  // namespace checkbox::train
