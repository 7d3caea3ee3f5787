// A file that did not exist before, written piece by piece: for the many files of a folder that is synced and published
// as a whole, where write_file's sync of each would cost more than the writing. One owner.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

#include "base/result.hpp"

namespace checkbox::data {

class NewFile {
 public:
  // kAlreadyExists where anything has that name, a link included; kIo.
  [[nodiscard]] static Result<NewFile> create(const std::filesystem::path& path);

  NewFile(NewFile&& other) noexcept;
  NewFile& operator=(NewFile&& other) noexcept;
  ~NewFile();

  [[nodiscard]] Status write(std::span<const std::uint8_t> bytes);
  // Some file systems report that a write failed only here.
  [[nodiscard]] Status close();

 private:
  NewFile(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  std::filesystem::path path_;
  int fd_;
};

}  // namespace checkbox::data
