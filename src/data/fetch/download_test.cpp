#include "data/fetch/download.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <thread>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/sha256.hpp"
#include "data/fetch/http.hpp"
#include "tests/support/range_server.hpp"

namespace checkbox::data {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RangeServer;
using testing::TempDir;
namespace fs = std::filesystem;

constexpr std::size_t kSize = 300'000;  // of the server's file
constexpr std::size_t kCut = 120'000;   // after which it closes the connection where a test says so

std::string expected_content(int seed) {
  return testing::run_command(fmt::format("python3 {} --content {}", RangeServer::script().string(), seed)).output;
}

class DownloadTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!testing::python_has("http.server")) return;
    server_ = std::make_unique<RangeServer>();
    for (int version = 1; version <= 3; ++version) contents_.push_back(expected_content(version));
  }
  static void TearDownTestSuite() { server_.reset(); }

  void SetUp() override {
    if (server_ == nullptr) GTEST_SKIP() << "needs Python's http.server";
    ASSERT_TRUE(server_->runs());
    ASSERT_EQ(contents_[0].size(), kSize);
    static_cast<void>(requests());
    options_.cache_dir = dir_.path() / "cache";
    options_.first_wait = std::chrono::milliseconds(1);
    options_.quiet = true;
  }

  Result<fs::path> fetch(const std::string& path) { return download(server_->url(path), options_); }
  // "version <n>" for the server's content of that seed, the text of any other file, or the error.
  std::string fetched(const std::string& path) {
    const auto file = fetch(path);
    if (!file.ok()) return file.error().message;
    std::string text = read_text(*file).value();
    const auto found = std::ranges::find(contents_, text);
    return found == contents_.end() ? text.substr(0, 200) : fmt::format("version {}", found - contents_.begin() + 1);
  }
  // What the server has been asked since this was called last.
  static Json requests() {
    std::string body;
    HttpRequest request;
    request.url = server_->url("/log");
    request.max_bytes = 1 << 20;
    request.begin = [](const HttpResponse&) { return Status(); };
    request.body = [&](std::span<const std::uint8_t> bytes) {
      body.append(bytes.begin(), bytes.end());
      return Status();
    };
    static_cast<void>(http_get(request));
    return parse_json(body, "log").value();
  }
  [[nodiscard]] std::size_t part_files() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(options_.cache_dir)) {
      count += entry.path().string().find(".part") != std::string::npos;
    }
    return count;
  }

  static std::unique_ptr<RangeServer> server_;
  static std::vector<std::string> contents_;  // by seed - 1
  TempDir dir_;
  DownloadOptions options_;
};
std::unique_ptr<RangeServer> DownloadTest::server_;
std::vector<std::string> DownloadTest::contents_;

TEST_F(DownloadTest, FetchesAFileWhole) {
  const auto file = fetch("/file.zip?token=1");
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_TRUE(read_text(*file).value() == contents_[0]);
  EXPECT_THAT(file->filename().string(), ::testing::EndsWith("-file.zip"));
  EXPECT_EQ(part_files(), 0u);
}

TEST_F(DownloadTest, FetchesAFileThatIsEmpty) {
  EXPECT_EQ(fetched("/empty"), "");
}

TEST_F(DownloadTest, AsksWhetherTheCachedCopyStillHolds) {
  ASSERT_TRUE(fetch("/file").ok());
  EXPECT_EQ(fetched("/file"), "version 1");
  const auto log = requests();
  ASSERT_EQ(log.size(), 2u);
  EXPECT_EQ(log[1]["if-none-match"], "\"v1\"");
  EXPECT_EQ(part_files(), 0u);
}

TEST_F(DownloadTest, ReplacesACachedCopyThatChanged) {
  ASSERT_EQ(fetched("/changes"), "version 2");  // the first answer is cut
  EXPECT_EQ(fetched("/changes"), "version 3");
}

TEST_F(DownloadTest, FetchesAgainWhatTheServerCannotName) {
  ASSERT_EQ(fetched("/plain"), "version 1");
  ASSERT_EQ(fetched("/plain"), "version 1");
  EXPECT_EQ(requests().size(), 2u);
}

TEST_F(DownloadTest, GoesOnWhereTheConnectionBroke) {
  EXPECT_EQ(fetched("/cut"), "version 1");
  const auto log = requests();
  ASSERT_EQ(log.size(), 3u);
  EXPECT_EQ(log[1]["range"], fmt::format("bytes={}-", kCut));
  EXPECT_EQ(log[1]["if-range"], "\"v1\"");
  EXPECT_EQ(log[2]["range"], fmt::format("bytes={}-", 2 * kCut));
}

TEST_F(DownloadTest, GoesOnWhereAnEarlierCallGaveUp) {
  options_.max_failures = 1;
  const auto first = fetch("/cut");
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, ErrorCode::kIo);
  EXPECT_THAT(first.error().message, HasSubstr("the next try goes on from 120.0 kB"));
  ASSERT_FALSE(fetch("/cut").ok());
  EXPECT_EQ(fetched("/cut"), "version 1");
  EXPECT_EQ(requests().size(), 3u);
}

TEST_F(DownloadTest, GoesOnByDate) {
  EXPECT_EQ(fetched("/dated"), "version 1");
  EXPECT_EQ(requests()[1]["if-range"], "Wed, 21 Oct 2015 07:28:00 GMT");
  EXPECT_EQ(fetched("/dated"), "version 1");
  EXPECT_EQ(requests()[0]["if-modified-since"], "Wed, 21 Oct 2015 07:28:00 GMT");
}

TEST_F(DownloadTest, BeginsAgainWithoutAStrongValidator) {
  for (const char* path : {"/cut-weak", "/cut-once-plain"}) {
    EXPECT_EQ(fetched(path), "version 1");
    const auto log = requests();
    ASSERT_EQ(log.size(), 2u);
    EXPECT_FALSE(log[1].contains("range"));
  }
}

TEST_F(DownloadTest, BeginsAgainWhenTheServerSendsTheWholeFile) {
  EXPECT_EQ(fetched("/no-ranges"), "version 1");
}

TEST_F(DownloadTest, NeverJoinsTwoVersions) {
  EXPECT_EQ(fetched("/changes"), "version 2");
  EXPECT_EQ(fetched("/ignores-if-range"), "version 2");
  EXPECT_EQ(fetched("/wrong-range"), "version 1");
}

TEST_F(DownloadTest, DropsAPartThatTheServerSaysIsTooLong) {
  options_.max_failures = 1;
  ASSERT_FALSE(fetch("/cut").ok());
  for (const auto& entry : fs::directory_iterator(options_.cache_dir)) {
    if (entry.path().extension() == ".part") fs::resize_file(entry.path(), kSize + 5);
  }
  options_.max_failures = 3;
  EXPECT_EQ(fetched("/cut"), "version 1");
}

TEST_F(DownloadTest, AsksAgainWhenTheServerIsBusy) {
  EXPECT_EQ(fetched("/busy-twice"), "version 1");
  EXPECT_EQ(requests().size(), 3u);
}

TEST_F(DownloadTest, GivesUpAfterFailuresWithoutProgress) {
  EXPECT_THAT(fetched("/broken"), HasSubstr("the server answered 500 Internal Server Error (tried 5 times)"));
  EXPECT_EQ(requests().size(), 5u);
  EXPECT_FALSE(fetch("/cut-forever").ok());
  EXPECT_EQ(requests().size(), 5u);
  EXPECT_FALSE(fetch("/cut-always-plain").ok());
  EXPECT_EQ(requests().size(), 5u);
}

TEST_F(DownloadTest, SaysAtOnceWhatWillNotPass) {
  EXPECT_EQ(fetch("/missing.zip").error().code, ErrorCode::kNotFound);
  EXPECT_THAT(fetched("/missing.zip"), HasSubstr("/missing.zip: the server answered 404 Not Found"));
  EXPECT_THAT(fetched("/forbidden"), HasSubstr("403 Forbidden"));
  EXPECT_EQ(requests().size(), 3u);
  EXPECT_EQ(part_files(), 0u);
}

TEST_F(DownloadTest, FollowsRedirectsButNotInCirclesNorToFiles) {
  EXPECT_EQ(fetched("/redirect"), "version 1");
  EXPECT_THAT(fetched("/loop"), HasSubstr("redirect"));
  EXPECT_THAT(fetched("/to-local-file"), AllOf(HasSubstr("file"), Not(HasSubstr("root:"))));
}

TEST_F(DownloadTest, RefusesMoreThanTheLimit) {
  options_.max_bytes = kSize;
  EXPECT_EQ(fetched("/file"), "version 1");
  EXPECT_EQ(fetch("/announces-much").error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(fetch("/endless").error().code, ErrorCode::kLimitExceeded);
  options_.max_bytes = kSize - 1;
  EXPECT_EQ(fetch("/plain").error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(part_files(), 0u);
}

TEST_F(DownloadTest, GivesUpOnAStalledServer) {
  options_.stall_timeout = std::chrono::seconds(1);
  options_.max_failures = 1;
  EXPECT_EQ(fetch("/stall").error().code, ErrorCode::kIo);
}

TEST_F(DownloadTest, ChecksTheHash) {
  Sha256 hash;
  hash.update(contents_[0]);
  const std::string digits = hash.finish();
  options_.sha256_prefix = digits.substr(0, 8);
  EXPECT_EQ(fetched("/file"), "version 1");
  EXPECT_EQ(requests().size(), 1u);
  EXPECT_EQ(fetched("/file"), "version 1");
  EXPECT_EQ(requests().size(), 0u) << "a hash that fits needs no server";

  options_.sha256_prefix = "01234567";
  const auto other = fetch("/plain");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(other.error().message, AllOf(HasSubstr("01234567 expected"), HasSubstr(digits)));
  options_.sha256_prefix = "xyz";
  EXPECT_EQ(fetch("/plain").error().code, ErrorCode::kInvalidArgument);
}

TEST_F(DownloadTest, ReplacesADamagedCopyWhoseHashIsKnown) {
  Sha256 hash;
  hash.update(contents_[0]);
  options_.sha256_prefix = hash.finish();
  const auto file = fetch("/file").value();
  ASSERT_TRUE(write_file(file, std::string(kSize, 'x')).ok());
  EXPECT_EQ(fetched("/file"), "version 1");
}

TEST_F(DownloadTest, LetsCallersOfOneUrlWaitForEachOther) {
  std::vector<std::jthread> threads;
  std::vector<std::string> texts(4);
  for (auto& text : texts) threads.emplace_back([&] { text = fetched("/cut"); });
  threads.clear();
  for (const auto& text : texts) EXPECT_EQ(text, "version 1");
  EXPECT_EQ(requests().size(), 3u + 3u) << "one download in three parts, then three checks";
}

TEST_F(DownloadTest, HidesSecretsInMessages) {
  std::string url = server_->url("/missing?token=hunter2");
  url.insert(7, "user:hunter3@");
  const auto result = download(url, options_);
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, AllOf(HasSubstr("/missing"), Not(HasSubstr("hunter")), Not(HasSubstr("user"))));
}

// A full disk, made with a file-size limit in a child process.
TEST_F(DownloadTest, SaysWhenTheDiskIsFull) {
  const auto child = [&] {
    const rlimit limit{100'000, 100'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);
    const auto result = fetch("/file");
    const bool right = !result.ok() && result.error().code == ErrorCode::kIo &&
                       result.error().message.find("cannot write") != std::string::npos;
    std::exit(right ? 0 : 1);
  };
  EXPECT_EXIT(child(), ::testing::ExitedWithCode(0), "");
}

TEST(Download, NamesAHostThatRefuses) {
  const TempDir dir;
  DownloadOptions options;
  options.cache_dir = dir.path();
  options.max_failures = 2;
  options.first_wait = std::chrono::milliseconds(1);
  options.quiet = true;
  const auto result = download("http://127.0.0.1:1/a.zip", options);  // tcpmux: nobody listens there
  ASSERT_FALSE(result.ok());
  EXPECT_THAT(result.error().message, AllOf(HasSubstr("http://127.0.0.1:1/a.zip: "), HasSubstr("tried 2 times")));
}

TEST(Download, RefusesOtherSchemesAndWhatIsNoUrl) {
  for (const char* url :
       {"ftp://host/a", "gopher://host/a", "scp://host/a", "http://", "http://a b/c", "a.zip", "file://otherhost/a"}) {
    const auto result = download(url);
    ASSERT_FALSE(result.ok()) << url;
    EXPECT_EQ(result.error().code, ErrorCode::kInvalidArgument) << url;
  }
  EXPECT_TRUE(is_url("http://x") && is_url("FILE:///x") && is_url("ftp://x"));
  EXPECT_FALSE(is_url("a/b.zip") || is_url("://x") || is_url("a b://x") || is_url("C:\\x"));
}

TEST(Download, GivesAFileUrlsOwnFile) {
  const TempDir dir;
  ASSERT_TRUE(write_file(dir.path() / "a b.zip", "abc").ok());
  const std::string url = "file://" + dir.path().string() + "/a%20b.zip";
  EXPECT_EQ(download(url).value(), dir.path() / "a b.zip");
  EXPECT_EQ(path_of_file_url(url).value(), dir.path() / "a b.zip");
  // FIPS 180-4's example: the hash of "abc".
  DownloadOptions options;
  options.sha256_prefix = "BA7816BF";
  EXPECT_TRUE(download(url, options).ok());
  options.sha256_prefix = "ba7816c0";
  EXPECT_EQ(download(url, options).error().code, ErrorCode::kCorrupt);
  options = {};
  options.max_bytes = 2;
  EXPECT_EQ(download(url, options).error().code, ErrorCode::kLimitExceeded);
  EXPECT_EQ(download("file://" + dir.path().string() + "/b.zip").error().code, ErrorCode::kNotFound);
}

TEST(DefaultCacheDir, FollowsTheXdgSpecification) {
  const auto with = [](const char* cache, const char* home) {
    ::setenv("XDG_CACHE_HOME", cache, 1);
    ::setenv("HOME", home, 1);
    return default_cache_dir();
  };
  const std::string old_home = std::getenv("HOME") != nullptr ? std::getenv("HOME") : "/";
  EXPECT_EQ(with("/x/cache", "/home/a").value(), "/x/cache/checkbox");
  EXPECT_EQ(with("relative", "/home/a").value(), "/home/a/.cache/checkbox");
  EXPECT_EQ(with("", "").error().code, ErrorCode::kNotFound);
  ::unsetenv("XDG_CACHE_HOME");
  ::setenv("HOME", old_home.c_str(), 1);
}

}  // namespace
}  // namespace checkbox::data
