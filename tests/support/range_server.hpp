// tests/judges/range_server.py as a child process on a port of its own: the web server that downloads are tested with.
// It ends when this object does, or this process.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/support/support.hpp"

namespace checkbox::testing {

class RangeServer {
 public:
  static std::filesystem::path script() { return source_dir() / "tests/judges/range_server.py"; }

  // Serves the files of `folder` below /files/, beside what the script's comment lists.
  explicit RangeServer(const std::filesystem::path& folder = {}) {
    int input[2], output[2];
    if (::pipe2(input, O_CLOEXEC) != 0 || ::pipe2(output, O_CLOEXEC) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(input[0], STDIN_FILENO);
      ::dup2(output[1], STDOUT_FILENO);
      ::execl("/usr/bin/python3", "python3", script().c_str(), folder.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(input[0]);
    ::close(output[1]);
    stdin_ = input[1];
    for (char c = 0; ::read(output[0], &c, 1) == 1 && c != '\n';) port_ += c;
    ::close(output[0]);
  }
  ~RangeServer() {
    if (stdin_ >= 0) ::close(stdin_);
    if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  }
  RangeServer(const RangeServer&) = delete;
  RangeServer& operator=(const RangeServer&) = delete;

  // False where Python is missing.
  [[nodiscard]] bool runs() const { return !port_.empty(); }
  // path: "/file.zip"
  [[nodiscard]] std::string url(const std::string& path) const { return "http://127.0.0.1:" + port_ + path; }

 private:
  pid_t pid_ = -1;
  int stdin_ = -1;
  std::string port_;
};

}  // namespace checkbox::testing
