// The artifact that is used where --model is not given.
#pragma once

#include <filesystem>

#include "base/result.hpp"

namespace checkbox::cli {

// models/default.onnx: of the installation (../share/checkbox/models beside the program's folder) or of the source tree
// that the program was built in. kNotFound says where it was looked for.
[[nodiscard]] Result<std::filesystem::path> default_model();

// /proc/self/exe; empty where it cannot be read.
[[nodiscard]] std::filesystem::path own_executable();

}  // namespace checkbox::cli
