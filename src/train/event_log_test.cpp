#include "train/event_log.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "base/files.hpp"
#include "base/json.hpp"
#include "tests/support/support.hpp"

namespace checkbox::train {
namespace {

using testing::TempDir;

std::uint32_t crc_of(std::string_view text) {
  return crc32c({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

// RFC 3720, B.4, and the check value of the CRC catalogue.
TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(crc_of("123456789"), 0xe3069283u);
  EXPECT_EQ(crc_of(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(crc_of(std::string(32, '\xff')), 0x62a8ab43u);
}

TEST(EventLog, AnIndependentReaderFindsEveryEventAndCrcRight) {
  const TempDir dir;
  EventLog log(1'700'000'000.5);
  log.add_scalar("train/loss", 0, 1'700'000'001.25, 0.75f);
  log.add_scalar("valid/accuracy", 300, 1'700'000'002.0, 0.9f);
  const image::Image image{.width = 5, .height = 2, .pixels = std::vector<std::uint8_t>(30, 77)};
  ASSERT_TRUE(log.add_image("batch", 7, 1'700'000'003.0, image).ok());
  const auto path = dir.path() / "events.out.tfevents.1";
  ASSERT_TRUE(write_file(path, log.bytes()).ok());

  const auto judge =
      testing::run_command("python3 '" + (testing::source_dir() / "tests/judges/read_events.py").string() + "' '" +
                           path.string() + "' 2>&1");
  ASSERT_EQ(judge.status, 0) << judge.output;
  std::istringstream lines(judge.output);
  std::vector<Json> events;
  for (std::string line; std::getline(lines, line);) events.push_back(Json::parse(line));
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[0], Json::parse(R"({"step": 0, "wall_time": 1700000000.5, "file_version": "brain.Event:2"})"));
  EXPECT_EQ(events[1], Json::parse(R"({"step": 0, "wall_time": 1700000001.25, "tag": "train/loss", "value": 0.75})"));
  EXPECT_EQ(events[2]["step"], 300);
  EXPECT_EQ(events[2]["value"].get<float>(), 0.9f);
  EXPECT_EQ(events[3]["image"], Json::parse("[2, 5]"));
}

TEST(EventLog, TheIndependentReaderRefusesADamagedFile) {
  const TempDir dir;
  EventLog log(1.0);
  log.add_scalar("a", 1, 2.0, 3.0f);
  std::vector<std::uint8_t> bytes(log.bytes().begin(), log.bytes().end());
  bytes[bytes.size() - 6] ^= 1;
  const auto path = dir.path() / "events";
  ASSERT_TRUE(write_file(path, bytes).ok());
  EXPECT_EQ(testing::run_command("python3 '" + (testing::source_dir() / "tests/judges/read_events.py").string() +
                                 "' '" + path.string() + "' 2>/dev/null")
                .status,
            1);
}

}  // namespace
}  // namespace checkbox::train
