#include "data/prepare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>

#include "base/files.hpp"
#include "base/json.hpp"
#include "base/rng.hpp"
#include "data/dataset_files.hpp"
#include "data/files/file_lock.hpp"
#include "image/encode.hpp"
#include "tests/support/support.hpp"

namespace checkbox::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TempDir;
namespace fs = std::filesystem;

void put(const fs::path& path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string noise_png(std::uint64_t seed) {
  Rng rng(seed);
  image::Image image{static_cast<int>(5 + rng.below(30)), static_cast<int>(5 + rng.below(30)), {}};
  image.pixels.resize(std::size_t{3} * image.width * image.height);
  for (auto& value : image.pixels) value = static_cast<std::uint8_t>(rng.next());
  const auto bytes = image::encode_png(image).value();
  return {bytes.begin(), bytes.end()};
}

class Prepare : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.source = source().string();
    options_.dataset_dir = target();
    options_.quiet = true;
  }
  [[nodiscard]] fs::path source() const { return dir_.path() / "source"; }
  [[nodiscard]] fs::path target() const { return dir_.path() / "out" / "data"; }

  void draw(const std::map<std::string, int>& counts, const fs::path& root) {
    std::uint64_t seed = 0;
    for (const auto& [label, count] : counts) {
      for (int i = 0; i < count; ++i) put(root / label / fmt::format("{:03}.png", i), noise_png(seed++));
    }
  }
  void draw_source() { draw({{"checked", 11}, {"other", 7}, {"unchecked", 9}}, source()); }

  std::string failure() {
    const auto report = prepare(options_);
    return report.ok() ? "no error" : report.error().message;
  }
  // What is in the folder that holds the dataset folder.
  [[nodiscard]] std::vector<std::string> beside_target() const {
    std::vector<std::string> names;
    if (!fs::exists(target().parent_path())) return names;
    for (const auto& entry : fs::directory_iterator(target().parent_path())) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }
  static std::map<std::string, int> count(const Dataset& dataset, const std::string& label) {
    std::map<std::string, int> counts;
    for (const auto& sample : dataset.samples) counts[sample.split] += dataset.labels[sample.label] == label;
    return counts;
  }
  static std::string all_files(const fs::path& folder) {
    std::map<std::string, std::string> content;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) content[entry.path().lexically_relative(folder)] = read_text(entry.path()).value();
    }
    std::string text;
    for (const auto& [name, bytes] : content) text += name + "\n" + bytes + "\n";
    return text;
  }

  TempDir dir_;
  PrepareOptions options_;
};

using Counts = std::map<std::string, int>;

TEST_F(Prepare, MakesADatasetFolderFromAFolder) {
  draw_source();
  const auto report = prepare(options_);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_THAT(report->dataset.labels, ElementsAre("other", "checked", "unchecked"));
  EXPECT_EQ(count(report->dataset, "other"), (Counts{{"train", 5}, {"valid", 1}, {"test", 1}}));
  EXPECT_EQ(count(report->dataset, "checked"), (Counts{{"train", 7}, {"valid", 2}, {"test", 2}}));
  EXPECT_EQ(count(report->dataset, "unchecked"), (Counts{{"train", 7}, {"valid", 1}, {"test", 1}}));
  EXPECT_THAT(report->rejected, IsEmpty());
  EXPECT_THAT(report->notes, IsEmpty());
  EXPECT_THAT(beside_target(), ElementsAre("data"));
  EXPECT_EQ(read_text(target() / "other/003.png").value(), read_text(source() / "other/003.png").value());

  const auto loaded = load_dataset(target());
  ASSERT_TRUE(loaded.ok()) << loaded.error().message;
  EXPECT_EQ(loaded->samples.size(), 27u);
  EXPECT_EQ(loaded->statistics->mean, report->dataset.statistics->mean);
}

TEST_F(Prepare, WritesWhatPythonReads) {
  CHECKBOX_NEED_PYTHON("PIL, numpy");
  draw_source();
  ASSERT_TRUE(prepare(options_).ok());
  const auto judge = testing::run_command(
      "python3 " + (testing::source_dir() / "tests/judges/read_dataset.py").string() + " " + target().string());
  ASSERT_EQ(judge.status, 0);
  const Json facts = parse_json(judge.output, "judge").value();
  EXPECT_EQ(facts["labels"], (Json{"other", "checked", "unchecked"}));
  EXPECT_EQ(facts["counts"]["checked"], (Json{{"train", 7}, {"valid", 2}, {"test", 2}}));
  for (const char* key : {"mean", "std"}) {
    for (int c = 0; c < 3; ++c) {
      EXPECT_NEAR(facts[key][c].get<double>(), facts["stats"][key][c].get<double>(), 1e-12) << key << c;
    }
  }
}

TEST_F(Prepare, GivesTheSameFolderForAnyNumberOfThreads) {
  draw_source();
  put(source() / "other/broken.png", "no image");
  ASSERT_TRUE(prepare(options_).ok());
  const std::string once = all_files(target());
  options_.dataset_dir = dir_.path() / "again";
  options_.threads = 4;
  ASSERT_TRUE(prepare(options_).ok());
  EXPECT_TRUE(all_files(dir_.path() / "again") == once);
  options_.dataset_dir = dir_.path() / "other_seed";
  options_.seed = 18;
  ASSERT_TRUE(prepare(options_).ok());
  EXPECT_FALSE(all_files(dir_.path() / "other_seed") == once);
}

TEST_F(Prepare, MakesFolds) {
  draw_source();
  options_.folds = 3;
  const auto report = prepare(options_).value();
  EXPECT_EQ(count(report.dataset, "unchecked"), (Counts{{"fold0", 3}, {"fold1", 3}, {"fold2", 3}}));
  EXPECT_TRUE(load_dataset(target()).ok());
}

TEST_F(Prepare, LeavesOutAndListsWhatDoesNotDecode) {
  draw_source();
  put(source() / "other/empty.png", "");
  put(source() / "other/notes.txt", "hello");
  put(source() / "checked/cut.png", noise_png(99).substr(0, 60));
  put(source() / "checked/.hidden", "passed over");
  fs::create_symlink("nowhere.png", source() / "checked/dangling.png");
  put(source() / "checked" / "not-\xff-utf8.png", noise_png(98));
  const auto report = prepare(options_);
  ASSERT_TRUE(report.ok()) << report.error().message;
  std::vector<std::string> files;
  for (const auto& rejected : report->rejected) {
    files.push_back(rejected.file);
    EXPECT_FALSE(rejected.reason.empty());
    EXPECT_THAT(rejected.reason, ::testing::Not(HasSubstr(rejected.file)));
    EXPECT_FALSE(fs::exists(target() / rejected.file));
  }
  EXPECT_THAT(files, ElementsAre("other/empty.png", "other/notes.txt", "checked/cut.png", "checked/dangling.png",
                                 "checked/not-\xff-utf8.png"));
  EXPECT_EQ(report->dataset.samples.size(), 27u);
}

TEST_F(Prepare, TakesAnyClassesInAlphabeticalOrder) {
  draw({{"zebra", 3}, {"apple", 3}, {"caf\xc3\xa9, \"x\"", 3}}, source());
  const auto report = prepare(options_);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_THAT(report->dataset.labels, ElementsAre("apple", "caf\xc3\xa9, \"x\"", "zebra"));
  EXPECT_EQ(load_dataset(target())->samples.size(), 9u);
}

TEST_F(Prepare, KeepsFoldersWithinClasses) {
  draw_source();
  put(source() / "checked/deeper/still/x.png", noise_png(50));
  ASSERT_TRUE(prepare(options_).ok());
  EXPECT_TRUE(fs::exists(target() / "checked/deeper/still/x.png"));
}

TEST_F(Prepare, SplitsAgainAndSaysSo) {
  draw_source();
  put(source() / "splits.csv", "anything");
  put(source() / "label_mapping.json", "{}");
  put(source() / "readme.txt", "hello");
  const auto report = prepare(options_);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_THAT(report->notes, ElementsAre(HasSubstr("splits.csv was not used"), HasSubstr("readme.txt")));
}

TEST_F(Prepare, UnpacksAZipWithOrWithoutWrapper) {
  CHECKBOX_NEED_PYTHON("zipfile");
  draw_source();
  ASSERT_TRUE(prepare(options_).ok());
  const std::string expected = all_files(target());
  int n = 0;
  for (const char* base : {".", "source", "deep/er"}) {
    const fs::path tree = dir_.path() / fmt::format("tree{}", n);
    fs::create_directories((tree / base).parent_path());
    fs::copy(source(), tree / base, fs::copy_options::recursive);
    put(tree / "__MACOSX/._x", "junk");
    const fs::path zip = dir_.path() / fmt::format("archive{}", n);
    ASSERT_EQ(testing::run_command(fmt::format("python3 -c 'import shutil, sys; shutil.make_archive(*sys.argv[1:])' {} "
                                               "zip {}",
                                               zip.string(), tree.string()))
                  .status,
              0);
    for (const std::string& prefix : {std::string(), std::string("file://")}) {
      options_.source = prefix + zip.string() + ".zip";
      options_.dataset_dir = dir_.path() / fmt::format("from_zip{}", n++);
      ASSERT_EQ(failure(), "no error");
      EXPECT_TRUE(all_files(options_.dataset_dir) == expected);
    }
  }
}

TEST_F(Prepare, SaysWhatItFoundInsteadOfClasses) {
  put(source() / "a.png", noise_png(1));
  put(source() / "b.png", noise_png(2));
  EXPECT_THAT(failure(), AllOf(HasSubstr("two or more class folders"), HasSubstr("0 folders and 2 files")));
  put(source() / "checked/a.png", noise_png(1));
  EXPECT_THAT(failure(), HasSubstr("1 folder (checked) and 2 files"));
  fs::create_directory(source() / "unchecked");
  EXPECT_THAT(failure(), HasSubstr("class folder \"unchecked\" has no images"));
  put(source() / "unchecked/a.png", "broken");
  EXPECT_THAT(failure(), AllOf(HasSubstr("class folder \"unchecked\" has no image that can be decoded"),
                               HasSubstr("unchecked/a.png: ")));
  EXPECT_THAT(beside_target(), IsEmpty());
}

TEST_F(Prepare, RefusesSourcesItCannotRead) {
  options_.source = (dir_.path() / "none").string();
  EXPECT_THAT(failure(), HasSubstr("none: no such file or folder"));
  put(dir_.path() / "page.html", "<html>");
  options_.source = (dir_.path() / "page.html").string();
  EXPECT_THAT(failure(), HasSubstr("page.html: neither a folder nor a zip file"));
  options_.source = "ftp://host/data.zip";
  EXPECT_THAT(failure(), HasSubstr("http, https or file expected"));
  options_.source = "";
  EXPECT_THAT(failure(), HasSubstr("source"));
  EXPECT_THAT(beside_target(), IsEmpty());
}

TEST_F(Prepare, RefusesWrongSplitsBeforeAnyWork) {
  draw_source();
  options_.ratios = {0.5, 0.2, 0.2};
  EXPECT_THAT(failure(), HasSubstr("sum to 1"));
  options_.folds = 1;
  EXPECT_THAT(failure(), HasSubstr("folds: 2 to"));
  options_.folds = 8;
  EXPECT_THAT(failure(), HasSubstr("class other has only 7 samples"));
}

TEST_F(Prepare, NeverOverwritesWithoutForce) {
  draw_source();
  ASSERT_TRUE(prepare(options_).ok());
  const std::string before = all_files(target());
  options_.seed = 5;
  const auto refused = prepare(options_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kAlreadyExists);
  EXPECT_TRUE(all_files(target()) == before);

  options_.force = true;
  ASSERT_EQ(failure(), "no error");
  EXPECT_FALSE(all_files(target()) == before);
  EXPECT_THAT(beside_target(), ElementsAre("data"));
}

TEST_F(Prepare, KeepsTheOldFolderWhenForceFails) {
  draw_source();
  ASSERT_TRUE(prepare(options_).ok());
  const std::string before = all_files(target());
  fs::remove_all(source() / "checked");
  fs::create_directory(source() / "checked");
  options_.force = true;
  EXPECT_THAT(failure(), HasSubstr("has no images"));
  EXPECT_TRUE(all_files(target()) == before);
  EXPECT_THAT(beside_target(), ElementsAre("data"));
}

TEST_F(Prepare, ForceSparesFoldersThatAreNoDataset) {
  draw_source();
  options_.force = true;
  put(target() / "thesis.txt", "years of work");
  EXPECT_THAT(failure(), HasSubstr("not a dataset folder"));
  options_.source = target().string();
  options_.dataset_dir = target();
  put(target() / "splits.csv", "");
  EXPECT_THAT(failure(), HasSubstr("the source lies in the dataset folder"));
  EXPECT_TRUE(fs::exists(target() / "thesis.txt"));
}

TEST_F(Prepare, FillsAnEmptyFolder) {
  draw_source();
  fs::create_directories(target());
  EXPECT_EQ(failure(), "no error");
}

TEST_F(Prepare, TakesATargetInsideItsSource) {
  draw_source();
  options_.dataset_dir = source() / "data";
  ASSERT_EQ(failure(), "no error");
  options_.force = true;
  const auto report = prepare(options_);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_EQ(report->dataset.labels.size(), 3u);
}

TEST_F(Prepare, FollowsALinkToTheDatasetFolder) {
  draw_source();
  ASSERT_TRUE(prepare(options_).ok());
  fs::create_directory_symlink(target(), dir_.path() / "link");
  options_.dataset_dir = dir_.path() / "link/";
  EXPECT_THAT(failure(), HasSubstr("already exists"));
  options_.force = true;
  options_.seed = 3;
  EXPECT_EQ(failure(), "no error");
  EXPECT_TRUE(fs::is_symlink(dir_.path() / "link"));
}

TEST_F(Prepare, LeavesNothingWhenTheDiskIsFull) {
  draw_source();
  const auto child = [&] {
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);
    const auto report = prepare(options_);
    std::exit(!report.ok() && report.error().code == ErrorCode::kIo && beside_target().empty() ? 0 : 1);
  };
  EXPECT_EXIT(child(), ::testing::ExitedWithCode(0), "");
}

// A child is killed when its private folder holds so many images; then there is no dataset folder, or a whole one, and
// the next run cleans up.
TEST_F(Prepare, SurvivesBeingKilledAtAnyMoment) {
  draw({{"checked", 150}, {"unchecked", 150}}, source());
  const auto images_staged = [&] {
    std::size_t count = 0;
    std::error_code gone;
    for (const auto& name : beside_target()) {
      if (!name.starts_with(".data.")) continue;
      const fs::path folder = target().parent_path() / name / "dataset" / "checked";
      count += static_cast<std::size_t>(std::distance(fs::directory_iterator(folder, gone), {}));
    }
    return count;
  };
  for (const std::size_t moment : {0u, 3u, 100u, 149u, 150u}) {
    const pid_t child = ::fork();
    if (child == 0) {
      static_cast<void>(prepare(options_));
      ::_exit(0);
    }
    while (images_staged() < moment && ::waitpid(child, nullptr, WNOHANG) == 0) {
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    if (fs::exists(target())) {
      ASSERT_EQ(load_dataset(target())->samples.size(), 300u);
      fs::remove_all(target());
    }
  }
  ASSERT_EQ(failure(), "no error");
  EXPECT_THAT(beside_target(), ElementsAre("data"));
}

TEST_F(Prepare, LeavesTheFolderOfARunningProcessAlone) {
  draw_source();
  const fs::path theirs = temporary_name_for(target());
  put(theirs / "dataset/x", "theirs");
  const FileLock lock = FileLock::try_folder(theirs);
  ASSERT_TRUE(lock.held());
  ASSERT_EQ(failure(), "no error");
  EXPECT_TRUE(fs::exists(theirs / "dataset/x"));
}

// The 413 images of the reference's set, with its classes and the published statistics.
TEST_F(Prepare, EqualsTheReferenceOnTheSharedImages) {
  CHECKBOX_NEED_SHARED();
  options_.source = (testing::shared_dir() / "data/autify").string();
  options_.threads = 2;
  const auto report = prepare(options_);
  ASSERT_TRUE(report.ok()) << report.error().message;
  EXPECT_THAT(report->rejected, IsEmpty());
  EXPECT_EQ(read_text(target() / "label_mapping.json").value(),
            read_text(testing::shared_dir() / "data/autify/label_mapping.json").value());
  EXPECT_EQ(count(report->dataset, "other"), (Counts{{"train", 67}, {"valid", 22}, {"test", 22}}));
  EXPECT_EQ(count(report->dataset, "checked"), (Counts{{"train", 108}, {"valid", 35}, {"test", 35}}));
  EXPECT_EQ(count(report->dataset, "unchecked"), (Counts{{"train", 76}, {"valid", 24}, {"test", 24}}));
  const double mean[] = {0.6729732497964781, 0.6834957237894208, 0.7182920375409542};
  const double std[] = {0.3859350251033082, 0.3790705548313445, 0.3569582043929959};
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(report->dataset.statistics->mean[c], mean[c], 1e-9);
    EXPECT_NEAR(report->dataset.statistics->std[c], std[c], 1e-9);
  }
}

}  // namespace
}  // namespace checkbox::data
