#include "data/fetch/unzip.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <clocale>
#include <csignal>

#include "base/files.hpp"
#include "tests/support/support.hpp"

namespace checkbox::data {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TempDir;
using ::testing::UnorderedElementsAre;
namespace fs = std::filesystem;

class UnzipTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    zips_ = std::make_unique<TempDir>();
    const auto script = testing::source_dir() / "tests/judges/make_zips.py";
    made_ = testing::run_command(fmt::format("python3 {} {}", script.string(), zips_->path().string())).status == 0;
  }
  static void TearDownTestSuite() { zips_.reset(); }
  void SetUp() override {
    if (!made_) GTEST_SKIP() << "needs Python's zipfile";
    fs::create_directory(target());
  }

  [[nodiscard]] fs::path target() const { return dir_.path() / "target"; }
  static fs::path zip(const std::string& kind) { return zips_->path() / (kind + ".zip"); }
  Status unpack(const std::string& kind) { return unzip(zip(kind), target(), limits_); }
  ErrorCode code(const std::string& kind) {
    const auto status = unpack(kind);
    return status.ok() ? ErrorCode::kInternal : status.error().code;
  }
  std::string message(const std::string& kind) {
    const auto status = unpack(kind);
    return status.ok() ? "no error" : status.error().message;
  }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(target())) {
      if (entry.is_regular_file()) names.push_back(entry.path().lexically_relative(target()).string());
    }
    return names;
  }
  // Nothing but the target folder may have come into being.
  void expect_nothing_outside() const {
    EXPECT_EQ(std::distance(fs::directory_iterator(dir_.path()), {}), 1);
    EXPECT_FALSE(fs::exists("/tmp/escaped.txt"));
  }

  static std::unique_ptr<TempDir> zips_;
  static bool made_;
  TempDir dir_;
  UnzipLimits limits_;
};
std::unique_ptr<TempDir> UnzipTest::zips_;
bool UnzipTest::made_ = false;

TEST_F(UnzipTest, UnpacksFilesAndFolders) {
  ASSERT_TRUE(unpack("good").ok());
  EXPECT_THAT(files(), UnorderedElementsAre("checked/a.png", "unchecked/b.png"));
  EXPECT_EQ(read_text(target() / "unchecked/b.png")->size(), 3000u);
  EXPECT_TRUE(fs::is_directory(target() / "empty"));
  EXPECT_TRUE(unpack("stored").ok());
  EXPECT_EQ(read_text(target() / "a.txt").value(), "plain");
}

TEST_F(UnzipTest, TakesAnEmptyZip) {
  EXPECT_TRUE(unpack("nothing").ok());
  EXPECT_TRUE(files().empty());
}

TEST_F(UnzipTest, PassesOverWhatFileManagersLeave) {
  ASSERT_TRUE(unpack("junk").ok());
  EXPECT_THAT(files(), UnorderedElementsAre("checked/a.png"));
  EXPECT_FALSE(fs::exists(target() / "__MACOSX"));
}

TEST_F(UnzipTest, ReadsNamesInEitherEncodingWhateverTheLocale) {
  for (const char* locale : {"C", "C.UTF-8"}) {
    std::setlocale(LC_ALL, locale);
    fs::remove_all(target());
    fs::create_directory(target());
    EXPECT_TRUE(unpack("utf8_names").ok());
    EXPECT_TRUE(unpack("cp437_names").ok());
    EXPECT_THAT(files(), UnorderedElementsAre("caf\xc3\xa9/\xe2\x9c\x93.png", "dir/\xc3\xa9\xc3\xb1.png")) << locale;
  }
  std::setlocale(LC_ALL, "C");
}

TEST_F(UnzipTest, RefusesPathsThatLeaveTheFolder) {
  for (const char* kind : {"absolute", "parent", "deep_parent"}) {
    EXPECT_THAT(message(kind), AllOf(HasSubstr("escaped.txt"), HasSubstr("leads out of the folder"))) << kind;
    expect_nothing_outside();
  }
  static_cast<void>(unpack("windows_parent"));
  expect_nothing_outside();
}

TEST_F(UnzipTest, RefusesLinksAndDevices) {
  for (const char* kind : {"symlink", "inner_symlink", "device"}) {
    EXPECT_THAT(message(kind), HasSubstr("a link or device")) << kind;
  }
  static_cast<void>(unpack("pipe"));
  for (const auto& entry : fs::recursive_directory_iterator(target())) {
    EXPECT_TRUE(entry.symlink_status().type() == fs::file_type::regular) << entry.path();
  }
}

TEST_F(UnzipTest, RefusesNamesThatClash) {
  EXPECT_THAT(message("duplicate"), HasSubstr("entry \"a.txt\": occurs twice"));
  fs::remove_all(target() / "a.txt");
  EXPECT_EQ(code("file_and_folder"), ErrorCode::kCorrupt);
}

TEST_F(UnzipTest, RefusesNamesNoFileShouldHave) {
  EXPECT_THAT(message("control"), HasSubstr("control character"));
  EXPECT_EQ(code("long_name"), ErrorCode::kLimitExceeded);
  EXPECT_EQ(code("deep"), ErrorCode::kLimitExceeded);
}

TEST_F(UnzipTest, SaysThatAnEntryIsEncrypted) {
  EXPECT_EQ(code("encrypted"), ErrorCode::kUnsupported);
  EXPECT_THAT(message("encrypted"), HasSubstr("entry \"a.txt\": encrypted"));
}

TEST_F(UnzipTest, RefusesDamagedFiles) {
  EXPECT_EQ(code("bad_crc"), ErrorCode::kCorrupt);
  EXPECT_EQ(code("truncated"), ErrorCode::kCorrupt);
  EXPECT_THAT(message("truncated"), HasSubstr("truncated.zip"));
  ASSERT_TRUE(write_file(dir_.path() / "page.zip", "<html>").ok());
  EXPECT_EQ(unzip(dir_.path() / "page.zip", target()).error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(unzip(dir_.path() / "none.zip", target()).error().code, ErrorCode::kIo);
}

TEST_F(UnzipTest, SurvivesDamageAnywhere) {
  const auto whole = read_file(zip("good")).value();
  for (std::size_t i = 0; i < whole.size(); i += 3) {
    auto bytes = whole;
    bytes[i] = static_cast<std::uint8_t>(~bytes[i]);
    const TempDir scratch;
    fs::create_directory(scratch.path() / "target");
    std::ofstream(scratch.path() / "a.zip", std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    static_cast<void>(unzip(scratch.path() / "a.zip", scratch.path() / "target"));
    ASSERT_EQ(std::distance(fs::directory_iterator(scratch.path()), {}), 2) << i;
  }
}

TEST_F(UnzipTest, StopsBombsAtEveryLimit) {
  limits_.max_entry_bytes = 1'000'000;
  EXPECT_THAT(message("bomb"), HasSubstr("larger than 1000000 bytes"));
  limits_ = {};
  limits_.max_total_bytes = 2'000'000;
  fs::remove(target() / "a.bmp");
  EXPECT_THAT(message("bomb"), HasSubstr("unpacks to more than 2000000 bytes"));
  limits_ = {};
  limits_.ratio_free_bytes = 1'000'000;
  fs::remove(target() / "a.bmp");
  EXPECT_THAT(message("bomb"), HasSubstr("more than 100 times its"));
  EXPECT_LE(fs::file_size(target() / "a.bmp"), 1'100'000u) << "stops early";
  limits_ = {};
  limits_.max_entries = 49;
  EXPECT_THAT(message("many"), HasSubstr("more than 49 entries"));
  limits_.max_entries = 50;
  fs::remove_all(target());
  fs::create_directory(target());
  EXPECT_TRUE(unpack("many").ok());
}

TEST_F(UnzipTest, CountsWhatComesOutNotWhatIsAnnounced) {
  limits_.max_entry_bytes = 1'000'000;
  EXPECT_FALSE(unpack("lying_size").ok());
  for (const auto& name : files()) EXPECT_LE(fs::file_size(target() / name), 1'100'000u);
}

TEST_F(UnzipTest, SaysWhenTheDiskIsFull) {
  const auto child = [&] {
    const rlimit limit{100'000, 100'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);
    std::exit(code("bomb") == ErrorCode::kIo ? 0 : 1);
  };
  EXPECT_EXIT(child(), ::testing::ExitedWithCode(0), "");
}

TEST(Cp437ToUtf8, AgreesWithPython) {
  CHECKBOX_NEED_PYTHON("codecs");
  std::string all;
  for (int i = 0x20; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(cp437_to_utf8(all),
            testing::run_command("python3 -c 'import sys; "
                                 "sys.stdout.buffer.write(bytes(range(32, 256)).decode(\"cp437\").encode())'")
                .output);
}

}  // namespace
}  // namespace checkbox::data
