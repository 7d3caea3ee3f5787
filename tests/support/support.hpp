// What tests of several rooms share: a scratch folder, the shared reference data, independent judges, .npy files.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace checkbox::testing {

// A fresh folder, removed with everything in it at the end of the scope.
class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "checkbox-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::filesystem::path source_dir() {
  return CHECKBOX_SOURCE_DIR;
}

// The folder of reference tensors and real images: $CHECKBOX_SHARED_DIR, or shared/ beside the checkout. It is not part
// of the project, so tests that need it are skipped where it is missing; use CHECKBOX_NEED_SHARED.
inline std::filesystem::path shared_dir() {
  const char* set = std::getenv("CHECKBOX_SHARED_DIR");
  return set != nullptr ? std::filesystem::path(set) : source_dir().parent_path() / "shared";
}

struct CommandResult {
  int status = -1;     // exit status
  std::string output;  // stdout; add 2>&1 to the command for both
};

// Runs a shell command. The judges are Debian's Python packages, so Debian's python3 comes before any other.
inline CommandResult run_command(const std::string& command) {
  CommandResult result;
  FILE* pipe = ::popen(("PATH=/usr/bin:$PATH; export PATH; " + command).c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 4096> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    result.output.append(buffer.data(), count);
  }
  const int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

// Whether Python has all these modules: "PIL, torchvision".
inline bool python_has(const std::string& modules) {
  return run_command("python3 -c 'import " + modules + "' 2>/dev/null").status == 0;
}

// A little-endian float32 .npy array, C order.
struct NpyArray {
  std::vector<std::int64_t> shape;
  std::vector<float> values;
};

inline NpyArray read_npy(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  NpyArray array;
  if (bytes.size() < 10 || bytes.compare(1, 5, "NUMPY") != 0)
    throw std::runtime_error("not an npy file: " + path.string());
  const std::size_t header = static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]);
  const std::string text = bytes.substr(10, header);
  if (text.find("<f4") == std::string::npos) throw std::runtime_error("not float32: " + path.string());
  const std::size_t open = text.find('('), close = text.find(')');
  std::size_t count = 1;
  for (const char* at = text.c_str() + open + 1; at < text.c_str() + close;) {
    char* end = nullptr;
    const long long extent = std::strtoll(at, &end, 10);
    if (end == at) break;
    array.shape.push_back(extent);
    count *= static_cast<std::size_t>(extent);
    at = end;
    while (*at == ',' || *at == ' ') ++at;
  }
  array.values.resize(count);
  if (bytes.size() < 10 + header + count * sizeof(float)) throw std::runtime_error("truncated: " + path.string());
  std::memcpy(array.values.data(), bytes.data() + 10 + header, count * sizeof(float));
  return array;
}

}  // namespace checkbox::testing

#define CHECKBOX_NEED_SHARED()                                                                             \
  do {                                                                                                     \
    if (!std::filesystem::is_directory(checkbox::testing::shared_dir()))                                   \
      GTEST_SKIP() << "needs the shared data folder, which is not at " << checkbox::testing::shared_dir(); \
  } while (false)

// For tests whose judge is a Python library that test.sh installs.
#define CHECKBOX_NEED_PYTHON(modules)                                                            \
  do {                                                                                           \
    if (!checkbox::testing::python_has(modules)) GTEST_SKIP() << "needs Python's " << (modules); \
  } while (false)
