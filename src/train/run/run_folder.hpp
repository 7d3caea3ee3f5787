// The folder that one training leaves behind: <log_dir>/<time>_<model>/ with config.json, metrics.csv, best.ckpt,
// last.ckpt and model.onnx. Every file appears complete or not at all.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace checkbox::train {

class RunFolder {
 public:
  // Makes a new folder, named by the local time; a number is appended where that name is taken.
  [[nodiscard]] static Result<RunFolder> create(const std::filesystem::path& log_dir, std::string_view model);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path config() const { return path_ / "config.json"; }
  [[nodiscard]] std::filesystem::path metrics() const { return path_ / "metrics.csv"; }
  [[nodiscard]] std::filesystem::path best_checkpoint() const { return path_ / "best.ckpt"; }
  [[nodiscard]] std::filesystem::path last_checkpoint() const { return path_ / "last.ckpt"; }
  [[nodiscard]] std::filesystem::path artifact() const { return path_ / "model.onnx"; }

 private:
  explicit RunFolder(std::filesystem::path path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

}  // namespace checkbox::train
