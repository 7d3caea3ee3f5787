#include "common/default_model.hpp"

namespace checkbox::cli {
namespace {

// build/<preset>/bin lies three folders below the source tree.
constexpr int kMaxFoldersUp = 3;

}  // namespace

std::filesystem::path own_executable() {
  std::error_code failure;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failure);
  return failure ? std::filesystem::path() : path;
}

Result<std::filesystem::path> default_model() {
  const auto folder = own_executable().parent_path();
  const auto installed = folder.parent_path() / "share" / "checkbox" / "models" / "default.onnx";
  std::error_code ignored;
  if (std::filesystem::exists(installed, ignored)) return installed;
  auto above = folder;
  for (int i = 0; i < kMaxFoldersUp && above.has_relative_path(); ++i) {
    above = above.parent_path();
    if (auto built = above / "models" / "default.onnx"; std::filesystem::exists(built, ignored)) return built;
  }
  return error(ErrorCode::kNotFound,
               "no default model: neither {} nor models/default.onnx above {}; give one with --model",
               installed.string(), folder.string());
}

}  // namespace checkbox::cli
