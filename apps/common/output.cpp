#include "common/output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <system_error>
#include <utility>

#include "base/files.hpp"

namespace checkbox::cli {
namespace {

// What the signal handler removes. Written before the handler is installed, read by the handler alone.
std::array<char, PATH_MAX> unfinished{};
std::atomic<bool> has_unfinished{false};

extern "C" void remove_unfinished(int signal) {
  if (has_unfinished) ::unlink(unfinished.data());
  ::raise(signal);  // SA_RESETHAND has put the default action back
}

void remove_on_signal(const std::filesystem::path& path) {
  const std::string name = std::filesystem::absolute(path).string();
  if (name.size() >= unfinished.size()) return;
  std::memcpy(unfinished.data(), name.c_str(), name.size() + 1);
  has_unfinished = true;
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) != 0 || action.sa_handler != SIG_DFL) continue;
    action.sa_handler = remove_unfinished;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
    ::sigaction(number, &action, nullptr);
  }
}

}  // namespace

Output::Output(std::FILE* file, std::filesystem::path path, std::filesystem::path temporary)
    : file_(file), path_(std::move(path)), temporary_(std::move(temporary)) {}

Output::Output(Output&& other) noexcept
    : file_(std::exchange(other.file_, nullptr)),
      path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)) {}

Output::~Output() {
  if (file_ != nullptr && !is_stdout()) discard();
}

Result<Output> Output::open(const std::filesystem::path& path) {
  if (path.empty()) return Output(stdout, "standard output", {});
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    return error(ErrorCode::kIo, "{}: cannot write: this is a folder", path.string());
  }
  auto temporary = temporary_name_for(path);
  const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  std::FILE* file = descriptor < 0 ? nullptr : ::fdopen(descriptor, "w");
  if (file == nullptr) {
    return error(ErrorCode::kIo, "{}: cannot write: {}", path.string(), std::generic_category().message(errno));
  }
  remove_on_signal(temporary);
  return Output(file, path, std::move(temporary));
}

Error Output::failure() const {
  return error(ErrorCode::kIo, "{}: cannot write: {}", path_.string(), std::generic_category().message(errno));
}

Status Output::write(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size()) return failure();
  if (is_stdout() && std::fflush(file_) != 0) return failure();
  return {};
}

Status Output::finish() {
  if (is_stdout()) return {};
  const bool complete = std::fflush(file_) == 0 && ::fsync(::fileno(file_)) == 0;
  if (!complete || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const Error reason = failure();
    discard();
    return reason;
  }
  has_unfinished = false;
  std::fclose(std::exchange(file_, nullptr));
  return {};
}

void Output::discard() {
  std::fclose(std::exchange(file_, nullptr));
  ::unlink(temporary_.c_str());
  has_unfinished = false;
}

}  // namespace checkbox::cli
