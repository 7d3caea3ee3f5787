#include "base/sha256.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/files.hpp"
#include "tests/support/support.hpp"

namespace checkbox {
namespace {

std::string hash_of(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  return hash.finish();
}

// FIPS 180-4's examples.
TEST(Sha256, GivesThePublishedDigests) {
  EXPECT_EQ(hash_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hash_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hash_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, EqualsSha256sumForEveryLengthOfTheLastBlock) {
  const testing::TempDir dir;
  std::string names, text;
  for (int length = 0; length < 140; ++length) {
    const auto file = dir.path() / std::to_string(1000 + length);
    ASSERT_TRUE(write_file(file, text).ok());
    text += static_cast<char>(length * 7);
  }
  const auto judged = testing::run_command("cd " + dir.path().string() + " && sha256sum * | cut -c1-64");
  ASSERT_EQ(judged.status, 0);
  std::string ours;
  for (std::size_t length = 0; length < 140; ++length) ours += hash_of(text.substr(0, length)) + "\n";
  EXPECT_EQ(ours, judged.output);
}

TEST(Sha256, DoesNotDependOnHowTheBytesArrive) {
  const std::string text(1000, 'x');
  for (const std::size_t step : {1u, 63u, 64u, 65u, 200u}) {
    Sha256 hash;
    for (std::size_t at = 0; at < text.size(); at += step) hash.update(std::string_view(text).substr(at, step));
    EXPECT_EQ(hash.finish(), hash_of(text)) << step;
  }
}

}  // namespace
}  // namespace checkbox
