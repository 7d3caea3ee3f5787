#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/resource.h>

#include <atomic>
#include <csignal>
#include <set>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/progress.hpp"
#include "base/rng.hpp"
#include "base/threads.hpp"
#include "tests/support/support.hpp"

namespace checkbox {
namespace {

using ::testing::HasSubstr;
using testing::TempDir;

// First outputs of xoshiro256++ for state {1, 2, 3, 4}, from the authors' C program.
TEST(Rng, IsXoshiro256PlusPlus) {
  Rng rng(0);
  rng.set_state({1, 2, 3, 4});
  EXPECT_EQ(rng.next(), 41943041u);
  EXPECT_EQ(rng.next(), 58720359u);
  EXPECT_EQ(rng.next(), 3588806011781223u);
  EXPECT_EQ(rng.next(), 3591011842654386u);
}

TEST(Rng, DistinctKeysGiveDistinctSequences) {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t epoch = 0; epoch < 50; ++epoch) {
    for (std::uint64_t sample = 0; sample < 50; ++sample) firsts.insert(Rng({7, epoch, sample}).next());
  }
  EXPECT_EQ(firsts.size(), 2500u);
}

TEST(Rng, BelowIsUniform) {
  Rng rng(3);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts[rng.below(7)];
  for (int count : counts) EXPECT_NEAR(count, 10'000, 400);  // four standard deviations
}

TEST(Files, WriteThenReadGivesTheSameBytes) {
  const TempDir dir;
  ASSERT_TRUE(write_file(dir.path() / "a", std::string_view("hello\0world", 11)).ok());
  EXPECT_EQ(read_text(dir.path() / "a").value(), std::string("hello\0world", 11));
}

TEST(Files, FailedWriteLeavesOldFileAndNoTemporary) {
  const TempDir dir;
  const auto result = write_file(dir.path() / "missing" / "a", "x");
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, HasSubstr("missing/a"));
  EXPECT_TRUE(std::filesystem::is_empty(dir.path()));
}

// /dev/full cannot be renamed over, so a full disk is made with a file-size limit in a child process.
TEST(Files, DiskFullKeepsTheOldFile) {
  const TempDir dir;
  const auto path = dir.path() / "a";
  ASSERT_TRUE(write_file(path, "old").ok());
  const auto child = [&] {
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);
    const auto result = write_file(path, std::string(5000, 'x'));
    std::exit(!result.ok() && result.error().code == ErrorCode::kIo ? 0 : 1);
  };
  EXPECT_EXIT(child(), ::testing::ExitedWithCode(0), "");
  EXPECT_EQ(read_text(path).value(), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

TEST(Files, ReadRefusesMoreThanTheLimit) {
  const TempDir dir;
  ASSERT_TRUE(write_file(dir.path() / "a", std::string(100, 'x')).ok());
  EXPECT_TRUE(read_file(dir.path() / "a", 100).ok());
  EXPECT_EQ(read_file(dir.path() / "a", 99).error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(read_file("/dev/zero", 5000).error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(read_file(dir.path()).error().code, ErrorCode::kIo);
  EXPECT_EQ(read_file(dir.path() / "b").error().code, ErrorCode::kNotFound);
}

TEST(Files, TemporaryNamesAreRecognised) {
  EXPECT_TRUE(is_temporary_name(temporary_name_for("folder/model.onnx")));
  EXPECT_FALSE(is_temporary_name("folder/model.onnx"));
}

TEST(Json, RefusesTextThatIsNotJsonByName) {
  const auto result = parse_json("{\"a\": ", "map.json");
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(result.error().message, HasSubstr("map.json"));
}

TEST(Json, RefusesDeepNesting) {
  EXPECT_EQ(parse_json(std::string(100'000, '['), "x").error().code, ErrorCode::kCorrupt);
  const std::string deep = std::string(70, '[') + std::string(70, ']');
  EXPECT_EQ(parse_json(deep, "x").error().code, ErrorCode::kLimitExceeded);
  EXPECT_TRUE(parse_json(std::string(60, '[') + std::string(60, ']'), "x").ok());
}

TEST(ParallelFor, RunsEveryIndexOnce) {
  for (int threads : {1, 2, 7}) {
    std::vector<std::atomic<int>> hits(1000);
    parallel_for(hits.size(), threads, [&](std::size_t i, int worker) {
      EXPECT_LT(worker, threads);
      ++hits[i];
    });
    for (const auto& hit : hits) EXPECT_EQ(hit, 1);
  }
}

TEST(Format, DurationsAndSizesReadWell) {
  EXPECT_EQ(format_duration(1.24), "1.2 s");
  EXPECT_EQ(format_duration(185), "3:05");
  EXPECT_EQ(format_duration(3765), "1:02:45");
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(9'340'000), "9.3 MB");
}

}  // namespace
}  // namespace checkbox
