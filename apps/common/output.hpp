// Where a command writes its results as they come: stdout, or a file that appears under its name only when complete.
// One thread at a time. SIGINT, SIGTERM and SIGHUP remove the unfinished file before they end the process.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string_view>

#include "base/result.hpp"

namespace checkbox::cli {

class Output {
 public:
  // Empty path: stdout. At most one file at a time. kIo where the folder cannot be written.
  [[nodiscard]] static Result<Output> open(const std::filesystem::path& path);

  Output(Output&& other) noexcept;
  Output& operator=(Output&&) = delete;
  ~Output();  // without finish(), the unfinished file is removed

  [[nodiscard]] bool is_stdout() const { return file_ == stdout; }
  // Stdout is flushed, for whoever reads along. kIo with the reason.
  [[nodiscard]] Status write(std::string_view text);
  // Syncs the file and gives it its name.
  [[nodiscard]] Status finish();

 private:
  Output(std::FILE* file, std::filesystem::path path, std::filesystem::path temporary);
  [[nodiscard]] Error failure() const;
  void discard();

  std::FILE* file_;
  std::filesystem::path path_;
  std::filesystem::path temporary_;
};

}  // namespace checkbox::cli
