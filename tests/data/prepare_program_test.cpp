// `checkbox prepare` as its user sees it: what it prints, what it leaves behind, its exit status.
#include "data/dataset.hpp"
#include "tests/cli/fixture.hpp"
#include "tests/support/range_server.hpp"

namespace checkbox::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

class PrepareProgram : public ProgramTest {
 protected:
  // Red images in checked/, green in unchecked/, blue in other/.
  void draw(const std::string& root) const {
    for (int i = 0; i < 10; ++i) {
      paint(fmt::format("{}/checked/{}.png", root, i), kRed);
      if (i < 6) paint(fmt::format("{}/unchecked/{}.png", root, i), kGreen);
      if (i < 5) paint(fmt::format("{}/other/{}.png", root, i), kBlue);
    }
  }
  void expect_no_dataset(const std::string& arguments, int status, const ::testing::Matcher<std::string>& message) {
    const auto result = checkbox("prepare --quiet " + arguments);
    EXPECT_EQ(result.status, status) << arguments;
    EXPECT_THAT(result.out, IsEmpty()) << arguments;
    EXPECT_THAT(result.err, AllOf(StartsWith("checkbox: error: "), message)) << arguments;
    EXPECT_THAT(names(), Not(::testing::Contains("data")));
  }
};

TEST_F(PrepareProgram, PrintsWhatItMade) {
  draw("source");
  const auto result = checkbox("prepare --source source --dataset-dir data --quiet");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, IsEmpty());
  // Ten red, six green and five blue images of one size: a channel mean m is 10/21, 6/21, 5/21, its std sqrt(m (1 -
  // m)).
  EXPECT_EQ(result.out,
            "data: 21 images in 3 classes, split with seed 17\n"
            "class      train  valid  test  all\n"
            "other          3      1     1    5\n"
            "checked        6      2     2   10\n"
            "unchecked      4      1     1    6\n"
            "all           13      4     4   21\n"
            "mean 0.4762 0.2857 0.2381, std 0.4994 0.4518 0.4259 (red, green, blue in 0..1)\n");
  EXPECT_THAT(names(), ElementsAre("data", "source"));
}

TEST_F(PrepareProgram, ListsWhatItLeftOutAndStillSucceeds) {
  draw("source");
  write("source/other/broken\x1b.png", "no image");
  write("source/notes.txt", "hello");
  const auto result = checkbox("prepare --source source --dataset-dir data --quiet");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.err, AllOf(HasSubstr("checkbox: warning: left out other/broken\\x1b.png: "),
                                HasSubstr("1 file outside the class folders left out (the first: notes.txt)")));
  EXPECT_THAT(result.out, AllOf(HasSubstr("data: 21 images"), HasSubstr("left out: 1 file that cannot be decoded\n")));
}

TEST_F(PrepareProgram, MakesFoldsInsteadOfASplit) {
  draw("source");
  const auto result = checkbox("prepare --source source --dataset_dir data --kfold 5 --num_workers 2 --quiet");
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("class      fold0  fold1  fold2  fold3  fold4  all\n"),
                                HasSubstr("checked        2      2      2      2      2   10\n")));
}

TEST_F(PrepareProgram, ShowsPlainProgressWithoutATerminal) {
  draw("source");
  const auto result = checkbox("prepare --source source --dataset-dir data");
  EXPECT_THAT(result.err, AllOf(HasSubstr("check images"), HasSubstr("100 %"), Not(HasSubstr("\r"))));
}

TEST_F(PrepareProgram, TellsWrongUseFromFailure) {
  draw("source");
  expect_no_dataset("--dataset-dir data", 2, HasSubstr("--source"));
  expect_no_dataset("--source source --dataset-dir data --split 0.5,0.5", 2, HasSubstr("--split"));
  expect_no_dataset("--source source --dataset-dir data --split 0.5,0.5,0.5", 2, HasSubstr("sum to 1"));
  expect_no_dataset("--source source --dataset-dir data --split a,b,c", 2, HasSubstr("--split"));
  expect_no_dataset("--source source --dataset-dir data --kfold 1", 2, HasSubstr("folds: 2 to"));
  expect_no_dataset("--source source --dataset-dir data --kfold 2 --split 1,0,0", 2, HasSubstr("excludes"));
  expect_no_dataset("--source source --dataset-dir data --sead 3", 2, HasSubstr("--seed"));
  expect_no_dataset("--source source --dataset-dir data --num-workers 0", 2, HasSubstr("--num-workers"));
  expect_no_dataset("--source nowhere --dataset-dir data", 1, HasSubstr("nowhere: no such file or folder"));
  expect_no_dataset("--source source --dataset-dir data --kfold 9", 1, HasSubstr("class other has only 5 samples"));
  expect_no_dataset("--source source/checked --dataset-dir data", 1, HasSubstr("0 folders and 10 files"));
  expect_no_dataset("--source source --dataset-dir /proc/data", 1, HasSubstr("/proc/data"));
}

TEST_F(PrepareProgram, ReplacesADatasetFolderOnlyWhenForced) {
  draw("source");
  ASSERT_EQ(checkbox("prepare --source source --dataset-dir data --quiet").status, 0);
  const std::string before = read("data/splits.csv");
  const auto refused = checkbox("prepare --source source --dataset-dir data --seed 1 --quiet");
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("data: already exists; --force replaces"));
  EXPECT_EQ(read("data/splits.csv"), before);
  EXPECT_EQ(checkbox("prepare --source source --dataset-dir data --seed 1 --quiet --force").status, 0);
  EXPECT_NE(read("data/splits.csv"), before);
}

TEST_F(PrepareProgram, FetchesAndUnpacksAUrlOnce) {
  CHECKBOX_NEED_PYTHON("http.server, zipfile");
  draw("tree/data");
  ASSERT_EQ(
      run_command("cd " + path("").string() + " && mkdir served && python3 -m zipfile -c served/set.zip tree/data")
          .status,
      0);
  const RangeServer server(path("served"));
  ASSERT_TRUE(server.runs());
  const std::string source = " --source " + server.url("/files/set.zip");
  const std::string cache = "XDG_CACHE_HOME=" + path("cache").string();
  const auto first = checkbox("prepare --dataset-dir one --quiet" + source, cache);
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("one: 21 images in 3 classes"));
  EXPECT_EQ(checkbox("prepare --dataset-dir two --quiet" + source, cache).status, 0);
  EXPECT_EQ(read("one/splits.csv"), read("two/splits.csv"));
  const auto missing = checkbox("prepare --dataset-dir data --quiet --source " + server.url("/nowhere.zip"), cache);
  EXPECT_EQ(missing.status, 1);
  EXPECT_THAT(missing.err, HasSubstr("/nowhere.zip: the server answered 404 Not Found"));
  EXPECT_THAT(names(), ElementsAre("cache", "one", "served", "tree", "two"));
}

TEST_F(PrepareProgram, MakesWhatEvaluateReads) {
  draw("source");
  write_model();
  ASSERT_EQ(checkbox("prepare --source source --dataset-dir data --quiet").status, 0);
  const auto result = checkbox("evaluate --model model.onnx --dataset-dir data --split train --json --quiet");
  ASSERT_EQ(result.status, 0) << result.err;
  const Json metrics = Json::parse(result.out);
  EXPECT_EQ(metrics["samples"], 13);
  EXPECT_EQ(metrics["accuracy"], 1.0);
}

}  // namespace
}  // namespace checkbox::testing
